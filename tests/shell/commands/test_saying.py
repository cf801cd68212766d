"""What plugins say in a shell is seen there, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from libchat import Accepted, Failed
from libchat.hub import Hub
from support.chat import SlowLog
from support.desk import heard, wait_for
from support.typist import Typist

SAYING = '''"""Says something."""

from libchat.plugins import Context, command

LIBCHAT_API = 1


@command
def greet(ctx: Context, to: str = "") -> None:
    """Greet."""
    ctx.say("hello", to)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a plugin that says something."""
    (tmp_path / "saying.py").write_text(SAYING, encoding="utf-8")
    return tmp_path


def test_what_a_plugin_says_is_shown(hub: Hub, folder: Path) -> None:
    """The person sees it, first as pending, and then what became of it."""
    ana = Typist(hub.connect("ana"), folder)
    ana.says("/plugins enable saying")
    ana.says("/join #red")
    ana.says("/greet")
    ((target, text, cid),) = ana.desk.pending
    assert (target, text) == ("#red", "hello")
    assert [(each.seq, each.cid) for each in heard(ana.desk, Accepted)] == [(1, cid)]
    ana.run("/greet nobody")
    assert [each.code for each in heard(ana.desk, Failed)] == ["no-such-name"]
    ana.close()


def test_what_takes_its_time(folder: Path) -> None:
    """A plugin does not wait for what it says; the person hears of it when it is so."""
    log = SlowLog()
    with Hub(log=log) as hub:
        ana = Typist(hub.connect("ana"), folder)
        ana.says("/plugins enable saying")
        ana.says("/join #red")
        ana.says("/greet")
        assert len(ana.desk.pending) == 1
        assert heard(ana.desk, Accepted) == []
        log.commit()
        assert wait_for(ana.desk, Accepted).cid == ana.desk.pending[0][2]
        ana.close()

"""The export of a room: whole, escaped, and never over another file."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from libchat import Entry, Hub
from libchat.messages import Reaction
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins.export import escape, file_name, pages, save, write
from support.coming import finish_threads, plugin

MIDNIGHT = 1_795_305_600_000
"""2026-11-22T00:00Z in milliseconds."""


def entry(seq: int, text: str, *, kind: str = "message", hours: float = 0, **more: object) -> Entry:
    """Return an entry of ana in #x, so many hours after midnight."""
    return Entry("#x", seq, "ana", MIDNIGHT + int(hours * 3_600_000), text, kind, **more)  # type: ignore[arg-type]


def written(*entries: Entry, zone: timezone = UTC) -> str:
    """Return what the file holds."""
    file = io.StringIO()
    write(file, "#x", entries, zone)
    return file.getvalue()


def inline(markdown: str) -> list[Token]:
    """Return the inline tokens of a list item, as a renderer with all extensions sees it."""
    tokens = (
        MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"]).parse(markdown)
    )
    kinds = [token.type for token in tokens]
    paragraph = ["paragraph_open", "inline", "paragraph_close"]
    assert kinds == ["bullet_list_open", "list_item_open", *paragraph, "list_item_close", "bullet_list_close"]
    return tokens[3].children or []


def shown(markdown: str) -> str:
    """Return the text that a reader sees."""
    parts = []
    for token in inline(markdown):
        assert token.type in ("text", "text_special", "html_inline"), f"{token.type} {token.content!r} broke out"
        if token.type == "html_inline":
            assert token.content == "<br>"
        parts.append("\n" if token.type == "html_inline" else token.content)
    return "".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        "# no heading",
        "**no** _emphasis_ `code` ~~gone~~",
        "[no](javascript:alert) ![picture](http://x/y.png)",
        "<script>alert(1)</script> <br> &lt; &amp;",
        "a | b\n--|--\n1 | 2",
        "one\n\n# two\n- three\n    code\n```\nfence",
        "ends with \\",
        "[^1]: note\n[x]: http://y",
        "*(edited)*",
        "===\n---",
        "1. one\n2) two",
        "> quote",
    ],
)
def test_text_does_not_break_out(text: str) -> None:
    """Whatever people wrote stays text in the line of its message, and is shown as they wrote it."""
    lines = "\n".join(line.strip() for line in text.split("\n"))
    assert shown(f"- at 9, {escape(text)}") == f"at 9, {lines}"


@given(st.text(st.sampled_from("ab1 #*_-+=`~[](){}<>!|\\&;:/.\n\t\r\x1b@^$\"'"), min_size=1, max_size=40))
def test_no_text_breaks_out(text: str) -> None:
    """No text at all becomes anything but text and line breaks."""
    shown(f"- x {escape(text)} x")


def test_a_conversation_is_told_by_days() -> None:
    """Days are headings; replies, edits, reactions, deletions and topics are told."""
    text = written(
        entry(1, "hello *all*", hours=9),
        entry(2, "hi", ref=1, hours=9.5, reactions=(Reaction("👍", ("bo", "cy_")),)),
        entry(3, "👍", kind="react", ref=2, hours=9.6),
        entry(4, "new", hours=33, is_edited=True),
        entry(5, "", hours=33, is_deleted=True),
        entry(6, "tea", kind="topic", hours=34),
        entry(7, "late", ref=99, hours=34),
    )
    assert text == (
        "# \\#x\n"
        "\n## Sunday, 2026-11-22\n\n"
        "- **09:00 ana** hello \\*all\\*\n"
        "- **09:30 ana** (to “hello \\*all\\*”) hi *(👍 bo, cy\\_)*\n"
        "\n## Monday, 2026-11-23\n\n"
        "- **09:00 ana** new *(edited)*\n"
        "- **09:00 ana** *(deleted)*\n"
        "- **10:00 ana** *set the topic: tea*\n"
        "- **10:00 ana** (to an earlier message) late\n"
    )


def test_times_are_of_the_zone() -> None:
    """A day is a day where the file is read."""
    assert "## Saturday, 2026-11-21\n\n- **23:30 ana**" in written(
        entry(1, "x", hours=0.5), zone=timezone(timedelta(hours=-1))
    )


def test_a_history_is_paged_whole(hub: Hub) -> None:
    """Also more than fits into one page comes, each message once and in order."""
    with hub.connect("ana") as ana:
        ana.join("#x")
        for number in range(450):
            ana.send("#x", str(number))
        ana.send("#x", "last").accepted(timeout=5)
        texts = [one.text for one in pages(ana, "#x", threading.Event())]
    assert texts == [*map(str, range(450)), "last"]


def test_a_file_is_private_and_never_overwritten_unasked(tmp_path: Path) -> None:
    """Another file of the name stays as it is, unless it was asked for, and nothing else is left behind."""
    path = tmp_path / "x.md"
    assert save(path, "#x", [entry(1, "one")], force=False) == 1
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        save(path, "#x", [entry(1, "two")], force=False)
    assert "one" in path.read_text(encoding="utf-8")
    save(path, "#x", [entry(1, "two")], force=True)
    assert "two" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """When the history breaks off, there is no half file."""

    def broken() -> Iterator[Entry]:
        yield entry(1, "one")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        save(tmp_path / "x.md", "#x", broken(), force=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_is_one_everywhere() -> None:
    """Rooms may be called what no file system takes; the file is not."""
    assert file_name("#team/..chat", MIDNIGHT / 1000 + 43_200).startswith("team-chat-2026-11-2")


def exported(stage: Stage, line: str) -> str:
    """Run the command, wait for its thread, and return what it told last."""
    stage.run(line)
    finish_threads("export")
    return stage.replies[-1]


def test_a_room_is_exported(stage: Stage, tmp_path: Path) -> None:
    """What people said is in the file, and what became of it is told."""
    stage.load(plugin("export"))
    stage.others["bo"].send("#team", "hello *all*").accepted(timeout=5)
    path = tmp_path / "notes.md"
    assert exported(stage, f"export '{path}'") == f"{path} has 1 entry of #team"
    assert " bo** hello \\*all\\*\n" in path.read_text(encoding="utf-8")


def test_a_file_is_not_overwritten_unasked(stage: Stage, tmp_path: Path) -> None:
    """With --force it is."""
    stage.load(plugin("export"))
    path = tmp_path / "notes.md"
    path.write_text("mine")
    assert "add --force to overwrite" in exported(stage, f"export '{path}'")
    assert path.read_text() == "mine"
    assert "has 0 entries" in exported(stage, f"export --force '{path}'")
    assert path.read_text() == "# \\#team\n"


def test_a_folder_takes_a_file_of_the_rooms_name(stage: Stage, tmp_path: Path) -> None:
    """Who names a folder need not name the file."""
    stage.load(plugin("export"))
    exported(stage, f"export '{tmp_path}'")
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("team-2023-11-")


@pytest.mark.parametrize(
    ("line", "target", "why"),
    [
        ("export no/such/folder/x.md", "#team", "there is no folder"),
        ("export", "", "name a room"),
        ("export --room #elsewhere", "#team", "nothing was written"),
    ],
)
def test_what_cannot_be_written_is_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, target: str, why: str
) -> None:
    """No file is left where there is nothing to write."""
    monkeypatch.chdir(tmp_path)
    stage.load(plugin("export"))
    stage.run(line, target=target)
    finish_threads("export")
    assert why in stage.replies[-1]
    assert list(tmp_path.iterdir()) == []


def test_nobody_has_files_written_elsewhere(make_stage: MakeStage, tmp_path: Path) -> None:
    """A bot refuses, whoever asks."""
    bot = make_stage("bot")
    bot.load(plugin("export"))
    assert "from the shell only" in bot.run(f"export '{tmp_path / 'x.md'}'", sender="bo")[0]
    assert list(tmp_path.iterdir()) == []

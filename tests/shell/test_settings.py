"""The shell's settings and their file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from libchat.errors import StoreError
from libchat_shell.settings import TABLE, Settings, typed

WRITTEN = """\
# my colours
theme = "dark"   # at night

[plugins.dice]
sides = 20
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to be."""
    return tmp_path / "shell.toml"


def test_every_default_can_be_typed() -> None:
    """What a setting is at first may be set, too, and means the same."""
    settings = Settings()
    for known in TABLE:
        settings.set(known.name, typed(known.default))
        assert [each.value for each in settings.all() if each.name == known.name] == [typed(known.default)]


def test_they_are_sorted() -> None:
    """The list of settings is sorted by name."""
    assert [known.name for known in TABLE] == sorted(known.name for known in TABLE)


def test_a_setting_outlives_the_shell(path: Path) -> None:
    """What was set is set the next time."""
    settings = Settings(path)
    settings.set("theme", "light")
    settings.set("numbers", "on")
    settings.set("history", "7")
    settings.set("command", "notify-send '{title} says' {body}")
    again = Settings(path)
    assert again.text("theme") == "light"
    assert again.is_on("numbers")
    assert again.number("history") == 7
    assert again.words("command") == ("notify-send", "{title} says", "{body}")
    assert again.complaints == []


def test_the_rest_of_the_file_stays(path: Path) -> None:
    """Comments and the plugins' tables are left alone, and a new line comes before the tables."""
    path.write_text(WRITTEN)
    settings = Settings(path)
    settings.set("bell", "off")
    settings.set("theme", "none")
    text = path.read_text()
    assert tomllib.loads(text) == {"theme": "none", "bell": False, "plugins": {"dice": {"sides": 20}}}
    assert text.startswith("# my colours\n")
    assert settings.plugins == {"dice": {"sides": 20}}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("theme", "drak", "did you mean dark?"),
        ("history", "201", "from 0 to 200"),
        ("history", "many", "from 0 to 200"),
        ("bell", "perhaps", "on or off"),
        ("times", "soon", "%H:%M"),
        ("command", "say 'hello", "quotation"),
        ("notify", "some", "all, mentions, none"),
    ],
)
def test_what_does_not_do(path: Path, name: str, value: str, words: str) -> None:
    """A wrong value changes nothing, and is answered with what would be right."""
    settings = Settings(path)
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        settings.set(name, value)
    assert not path.exists()


def test_a_setting_that_there_is_not() -> None:
    """A mistyped name is answered with the near one."""
    with pytest.raises(KeyError, match="did you mean theme"):
        Settings().set("theem", "dark")


def test_mistakes_in_the_file_are_told(path: Path) -> None:
    """What is wrong in the file is told, the default stands for it, and the rest counts."""
    path.write_text('theme = "drak"\nbel = true\nhistory = 3\n')
    settings = Settings(path)
    assert settings.text("theme") == "auto"
    assert settings.number("history") == 3
    assert len(settings.complaints) == 2
    assert "did you mean bell?" in settings.complaints[1]


def test_a_file_that_is_no_toml(path: Path) -> None:
    """A file that cannot be read is told, and never overwritten."""
    path.write_text("theme = = dark")
    settings = Settings(path)
    assert len(settings.complaints) == 1
    with pytest.raises(StoreError, match="correct it by hand"):
        settings.set("bell", "off")
    assert path.read_text() == "theme = = dark"

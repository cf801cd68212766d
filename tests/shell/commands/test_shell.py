"""Commands about the shell itself."""

from __future__ import annotations

import pytest

from support.typist import Enter, Typist


def test_switch(ana: Typist) -> None:
    """One goes to a conversation by its number, its name or the beginning of that; home is one, too."""
    ana.says("/join #blue")
    ana.says("/query bo")
    assert ana.says("/switch").split("\n") == ["0     home", "1     #red", "2     #blue", "3  *  bo"]
    for line, place in (("/switch 1", "#red"), ("/s BL", "#blue"), ("/s #r", "#red"), ("/s 0", ""), ("/s b", "")):
        ana.run(line)
        assert ana.desk.active == place
    ana.says("/switch red")
    ana.says("/switch home")
    assert ana.desk.active == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/switch 4", "there is no conversation number 4; there are 0 to 3"),
        ("/switch b", "'b' may be #blue or bo: type more of it"),
        ("/switch zed", "'zed' is not open; /query NAME opens a conversation"),
        ("/switch bo b", "one word too many"),
    ],
)
def test_switch_to_nothing(ana: Typist, line: str, words: str) -> None:
    """What is not open, or may be several, is told."""
    ana.says("/join #blue")
    ana.says("/query bo")
    assert words in ana.fails(line)
    assert ana.desk.active == "bo"


def test_close(ana: Typist) -> None:
    """A conversation goes off the list, and one stays in its room; home stays."""
    ana.says("/query bo")
    ana.says("/close 1")
    assert list(ana.desk.conversations) == ["", "bo"]
    assert [each.room for each in ana.chat.rooms()] == ["#red"]
    ana.says("/close")
    assert list(ana.desk.conversations) == [""]
    assert "home cannot be closed" in ana.fails("/close")


def test_clear_and_quit(ana: Typist) -> None:
    """The screen is emptied, and the shell ends with a last word."""
    ana.says("/clear")
    assert ana.desk.is_cleared
    ana.says("/quit good night, all")
    assert ana.desk.quit_reason == "good night, all"
    assert "one word too many" in ana.fails("/clear all")


def test_set(ana: Typist) -> None:
    """Settings are listed, told, changed and put back."""
    assert ana.says("/set").split("\n") == [
        "  SETTING  VALUE",
        "  bell     on     ring the bell",
        "  theme    auto   which colours",
        "* is not as it comes; /set NAME VALUE changes one",
    ]
    assert ana.says("/set theme dark") == "theme is dark"
    assert "*  theme    dark" in ana.says("/set")
    assert ana.says("/set THEME").split("\n") == [
        "theme:",
        "  is        dark",
        "  comes as  auto",
        "  does      which colours",
        "  may be    auto, dark, light",
    ]
    assert ana.says("/set theme default") == "theme is auto"
    assert "there is no setting 'thme'. Did you mean theme?" in ana.fails("/set thme dark")
    assert "'blue' does not do for theme: give one of auto, dark, light" in ana.fails("/set theme blue")


def test_notify(ana: Typist) -> None:
    """What calls the person can be said of each conversation."""
    assert ana.says("/notify") == "#red: notify is as /set notify says"
    assert ana.says("/notify none") == "#red: notify is none"
    ana.says("/query bo")
    assert ana.says("/notify all red") == "#red: notify is all"
    assert ana.says("/notify default 1") == "#red: notify is as /set notify says"
    assert "'loud' is not one of all, mentions, none, default" in ana.fails("/notify loud")
    assert "home calls nobody" in ana.fails("/notify all home")


def test_ignore(ana: Typist, bo: Typist) -> None:
    """Somebody is ignored, listed, and heard again."""
    assert ana.says("/ignore") == "nobody is ignored"
    assert "/unignore bo ends that" in ana.says("/ignore BO")
    assert ana.says("/ignore") == "ignored: bo; /unignore NAME shows again what they say"
    assert list(ana.desk.ignored) == ["bo"]
    assert "'cy' is not ignored; only bo" in ana.fails("/unignore cy")
    ana.says("/unignore Bo")
    assert not list(ana.desk.ignored)
    assert "'bo' is not ignored; nobody is" in ana.fails("/unignore bo")
    assert "you cannot ignore yourself" in ana.fails("/ignore ANA")
    assert "cannot be a name" in ana.fails("/ignore b*o")


def test_ping(enter: Enter) -> None:
    """The server answers, and it is told within what time."""
    assert enter("ana").says("/ping") == "the server has answered within 0 ms"


def test_without_a_connection(ana: Typist) -> None:
    """Who has left is told so, in words."""
    ana.chat.close()
    assert "has left the chat" in ana.fails("/ping")

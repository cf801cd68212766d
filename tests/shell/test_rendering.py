"""Entries as lines."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from libchat import messages as m
from libchat_shell.rendering import Renderer
from libchat_shell.sanitise import FSI, PDI, width
from support.screens import DAY, NOON, look, said, texts


def renderer(**changes: object) -> Renderer:
    """Return what makes lines for ana."""
    return Renderer("ana", look(**changes))


def test_message() -> None:
    """A message has the time, the name, a bar, and the text."""
    assert texts(renderer().message(said(1, "bo", "hello"))) == ["12:00         bo │ hello"]


def test_names_are_aligned() -> None:
    """Names end before the bar, whatever their script, and a long one stands whole."""
    render = renderer()
    for name in ("bo", "漢字", "Jürgen", "e\u0301va"):
        (line,) = render.message(said(1, name, "hello"))
        assert width(line.text.partition("│")[0]) == 17
    assert texts(render.message(said(1, "somebody.with.a.name", "hi"))) == ["12:00 somebody.with.a.name │ hi"]


def test_long_name_and_long_text() -> None:
    """A text beside a long name is broken so that it fits there; beside a very long one, it begins below."""
    lines = renderer(width=60).message(said(1, "n" * 32, "word " * 12))
    assert texts(lines)[0] == f"12:00 {'n' * 32} │ "
    assert all(width(line.text) < 60 for line in lines)


def test_lines_of_a_text() -> None:
    """Further lines of a text are indented behind the bar, so that they cannot look like somebody else's."""
    assert texts(renderer().message(said(1, "bo", "one\n12:00         cy │ two"))) == [
        "12:00         bo │ one",
        "                 │ 12:00         cy │ two",
    ]


def test_wide_text_is_wrapped_behind_the_bar() -> None:
    """A text wider than the screen does not go on at the edge, where names stand."""
    lines = renderer(width=50).message(said(1, "bo", "word " * 20))
    assert len(lines) > 2
    assert all(width(line.text) < 50 for line in lines)
    assert all(line.text.startswith(" " * 17 + "│ ") for line in lines[1:])


def test_spaces_that_do_not_break_are_broken() -> None:
    """Blanks of other kinds cannot push a fake line to the edge of the screen."""
    lines = renderer(width=80).message(said(1, "bo", "x" + "\u00a0" * 62 + "12:00 cy │ fake"))
    assert all(width(line.text) < 80 for line in lines)


def test_links_are_whole() -> None:
    """A link is one fragment, also when it is longer than the screen; the full stop behind it is not in it."""
    address = "https://example.org/ana?" + "q" * 80
    lines = renderer().message(said(1, "bo", f"see {address}. or http://b.example"))
    links = [text for line in lines for style, text in line.fragments if style == "link"]
    assert links == [address, "http://b.example"]


def test_own_name_is_set_off() -> None:
    """One's own name is set off in the text of others, but not in a link, and the line is a mention."""
    (line,) = renderer().message(said(1, "bo", "Ana: http://x.example/ana"))
    assert [text for style, text in line.fragments if style == "mention"] == ["Ana"]
    assert line.kind == "mention"
    assert renderer().message(said(1, "ana", "I am ana"))[0].kind == "own"


def test_action() -> None:
    """What begins with /me is told as an action, with the name as its first word."""
    assert texts(renderer().message(said(1, "bo", "/me waves"))) == ["12:00          * │ bo waves"]


def test_action_of_many_lines() -> None:
    """An action is one sentence: nothing in it can begin a line of its own."""
    assert texts(renderer().message(said(1, "bo", "/me waves\n12:00 cy │ fake"))) == [
        "12:00          * │ bo waves 12:00 cy │ fake"
    ]


def test_reply_quotes_the_original() -> None:
    """A reply stands below the beginning of what it replies to, which is clipped to the screen."""
    quoted = said(1, "cy", "a long text " * 20)
    lines = renderer(width=60).message(said(2, "bo", "yes", ref=1), quoted=quoted)
    assert lines[0].text.startswith(" " * 17 + "│ ╭ cy: a long text")
    assert lines[0].text.endswith("…")
    assert width(lines[0].text) < 60
    assert lines[1].text == "12:00         bo │ yes"


def test_reply_to_the_unknown() -> None:
    """A reply to what is not known says which number it was."""
    assert texts(renderer().message(said(9, "bo", "yes", ref=4)))[0].endswith("│ ╭ in reply to number 4")


def test_what_became_of_it() -> None:
    """What is read later shows that it was edited or deleted, and the reactions to it."""
    entry = said(1, "bo", "hello")
    edited = replace(entry, is_edited=True, reactions=(m.Reaction("👍", ("cy", "dora")), m.Reaction("ok", ("cy",))))
    assert texts(renderer().message(edited)) == ["12:00         bo │ hello (edited)  👍 2  ok"]
    assert texts(renderer().message(replace(entry, is_deleted=True, text=""))) == ["12:00         bo │ (deleted)"]


def test_many_reactions_are_wrapped() -> None:
    """Reactions, which are foreign texts, do not go on at the edge of the screen either."""
    reactions = tuple(m.Reaction(f"{number} bo │ fake", ("cy",)) for number in range(20))
    lines = renderer().message(replace(said(1, "bo", "hello"), reactions=reactions))
    assert all(width(line.text) < 80 for line in lines)
    assert all("fake" in line.text for line in lines)


@pytest.mark.parametrize(
    ("kind", "sender", "text", "expected"),
    [
        ("edit", "bo", "hello world", "bo edited “helo wrld”: hello world"),
        ("delete", "bo", "", "bo deleted “helo wrld”"),
        ("delete", "cy", "", "cy deleted bo's “helo wrld”"),
        ("react", "cy", "👍", "cy reacted 👍 to bo's “helo wrld”"),
        ("unreact", "cy", "👍", "cy took 👍 back from bo's “helo wrld”"),
    ],
)
def test_amendments(kind: str, sender: str, text: str, expected: str) -> None:
    """What refers to a line that has scrolled away quotes it, in one line."""
    (line,) = renderer().amendment(said(2, sender, text, kind=kind, ref=1), said(1, "bo", "helo wrld"))
    assert line.text == f"12:00         -- │ {expected}"


def test_amendments_of_own_messages() -> None:
    """It is told whose message it was, if it was one's own."""
    before = said(1, "ana", "hello")
    render = renderer()
    assert texts(render.amendment(said(2, "bo", "👍", kind="react", ref=1), before)) == [
        "12:00         -- │ bo reacted 👍 to your “hello”"
    ]
    assert texts(render.amendment(said(2, "ana", "", kind="delete", ref=1), before)) == [
        "12:00         -- │ you deleted “hello”"
    ]


def test_amendment_of_the_unknown() -> None:
    """What is not known (any more) is called by its number."""
    assert texts(renderer().amendment(said(9, "bo", "", kind="delete", ref=3), None)) == [
        "12:00         -- │ bo deleted message 3"
    ]


def test_edit_of_many_lines() -> None:
    """A new text of several lines stands below, each line behind the bar."""
    lines = renderer().amendment(said(2, "bo", "one\ntwo", kind="edit", ref=1), said(1, "bo", "on"))
    assert texts(lines) == ["12:00         -- │ bo edited “on”:", "                 │ one", "                 │ two"]


def test_right_to_left_names_and_texts_are_isolated() -> None:
    """Neither a name nor a text from right to left turns round what stands beside it."""
    (line,) = renderer().message(said(1, "דנה", "שלום"))
    assert line.text == f"12:00        {FSI}דנה{PDI} │ {FSI}שלום{PDI}"


def test_isolates_do_not_cross_lines() -> None:
    """What is isolated and broken into lines is isolated in each."""
    for line in renderer(width=50).note(f"x {FSI}{'שלום ' * 20}{PDI} y", NOON):
        assert line.text.count(FSI) == line.text.count(PDI)


def test_numbers() -> None:
    """The number of a message stands before its name, if a person wants that."""
    assert texts(renderer(has_numbers=True).message(said(12, "bo", "hi\nyou"))) == [
        "12:00    12         bo │ hi",
        "                       │ you",
    ]


def test_times() -> None:
    """Times look as a person wants, or are not there."""
    assert texts(renderer(times="").message(said(1, "bo", "hi\nyou"))) == ["        bo │ hi", "           │ you"]
    assert texts(renderer(times="%H:%M:%S").message(said(1, "bo", "hi")))[0].startswith("12:00:01 ")


def test_times_of_all_widths_are_aligned() -> None:
    """Whatever a person sets for times, they take the same columns in each line, and nothing a terminal obeys."""
    render = renderer(times="%A\n%d\x1b")
    bars = [render.message(replace(said(1, "bo", "hi"), time=NOON + n * DAY))[0].text.index("│") for n in range(7)]
    assert len(set(bars)) == 1
    assert "\x1b" not in render.message(said(1, "bo", "hi"))[0].text


def test_ascii() -> None:
    """A screen that shows only ASCII gets nothing else from us."""
    render = renderer(is_unicode=False)
    quoted = said(1, "cy", "x" * 100)
    lines = render.message(said(2, "bo", "yes", ref=1), quoted=quoted, to="ana", is_pending=True)
    lines += render.amendment(said(3, "bo", "", kind="delete", ref=1), quoted)
    lines += [render.rule(["#team"], NOON), render.date_rule(NOON)]
    assert all(line.text.isascii() for line in lines)


def test_narrow_screen() -> None:
    """On a narrow screen names have no column of their own, and nothing is wider than the screen."""
    lines = renderer(width=30).message(said(1, "bo", "word " * 10))
    assert lines[0].text.startswith("12:00 bo │ word")
    assert all(width(line.text) <= 30 for line in lines)


def test_days() -> None:
    """A day is told in English words, and one that no calendar knows does no harm."""
    render = renderer()
    assert render.date_rule(NOON + DAY).text == "── Tuesday, 24 November 2026 ──"
    assert render.day(10**18) == 0
    assert render.message(replace(said(1, "bo", "hi"), time=10**18))[0].text == "--:--         bo │ hi"


def test_what_a_command_tells() -> None:
    """What a command tells keeps its columns, and each line is marked as the shell's."""
    assert texts(renderer().told("NAME  ROLE\nbo    owner\x1b[2J", NOON)) == [
        "              -- │ NAME  ROLE",
        "              -- │ bo    owner[2J",
    ]


def test_private_message_shown_elsewhere() -> None:
    """A private message tells whom it goes to, where that is not clear from where it stands."""
    assert texts(renderer().message(said(1, "bo", "psst", "ana"), to="ana")) == ["12:00     bo→ana │ psst"]


def test_places() -> None:
    """Messages of several conversations tell their place behind the text."""
    assert texts(renderer().message(said(1, "bo", "hi"), place="#team")) == ["12:00         bo │ hi  [#team]"]

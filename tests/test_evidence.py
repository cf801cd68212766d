"""The evidence of the documentation: it can be made, it is what is committed, and the page shows all of it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pyte
import pytest

from evidence.make import FOLDER, PIECES, main
from support.picture import CAPTION, GAP, HEIGHT, MARGIN, MASKS, WIDTH, Pane, draw, draw_together

DOCS = FOLDER.parent
PICTURES = DOCS / "pictures"
PAGE = (FOLDER / "index.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def words(picture: str) -> str:
    """Return what stands in a picture."""
    return "\n".join(text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text"))


def pages() -> str:
    """Return all pages, one after the other."""
    files = [DOCS.parent / "README.md", *(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


# --- making it ------------------------------------------------------------------------------------------------------


def test_a_picture_is_made(tmp_path: Path) -> None:
    """A scene with the real program makes the picture that is committed, byte for byte."""
    assert main(["server-start", "--into", str(tmp_path)]) == 0
    picture = (tmp_path / "server-start.svg").read_text(encoding="utf-8")
    shown = words(picture)
    for line in ("libchat listens on 192.0.2.7, port 8080", "words:", "libchat join", "welcome", "The invite works"):
        assert line in shown
    assert "127.0.0.1" not in picture
    assert picture == (FOLDER / "server-start.svg").read_text(encoding="utf-8"), "make evidence ONLY=server-start"


def test_the_transcript_is_made(tmp_path: Path) -> None:
    """Two people with OpenSSL say and see what is committed, byte for byte."""
    assert main(["openssl", "--into", str(tmp_path)]) == 0
    transcript = (tmp_path / "openssl.txt").read_text(encoding="utf-8")
    for line in (
        "Bob < server: Alice is taken, choose another name",
        "Bob < Alice (in teamchat): Hello team! Who has booked the projector?",
        "Alice < server: Bob is away, your message is queued",
        "Bob < Alice (sent 2026-03-01 16:42): The lamp is in the cupboard.",
    ):
        assert line in transcript
    assert transcript == (FOLDER / "openssl.txt").read_text(encoding="utf-8"), "make evidence ONLY=openssl"


def test_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a program that a piece needs, its name and what to install are said, and the exit code is 1."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["openssl", "rooms", "--into", str(tmp_path)]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in complaints] == ["openssl", "rooms"]
    assert all("is missing" in line for line in complaints)


def test_a_piece_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none is refused, with those that there are."""
    with pytest.raises(SystemExit) as end:
        main(["roms"])
    assert end.value.code == 2
    complaint = capsys.readouterr().err
    assert "there is no piece roms" in complaint
    assert all(name in complaint for name in PIECES)


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """--list tells of each piece what it shows, and makes none."""
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name:<14} {piece.shows}" for name, piece in PIECES.items()]


# --- what is committed ----------------------------------------------------------------------------------------------


def test_every_file_belongs_to_a_piece() -> None:
    """What stands in the folder is what the pieces make, and the page."""
    made = [file for piece in PIECES.values() for file in piece.files]
    assert len(made) == len(set(made))
    assert {path.name for path in FOLDER.iterdir()} == {"index.md", *made}


@pytest.mark.parametrize("name", PIECES)
def test_the_page_shows_every_piece(name: str) -> None:
    """The page has the command that makes a piece by itself, and each of its files."""
    assert f"`make evidence ONLY={name}`" in PAGE
    assert all(re.search(rf"[ `<]{re.escape(file)}[>`\n]", PAGE) for file in PIECES[name].files)


def test_the_page_shows_nothing_else() -> None:
    """Each file and each command of the page is one of a piece."""
    made = {file for piece in PIECES.values() for file in piece.files}
    assert set(re.findall(r"[\w-]+\.(?:svg|txt|json|pcapng)\b", PAGE)) == made
    commands = re.findall(r"make evidence ONLY='?([\w -]+)", PAGE)
    assert {name for names in commands for name in names.split()} == set(PIECES)


def test_no_picture_stands_twice_or_for_nothing() -> None:
    """A picture is in one of the two folders, and some page shows it."""
    ours = {path.name for path in PICTURES.iterdir()}
    assert not ours & {path.name for path in FOLDER.iterdir()}
    shown = set(re.findall(r"pictures/([\w.-]+)", pages()))
    assert shown >= ours
    assert shown <= ours | {"svg"}


# --- pictures -------------------------------------------------------------------------------------------------------


def screen(*rows: str) -> pyte.Screen:
    """Return a screen of 40 columns with these rows."""
    made = pyte.Screen(40, len(rows))
    pyte.Stream(made).feed("\r\n".join(rows))
    return made


def test_what_differs_is_drawn_the_same() -> None:
    """Addresses, ports and times are drawn as something that stands for them, and what follows closes up."""
    one = screen("12:03 at 127.0.0.1:40123, <there>", "the port 40123 is ours")
    other = screen("23:59 at 127.0.0.1:51999, <there>", "the port 51999 is ours")
    picture = draw(one, MASKS, "A & B")
    assert picture == draw(other, MASKS, "A & B")
    assert words(picture).splitlines() == ["16:42 at 192.0.2.7:8080, <there>", "the port 8080 is ours"]
    assert ElementTree.fromstring(picture).findtext(f"{SVG}title") == "A & B"


def test_columns_stay_columns() -> None:
    """What stands behind several blanks, or behind wide characters, is put at its own column: blanks do not count."""
    picture = ElementTree.fromstring(draw(screen("NAME   ROLE", "日本   two words"), {}, ""))
    pieces = [(text.text, int(text.attrib["x"]), int(text.attrib["textLength"])) for text in picture.iter(f"{SVG}text")]
    columns = [(text, (x - MARGIN) // WIDTH, length // WIDTH) for text, x, length in pieces]
    assert columns == [("NAME", 0, 4), ("ROLE", 7, 4), ("日本", 0, 4), ("two words", 7, 9)]


def test_several_screens() -> None:
    """Several screens stand side by side, or below each other, each with its caption, in a picture that holds both."""
    panes = [Pane(screen("one"), "Ana"), Pane(screen("two", "rows"), "Bo")]
    single = [ElementTree.fromstring(draw(pane.screen, MASKS, "")) for pane in panes]
    widths, heights = ([int(each.attrib[side]) for each in single] for side in ("width", "height"))
    beside = ElementTree.fromstring(draw_together(panes, MASKS, ""))
    assert int(beside.attrib["width"]) == sum(widths) + GAP
    assert int(beside.attrib["height"]) == max(heights) + CAPTION
    below = ElementTree.fromstring(draw_together(panes, MASKS, "", below=True))
    assert int(below.attrib["width"]) == max(widths)
    assert int(below.attrib["height"]) == sum(heights) + 2 * CAPTION + GAP
    assert [text.text for text in below.iter(f"{SVG}text")] == ["Ana", "one", "Bo", "two", "rows"]


def test_a_picture_ends_where_the_screen_does() -> None:
    """Below the last line, and the cursor, there is nothing to see."""
    made = pyte.Screen(40, 24)
    pyte.Stream(made).feed("one\r\ntwo\r\n")
    assert ElementTree.fromstring(draw(made, {}, "")).attrib["height"] == str(3 * HEIGHT + 2 * MARGIN)
    pyte.Stream(made).feed("\x1b[9;1Hnine\x1b[1;1H")
    assert ElementTree.fromstring(draw(made, {}, "")).attrib["height"] == str(9 * HEIGHT + 2 * MARGIN)

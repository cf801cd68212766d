"""Commands about rooms: entering and leaving them, who is in them, what was said in them."""

from __future__ import annotations

import pytest

from libchat import Entered, Entry
from libchat import messages as m
from libchat.hub import Hub
from support.desk import heard
from support.typist import Enter, Typist


def test_join_and_leave(enter: Enter) -> None:
    """A room that is entered comes to the screen; one that is left goes off it, and the chat knows of both."""
    ana = enter("ana")
    ana.says("/join red")
    assert (ana.desk.active, [each.room for each in heard(ana.desk, Entered)]) == ("#red", ["#red"])
    ana.says("/j #blue")
    ana.says("/leave #red")
    assert ana.desk.conversations == ("", "#blue")
    assert [each.room for each in ana.chat.rooms()] == ["#blue"]
    ana.says("/part")
    assert (ana.desk.active, ana.chat.rooms()) == ("", ())
    assert [each.room for each in heard(ana.desk, m.Exited)] == ["#red", "#blue"]


def test_leaving_a_person(ana: Typist) -> None:
    """A private conversation is closed."""
    ana.says("/query bo")
    ana.says("/leave")
    assert ana.desk.conversations == ("", "#red")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/join", "ROOM is missing"),
        ("/join b*d", "'*' is not allowed"),
        ("/join a b", "one word too many"),
        ("/leave", "this needs a conversation"),
        ("/leave #blue", "you are not in #blue"),
    ],
)
def test_rooms_that_cannot_be(enter: Enter, line: str, words: str) -> None:
    """What is no room, or not one's own, is told."""
    assert words in enter("ana").fails(line)


def test_a_room_with_a_password(ana: Typist, enter: Enter) -> None:
    """The password is asked for, unseen, when it is needed; a wrong one is told, and so is none."""
    ana.chat.set_room("#red", password="sesame")
    bo = enter("bo")
    bo.surface.answers = ["wrong"]
    assert "#red has a password, which is wrong" in bo.fails("/join #red")
    assert "nothing was typed for a while" in bo.fails("/join #red")
    bo.surface.answers = [""]
    assert "nothing was typed, so nothing was changed" in bo.fails("/join #red")
    bo.surface.answers = ["sesame"]
    bo.says("/join #red")
    assert bo.surface.questions == [("password of #red: ", True)] * 4
    assert bo.desk.active == "#red"


def test_a_room_for_the_invited(ana: Typist, bo: Typist, enter: Enter) -> None:
    """Who may not come in is told what to ask for, and comes in when that was done."""
    ana.says("/room invite-only on")
    cy = enter("cy")
    assert cy.fails("/join #red").endswith("Somebody in it can type: /invite cy.")
    assert "only an operator" in bo.fails("/invite cy")
    assert ana.says("/invite cy") == "cy is invited to #red"
    cy.says("/join #red")


def test_rooms(ana: Typist, enter: Enter) -> None:
    """All rooms stand in a table, one's own marked, and what peers wrote in it is clean."""
    bo = enter("bo")
    assert "there are no rooms" not in bo.says("/rooms")
    ana.chat.set_topic("#red", "tea \x1b[31mand\u202e cake").accepted()
    enter("cy", "#blue")
    assert ana.says("/rooms").split("\n") == [
        "   ROOM   PEOPLE  TOPIC",
        "*  #red   1       tea [31mand cake",
        "   #blue  1",
    ]
    ana.says("/leave")


def test_no_rooms(enter: Enter) -> None:
    """Where there are none, it is said how to make one."""
    assert enter("ana").says("/rooms") == "there are no rooms yet; /join #NAME makes one"


def test_topic(ana: Typist, bo: Typist) -> None:
    """The topic is shown, said and cleared, here or in another room; the shell hears of it."""
    assert bo.says("/topic") == "#red has no topic; /topic TEXT sets one"
    bo.says("/topic tea  and cake")
    assert ana.says("/topic #red") == "#red is about: tea  and cake"
    bo.says("/switch home")
    bo.says("/topic #red only tea")
    bo.says("/topic --clear #red")
    assert [(each.kind, each.text) for each in heard(bo.desk, Entry)] == [
        ("topic", "tea  and cake"),
        ("topic", "only tea"),
        ("topic", ""),
    ]
    assert "you are in no room here" in bo.fails("/topic")
    assert "'*' is not allowed" in bo.fails("/topic #b*d tea")
    assert "not both" in bo.fails("/topic --clear #red tea")


def test_a_topic_that_is_reserved(ana: Typist, bo: Typist) -> None:
    """Where only operators say what a room is about, others are told."""
    ana.says("/room open-topic off")
    assert bo.fails("/topic cake") == "only operators set the topic of #red; ask one"


def test_who(ana: Typist, bo: Typist, enter: Enter) -> None:
    """Who is in the room stands in a table, with roles; outside, or if asked for, who is online."""
    cy = enter("cy")
    cy.says("/away lunch \x1b]0;x\x07")
    assert bo.says("/who").split("\n") == ["2 people in #red:", "NAME  ROLE   STATE", "ana   owner", "bo           you"]
    everybody = ["3 people online:", "NAME  STATE", "ana", "bo", "cy    you, away: lunch ]0;x"]
    assert cy.says("/who").split("\n") == everybody
    assert bo.says("/who --everybody").split("\n")[0] == "3 people online:"
    assert bo.says("/who #red") == bo.says("/who")
    assert "no option --all" in bo.fails("/who --all")


def test_many(ana: Typist, hub: Hub) -> None:
    """Of many people or rooms, the most important hundred are shown, and it is said that there are more."""
    crowd = [hub.connect(f"a{number:03}") for number in range(120)]
    for number, each in enumerate(crowd):
        each.join("#red")
        each.join(f"#r{number}")
    ana.says("/op a119")
    lines = ana.says("/who").split("\n")
    assert [line.split()[0] for line in lines[2:5]] == ["ana", "a119", "a000"]
    assert (len(lines), lines[-1]) == (103, "and 21 more; /whois NAME looks for somebody")
    lines = ana.says("/rooms").split("\n")
    assert (len(lines), lines[1].split()) == (102, ["*", "#red", "121"])
    assert lines[-1] == "and 21 more; /join enters one whose name you know"


def test_whois(ana: Typist, bo: Typist) -> None:
    """What is known of somebody is told: here or not, common rooms, when they spoke, and whether they are ignored."""
    bo.says("/me waves")
    bo.says("/away lunch")
    ana.says("/ignore bo")
    ana.surface.now += 300
    assert ana.says("/whois BO").split("\n") == [
        "bo:",
        "  here     away: lunch",
        "  #red     member",
        "           said something 5 min ago",
        "  ignored  yes; /unignore shows again what they say",
    ]
    assert "  here  no;" in ana.says("/whois nobody")
    assert "NAME is missing" in ana.fails("/whois")


def test_an_invite_for_somebody(ana: Typist, enter: Enter) -> None:
    """Somebody is invited to the room, or to another one; who cannot be is told why."""
    cy = enter("cy", "#blue")
    assert ana.says("/invite cy") == "cy is invited to #red"
    assert [event.room for event in iter_events(cy)] == ["#red"]
    assert "nobody here was ever called zed" in ana.fails("/invite zed")
    assert "you are not in #blue" in ana.fails("/invite cy --room #blue")
    assert cy.says("/invite ana --room blue") == "ana is invited to #blue"


def iter_events(typist: Typist) -> list[m.Invited]:
    """Return the invitations that wait for somebody."""
    found: list[m.Invited] = []
    while True:
        try:
            event = typist.chat.receive_event(timeout=0)
        except TimeoutError:
            return found
        if isinstance(event, m.Invited):
            found.append(event)


def test_an_invite_for_newcomers(ana: Typist, enter: Enter) -> None:
    """Without a name, it is a link: into the room where one is, for so many, for so long."""
    ana.desk.server = "libchat://host:8080/"
    link, good = ana.says("/invite --uses 5 --expires 7d").split("\n")
    assert link.startswith("libchat://host:8080/#red?t=")
    assert good.startswith("good for 5 people, for another 7 d; send it in a way that you trust")
    cy = enter("cy")
    assert cy.says("/invite").split("\n")[1] == "good for 1 person, for another 24 h"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/invite --uses 0", "'0' does not do: write a number from 1 to 10000"),
        ("/invite --expires soon", "'soon' does not do: write a number and s, m, h, d or w"),
        ("/invite --expires 99w", "seconds"),
    ],
)
def test_invites_out_of_range(ana: Typist, line: str, words: str) -> None:
    """Numbers that cannot be are told."""
    assert words in ana.fails(line)


def test_history(ana: Typist, bo: Typist) -> None:
    """What was said is shown, a page at a time, and how to see more; also of another conversation."""
    for number in range(5):
        ana.says(f"/me {number}")
    ana.says("/msg bo hi")
    bo.says("/history 2")
    title, entries, more = bo.desk.pages.pop()
    assert (title, [each.text for each in entries]) == ("history of #red", ["/me 3", "/me 4"])
    assert more == "older: /history 2 --in #red --before 4"
    bo.says(more.removeprefix("older: "))
    assert [each.seq for each in bo.desk.pages.pop()[1]] == [2, 3]
    bo.says("/history --in ana")
    assert bo.desk.pages.pop()[2] == ""
    bo.says("/history 3 --around 3")
    bo.says("/history --after 4")
    assert [[each.seq for each in page[1]] for page in bo.desk.pages] == [[2, 3, 4], [5]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/history 0", "write a number from 1 to 200"),
        ("/history 201", "write a number from 1 to 200"),
        ("/history --before 4 --after 3", "one of --before, --after and --around"),
        ("/history --in #blue", "you are not in #blue"),
        ("/history --before", "its value is missing"),
    ],
)
def test_history_that_cannot_be(ana: Typist, line: str, words: str) -> None:
    """What cannot be shown is told."""
    assert words in ana.fails(line)


def test_no_history(ana: Typist, enter: Enter) -> None:
    """Where nothing was said, this is said."""
    assert ana.says("/history") == "nothing was said in #red yet"
    assert "this needs a conversation" in enter("cy").fails("/history")


def test_search(ana: Typist, bo: Typist) -> None:
    """Messages are found by their words, the newest last, everywhere or in one conversation."""
    for text in ("green tea", "black tea", "tea, green"):
        ana.says(f"/msg #red {text}")
    ana.says("/msg bo green tea, too")
    bo.says('/search "green tea"')
    title, entries, more = bo.desk.pages.pop()
    assert (title, [each.text for each in entries]) == ('found for "green tea"', ["green tea", "green tea, too"])
    assert more == ""
    bo.says("/find --in #red tea")
    assert [each.text for each in bo.desk.pages.pop()[1]] == ["green tea", "black tea", "tea, green"]
    assert bo.says("/search --in #red coffee") == "nothing was found for coffee in #red"
    assert "WORDS is missing" in bo.fails("/search")
    assert "you are not in #blue" in bo.fails("/search --in #blue tea")


def test_search_goes_on(ana: Typist) -> None:
    """When there is more, it is said how to see it, and that works."""
    for number in range(40):
        ana.says(f"/msg #red tea {number}")
    ana.says("/search tea")
    more = ana.desk.pages.pop()[2]
    ana.says(more.removeprefix("older: "))
    _, entries, more = ana.desk.pages.pop()
    assert ([each.text for each in entries][-1], more) == ("tea 9", "")

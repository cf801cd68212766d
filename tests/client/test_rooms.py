"""The rooms of one link, across its connections."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.client.memory import Memory
from libchat.client.positions import Positions
from libchat.client.rooms import Rooms
from libchat.wire.native import format_command

OWN = "~"


class Stay:
    """Rooms, with the positions in them and the lines that are not answered."""

    def __init__(self) -> None:
        self.positions = Positions(Memory())
        self.unanswered: dict[str, bytes] = {}
        self.rooms = Rooms(self.positions, OWN, {}, self.unanswered)

    def join(self, join: m.Join) -> m.Join:
        """Have a command to enter a room on its way."""
        placed = self.rooms.placed(join)
        self.unanswered[join.cid] = format_command(placed)
        self.rooms.joining(placed)
        return placed

    def enter(self, room: str = "#red", seq: int = 5, *, password: str = "") -> None:
        """Be in a room."""
        self.join(m.Join(room, "1", password=password))
        self.rooms.entered(m.Entered(room, (), cid="1", seq=seq))
        self.rooms.answered(m.Entered(room, (), cid="1", seq=seq), "1")


@pytest.fixture
def stay() -> Stay:
    """Return no rooms yet."""
    return Stay()


def test_entered_again_where_it_was(stay: Stay) -> None:
    """After a lost connection, behind the newest entry, with the room's password and under the name that was shown."""
    stay.enter("#Red", password="tea")
    stay.positions.hand_over("#red", 9)
    stay.rooms.connected()
    assert stay.rooms.enter_again() == [m.Join("#Red", OWN, 9, "tea")]
    assert stay.rooms.resuming == {"#red": 1}


def test_each_answer_is_waited_for_and_none_of_the_connection_before(stay: Stay) -> None:
    """A room is being resumed until the last answer of this connection that is owed."""
    stay.enter()
    stay.rooms.enter_again()
    stay.rooms.connected()
    assert stay.rooms.resuming == {}
    for _ in range(3):
        stay.rooms.enter_again()
    for owed in (2, 1):
        stay.rooms.has_resumed("#red")
        assert stay.rooms.resuming == {"#red": owed}
    stay.rooms.has_resumed("#red")
    assert stay.rooms.resuming == {}


def test_what_an_account_resumes_by_itself_keeps_its_place_for_one_connection(stay: Stay) -> None:
    """The server has told that it goes on where it was, which another answer does not change; the next time it may."""
    stay.positions.is_account = True
    stay.rooms.entered(m.Entered("#red", (), seq=7))
    stay.rooms.entered(m.Entered("#red", (), cid="2", seq=8))
    assert stay.positions.seen("#red") is None
    stay.rooms.connected()
    stay.rooms.entered(m.Entered("#red", (), cid="3", seq=9))
    assert stay.positions.seen("#red") == 9


def test_numbers_are_taken_out_of_what_waits(stay: Stay) -> None:
    """When the server counts anew, a room is entered from there on: the line that waits says no number."""
    stay.enter()
    stay.rooms.exit("#red")
    stay.positions.enter("#red", 5)
    assert stay.join(m.Join("#red", "2")).after == 5
    stay.rooms.forget_numbers()
    assert stay.unanswered["2"] == format_command(m.Join("#red", "2"))


def test_put_out_while_entering(stay: Stay) -> None:
    """Who was put out is out, and what it enters by then begins anew; other rooms do as before."""
    for room in ("#red", "#blue"):
        stay.positions.enter(room, 5)
    red, blue = stay.join(m.Join("red", "2")), stay.join(m.Join("#blue", "3"))
    assert (red.after, blue.after) == (5, 5)
    stay.rooms.put_out("#red")
    assert "#red" not in stay.rooms
    assert stay.positions.rooms() == ["#blue"]
    assert stay.unanswered == {"2": format_command(m.Join("red", "2")), "3": format_command(blue)}


def test_entered_again_while_it_is_being_left(stay: Stay) -> None:
    """Who leaves a room and enters it again does not want to hear what came between."""
    stay.enter()
    stay.rooms.leaving(m.Leave("Red", "2"))
    stay.rooms.resume(m.Registered("ana", OWN, True, "", ()), was_in=True)
    assert stay.positions.rooms() == ["#red"]
    assert stay.rooms.placed(m.Join("#red", "3")).after is None


def test_account_is_told_what_has_ended(stay: Stay) -> None:
    """Of rooms in which it is no more it hears: of a kick, or of an end; not of what it leaves just now."""
    for room in ("#Red", "#Blue", "#Green", "#Grey"):
        stay.enter(room)
    stay.rooms.leaving(m.Leave("#grey", "2"))
    kicked = m.Kicked("#Blue", "ana", "bo", "")
    registered = m.Registered("ana", OWN, True, "", ("#Red",), (kicked,))
    assert stay.rooms.resume(registered, was_in=True) == [kicked, m.Exited("#Green")]
    assert [join.room for join in stay.rooms.enter_again()] == ["#Red"]


@pytest.mark.parametrize(("code", "is_in"), [("banned", False), ("busy", True)])
def test_banned_while_away(stay: Stay, code: str, is_in: bool) -> None:
    """What is said in a room from which one is banned is of no interest; any other trouble may pass."""
    stay.enter()
    stay.join(m.Join("#red", "2"))
    stay.rooms.answered(m.Failed(code, "no", "#red", "2"), "2")
    assert ("#red" in stay.rooms) == is_in

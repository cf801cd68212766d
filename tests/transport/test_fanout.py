"""What leaves in a turn: in order for everybody, and shared by those who get the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.core.effects import Close, Deliver, Delivery, Reply, Resume
from libchat.core.registry import Session
from libchat.transport.fanout import Fanout, Item, Lane, format_items
from libchat.wire.classic import Classic
from libchat.wire.dialect import Dialect
from libchat.wire.native import Native

DIALECTS: tuple[Dialect, ...] = (Native(), Classic())
LANES = 6


def said(number: int) -> m.Entry:
    """Return an event that differs from the others."""
    return m.Entry("#red", number, "Bo", 5, f"text {number}")


@dataclass
class Naive:
    """Appends each event to each recipient, in order."""

    lines: list[bytes] = field(default_factory=lambda: [b""] * LANES)
    is_closed: list[bool] = field(default_factory=lambda: [False] * LANES)

    def put(self, lane: int, event: m.Event) -> None:
        """Append to one."""
        if not self.is_closed[lane]:
            self.lines[lane] += DIALECTS[lane % 2].format_event(event)


audiences = st.lists(st.lists(st.integers(0, LANES - 1), unique=True), min_size=1, max_size=4)
steps = st.lists(
    st.tuples(st.just("deliver"), st.integers(0, 3), st.none() | st.integers(0, LANES - 1))
    | st.tuples(st.sampled_from(("reply", "close")), st.integers(0, LANES - 1), st.none())
    | st.tuples(st.just("take"), st.just(0), st.none()),
    max_size=40,
)


@given(audiences, steps)
def test_every_lane_gets_its_events_in_order(
    members: list[list[int]], script: list[tuple[str, int, int | None]]
) -> None:
    """Whatever overlaps, whoever is skipped, and wherever turns end: each lane's bytes are those of a naive model."""
    fanout, naive = Fanout(), Naive()
    lanes = [Lane(fanout, DIALECTS[index % 2]) for index in range(LANES)]
    rooms: list[tuple[Session, ...]] = [tuple(lanes[index] for index in room) for room in members]
    sent = [b""] * LANES

    def take() -> None:
        for lane, items in fanout.take():
            sent[lanes.index(lane)] += format_items(items, lane.dialect)
            assert lane.is_empty

    for number, (step, index, skip) in enumerate(script):
        if step == "take":
            take()
        elif step == "deliver":
            room = index % len(rooms)
            fanout.deliver([Deliver(rooms[room], said(number), None if skip is None else lanes[skip])])
            for lane in members[room]:
                if lane != skip:
                    naive.put(lane, said(number))
        elif step == "reply":
            fanout.deliver([Reply(lanes[index], said(number))])
            naive.put(index, said(number))
        else:
            fanout.deliver([Close(lanes[index], m.Bye(str(number)))])
            naive.put(index, m.Bye(str(number)))
            naive.is_closed[index] = True
    take()
    assert sent == naive.lines
    assert fanout.take() == []


def lanes_of(fanout: Fanout, count: int, dialect: Dialect = DIALECTS[0]) -> list[Lane]:
    """Return lanes that speak one dialect."""
    return [Lane(fanout, dialect) for _ in range(count)]


def taken(fanout: Fanout) -> dict[Lane, Sequence[Item]]:
    """Return what waits in each lane."""
    return dict(fanout.take())


def test_a_rooms_turn_is_one_object() -> None:
    """All who only listen get the very same bytes, not copies of them."""
    fanout = Fanout()
    room = tuple(lanes_of(fanout, 5))
    fanout.deliver([Deliver(room, said(number), room[number % 2]) for number in range(10)])
    items = taken(fanout)
    first, *others = [format_items(items[lane], lane.dialect) for lane in room[2:]]
    assert first.count(b"\n") == 10
    assert all(other is first for other in others)


def test_each_dialect_has_one_object() -> None:
    """A room in which two dialects are spoken has its turn encoded once for each."""
    fanout = Fanout()
    natives, classics = lanes_of(fanout, 2), lanes_of(fanout, 2, DIALECTS[1])
    room = (*natives, *classics)
    fanout.deliver([Deliver(room, said(number)) for number in range(3)])
    items = taken(fanout)
    lines = [format_items(items[lane], lane.dialect) for lane in (*natives, *classics)]
    assert lines[0] is lines[1]
    assert lines[2] is lines[3]
    assert [line.count(b"\n") for line in lines] == [3, 3, 3, 3]


def test_it_says_whether_there_is_anything_to_send() -> None:
    """`deliver` is True as long as something waits, and `is_empty` tells it of each lane."""
    fanout = Fanout()
    one, other = lanes_of(fanout, 2)
    assert not fanout.deliver([])
    assert not fanout.deliver([Deliver((one,), said(1), one)])
    assert [lane.is_empty for lane in (one, other)] == [True, True]
    assert fanout.deliver([Reply(one, said(1))])
    assert fanout.deliver([])
    assert [lane.is_empty for lane in (one, other)] == [False, True]
    fanout.take()
    assert [lane.is_empty for lane in (one, other)] == [True, True]
    assert not fanout.deliver([])


def test_sessions_of_others_are_passed_over() -> None:
    """Lanes of another fan-out, and sessions that are no lanes, get nothing here, also when they are skipped."""
    fanout, elsewhere = Fanout(), Fanout()
    own, foreign = Lane(fanout, DIALECTS[0]), Lane(elsewhere, DIALECTS[0])
    local = Session(wants_receipts=True, has_acks=True)
    deliveries: list[Delivery] = [Reply(foreign, said(1)), Reply(local, said(1)), Close(foreign, m.Bye())]
    deliveries += [
        Close(local, m.Bye()),
        Deliver((foreign,), said(1)),
        Deliver((local,), said(1)),
        Deliver((), said(1)),
    ]
    assert not fanout.deliver(deliveries)
    assert fanout.deliver(
        [Deliver((foreign, own, local), said(number), skip) for number, skip in ((1, local), (2, foreign))]
    )
    assert [lane for lane, _ in fanout.take()] == [own]
    assert elsewhere.take() == []
    assert not foreign.is_closing


def test_a_congested_reader_does_without_what_passes() -> None:
    """Who reads slowly gets everything but what is transient, alone or in a room's turn."""
    fanout = Fanout()
    room = tuple(lanes_of(fanout, 2))
    typing = m.IsTyping("Bo", "#red")
    fanout.deliver([Deliver(room, said(1)), Deliver(room, typing), Reply(room[0], typing), Deliver(room, said(2))])
    items = taken(fanout)[room[0]]
    lines = [DIALECTS[0].format_event(event) for event in (said(1), said(2))]
    assert format_items(items, DIALECTS[0], is_congested=True) == b"".join(lines)
    assert format_items(items, DIALECTS[0]).count(b"typing") == 2


def test_the_end_of_a_connection_is_its_last_item() -> None:
    """After a goodbye nothing more is put into a lane, in this turn or later."""
    fanout = Fanout()
    room = tuple(lanes_of(fanout, 2))
    fanout.deliver(
        [Deliver(room, said(1)), Close(room[0], m.Bye("x")), Deliver(room, said(2)), Reply(room[0], said(3))]
    )
    items = taken(fanout)
    assert format_items(items[room[0]], DIALECTS[1]) == b"Bo (in red): text 1\nserver: bye (x)\n"
    assert items[room[0]][-1] == m.Bye("x")
    fanout.deliver([Deliver(room, said(4)), Close(room[0], m.Bye())])
    assert [lane for lane, _ in fanout.take()] == [room[1]]


def test_a_lane_may_be_taken_with_nothing_in_it() -> None:
    """Whoever is only to be looked at again is taken once, with nothing, or with what there is; others are not."""
    fanout = Fanout()
    ana, bo = Lane(fanout, Native()), Lane(fanout, Native())
    stranger = Lane(Fanout(), Native())
    assert fanout.deliver([Resume(ana), Resume(ana), Resume(stranger)])
    assert [(lane, list(items)) for lane, items in fanout.take()] == [(ana, [])]
    fanout.deliver([Resume(ana), Reply(ana, m.Pong("1")), Resume(bo)])
    assert [(lane, list(items)) for lane, items in fanout.take()] == [(ana, [m.Pong("1")]), (bo, [])]
    assert ana.is_empty

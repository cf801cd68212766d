"""What leaves in one turn, so arranged that a room's events are encoded once for each dialect and joined once.

How it works. Every connection has a lane. What is for one lane alone is put into it. What is for many goes into the
batch of that audience, and each of its lanes gets an open slice of the batch, which grows as the batch does. So a busy
room costs one step for each event and one for each member, not their product.

Order is exact: before anything else is put into a lane, its open slice is cut off. A lane without an open slice is
`idle` in the batch, and gets a new slice with the next event there. The sender of an event is cut off before it, and
stays idle for it. At the end of the turn, equal slices share the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from libchat.core.effects import Close, Deliver, Delivery, Reply
from libchat.core.registry import Session
from libchat.messages import Event
from libchat.wire.dialect import Dialect


class Lane(Session):
    """What waits to leave for one connection, as events. Its fan-out changes it, under the lock of its owner."""

    __slots__ = ("_batch", "_is_dirty", "_items", "_start", "dialect", "fanout", "is_closing")

    def __init__(self, fanout: Fanout, dialect: Dialect) -> None:
        super().__init__(wants_receipts=dialect.wants_receipts, has_acks=dialect.has_acks)
        self.fanout = fanout
        self.dialect = dialect
        self.is_closing = False
        """Whether its last event was put into it."""
        self._items: list[Item] = []
        self._batch: _Batch | None = None
        self._start = 0
        self._is_dirty = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits in it."""
        return not self._is_dirty


class _Batch:
    """The events of one turn for one audience."""

    __slots__ = ("_last_slices", "_lines", "events", "idle", "recipients")

    def __init__(self, recipients: tuple[Session, ...], idle: list[Lane]) -> None:
        self.recipients = recipients  # kept alive: batches are found by its identity
        self.idle = idle
        self.events: list[Event] = []
        self._lines: dict[Dialect, list[bytes]] = {}
        self._last_slices: dict[int, Slice] = {}

    def slice(self, start: int) -> Slice:
        """Return the events from one on. Equal slices are the same object."""
        stop = len(self.events)
        cut = self._last_slices.get(start)
        if cut is None or cut.stop != stop:
            cut = self._last_slices[start] = Slice(self, start, stop)
        return cut

    def lines(self, dialect: Dialect) -> list[bytes]:
        """Return the lines of all events, one item for each. Called when the turn has ended."""
        lines = self._lines.get(dialect)
        if lines is None:
            lines = self._lines[dialect] = [dialect.format_event(event) for event in self.events]
        return lines


class Slice:
    """Some consecutive events of a batch."""

    __slots__ = ("_batch", "_joined", "_start", "alone", "stop")

    def __init__(self, batch: _Batch, start: int, stop: int) -> None:
        self._batch = batch
        self._start = start
        self.stop = stop
        self.alone: tuple[Item, ...] = (self,)
        """Itself as all that a lane holds: one for all lanes of which that is true."""
        self._joined: dict[Dialect, bytes] = {}

    @property
    def events(self) -> Sequence[Event]:
        """The events, in order."""
        return self._batch.events[self._start : self.stop]

    def format(self, dialect: Dialect) -> bytes:
        """Return the events' lines: the same object, each time."""
        joined = self._joined.get(dialect)
        if joined is None:
            joined = self._joined[dialect] = b"".join(self._batch.lines(dialect)[self._start : self.stop])
        return joined


Item = Event | Slice


class Fanout:
    """Collect a turn's events for the lanes of one poller. Not thread-safe."""

    def __init__(self) -> None:
        self._batches: dict[int, _Batch] = {}
        self._dirty: list[Lane] = []

    def deliver(self, deliveries: Iterable[Delivery]) -> bool:
        """Take events for lanes of this fan-out, pass over all others, and return whether there is anything to send."""
        for delivery in deliveries:
            if isinstance(delivery, Deliver):
                recipients = delivery.recipients
                if len(recipients) != 1:
                    self._publish(delivery)
                elif recipients[0] is not delivery.skip:
                    self._put(recipients[0], delivery.event)
            elif isinstance(delivery, Reply):
                self._put(delivery.session, delivery.event)
            elif isinstance(delivery, Close):
                self._close(delivery)
            else:
                self._look_at(delivery.session)
        return bool(self._dirty)

    def take(self) -> list[tuple[Lane, Sequence[Item]]]:
        """End the turn, and return what waits in each lane: nothing, if it is only to be looked at."""
        taken = [(lane, self._emptied(lane)) for lane in self._dirty]
        self._dirty.clear()
        self._batches.clear()
        return taken

    def _put(self, lane: Session, event: Event) -> None:
        if not isinstance(lane, Lane) or lane.fanout is not self or lane.is_closing:
            return
        if lane._batch is not None:
            self._cut(lane)
        lane._items.append(event)
        if not lane._is_dirty:
            self._mark(lane)

    def _close(self, delivery: Close) -> None:
        lane = delivery.session
        if isinstance(lane, Lane) and lane.fanout is self:
            self._put(lane, delivery.bye)
            lane.is_closing = True

    def _look_at(self, lane: Session) -> None:
        """Have a lane taken, also if nothing waits in it."""
        if isinstance(lane, Lane) and lane.fanout is self and not (lane._is_dirty or lane.is_closing):
            self._mark(lane)

    def _publish(self, delivery: Deliver) -> None:
        batch = self._batches.get(id(delivery.recipients))
        if batch is None:
            batch = self._begin(delivery.recipients)
        skip = delivery.skip
        if isinstance(skip, Lane) and skip._batch is batch:
            self._cut(skip)
        if batch.idle:
            self._reopen(batch, skip)
        batch.events.append(delivery.event)

    def _begin(self, recipients: tuple[Session, ...]) -> _Batch:
        idle = [lane for lane in recipients if isinstance(lane, Lane) and lane.fanout is self]
        batch = self._batches[id(recipients)] = _Batch(recipients, idle)
        return batch

    def _reopen(self, batch: _Batch, skip: Session | None) -> None:
        """Give every idle lane but `skip` an open slice that begins with the next event."""
        idle = batch.idle
        if len(idle) == 1 and idle[0] is skip:
            return
        batch.idle = [lane for lane in idle if lane is skip]
        start = len(batch.events)
        for lane in idle:
            if lane is not skip and not lane.is_closing:
                if lane._batch is not None:
                    self._cut(lane)
                lane._batch = batch
                lane._start = start
                if not lane._is_dirty:
                    self._mark(lane)

    def _cut(self, lane: Lane) -> None:
        """Close the open slice of a lane."""
        batch = lane._batch
        assert batch is not None
        lane._items.append(batch.slice(lane._start))
        lane._batch = None
        batch.idle.append(lane)

    def _mark(self, lane: Lane) -> None:
        lane._is_dirty = True
        self._dirty.append(lane)

    def _emptied(self, lane: Lane) -> Sequence[Item]:
        """Return what waits in a lane, and begin anew. Idle or not no longer matters: the batches have ended."""
        lane._is_dirty = False
        batch = lane._batch
        if batch is not None:
            lane._batch = None
            last = batch.slice(lane._start)
            if not lane._items:
                return last.alone
            lane._items.append(last)
        items, lane._items = lane._items, []
        return items


def format_items(items: Sequence[Item], dialect: Dialect, *, is_congested: bool = False) -> bytes:
    """Return the lines of what a lane held. For a congested reader, without what it can do without."""
    if is_congested:
        return b"".join(dialect.format_event(event) for event in _lasting(items))
    item = items[0]
    if len(items) > 1:
        return b"".join([_format(item, dialect) for item in items])
    return item.format(dialect) if isinstance(item, Slice) else dialect.format_event(item)


def _format(item: Item, dialect: Dialect) -> bytes:
    return item.format(dialect) if isinstance(item, Slice) else dialect.format_event(item)


def _lasting(items: Sequence[Item]) -> list[Event]:
    events: list[Event] = []
    for item in items:
        events.extend(item.events if isinstance(item, Slice) else (item,))
    return [event for event in events if not event.is_transient]

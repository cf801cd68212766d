"""Whether a history is as the chat promises. Each check raises an `AssertionError` that shows the lines around it."""

from __future__ import annotations

from collections.abc import Sequence

from libchat.testing.history import History, Sent, Shown

_AROUND = 3
"""Lines that are shown before and behind the one that is wrong."""


def assert_consistent(history: History) -> None:
    """Raise `AssertionError` if any of the checks below does."""
    for check in (
        assert_exactly_once,
        assert_in_order,
        assert_gap_free,
        assert_fifo,
        assert_accepted_delivered,
    ):
        check(history)


def assert_exactly_once(history: History) -> None:
    """Raise `AssertionError` if something was shown to a reader twice, or accepted twice or as something else.

    No two messages have one number, nobody is shown what they sent themselves, all readers are shown the same under a
    number, and nothing is shown that nobody sent (in a conversation of which the history has what was sent).
    """
    accepted = _accepted(history)
    _check_same_shown(history)
    for (reader, conversation), shown in history.by_reader().items():
        seen: set[int] = set()
        for place, line in enumerate(shown):
            if line.seq in seen:
                raise _fault(f"{reader} was shown #{line.seq} of {conversation} twice", shown, place)
            seen.add(line.seq)
            sent = accepted.get((conversation, line.seq))
            if sent is not None and sent.sender == reader:
                raise _fault(f"{reader} was shown what they sent themselves: {sent}", shown, place)
            if sent is not None and (sent.shown_name, sent.text) != (line.sender, line.text):
                raise _fault(f"{reader} was shown something else than what was sent: {sent}", shown, place)
    _check_nothing_made_up(history, accepted)


def assert_in_order(history: History) -> None:
    """Raise `AssertionError` if a reader was shown a lower number of a conversation after a higher one."""
    for (reader, conversation), shown in history.by_reader().items():
        for place in range(1, len(shown)):
            if shown[place].seq < shown[place - 1].seq:
                later, first = shown[place].seq, shown[place - 1].seq
                raise _fault(f"{reader} was shown #{later} of {conversation} after #{first}", shown, place)


def assert_gap_free(history: History) -> None:
    """Raise `AssertionError` if a reader misses a number.

    The numbers that they were shown and those under which their own messages were accepted have no gap from the first
    to the last. A message of their own that was never answered, but was shown to others, counts as accepted.
    """
    own: dict[tuple[str, str], set[int]] = {}
    for sent in history.sent:
        seqs = _stored(history, sent) if sent.seq is None else {sent.seq}
        own.setdefault((sent.sender, sent.conversation), set()).update(seqs)
    by_reader = history.by_reader()
    for reader, conversation in {**by_reader, **own}:
        shown = by_reader.get((reader, conversation), [])
        seqs = {line.seq for line in shown} | own.get((reader, conversation), set())
        missing = sorted(set(range(min(seqs, default=0), max(seqs, default=0))) - seqs)
        if missing:
            place = next((place for place, line in enumerate(shown) if line.seq > missing[0]), len(shown))
            numbers = ", ".join(f"#{seq}" for seq in missing)
            raise _fault(f"{reader} was never shown {numbers} of {conversation}", shown, place)


def assert_fifo(history: History) -> None:
    """Raise `AssertionError` if messages of one sender have numbers in another order than that in which they were sent.

    And if a reader was shown them in another order than that.
    """
    last: dict[tuple[str, str], Sent] = {}
    orders: dict[tuple[str, int], int] = {}
    sent = [event for event in history.sent if event.seq is not None]
    for place, event in enumerate(sent):
        seq = event.seq or 0
        before = last.get((event.sender, event.conversation))
        if before is not None and seq <= (before.seq or 0):
            raise _fault(f"{event} was sent after #{before.seq}", sent, place)
        last[event.sender, event.conversation] = event
        orders[event.conversation, seq] = place
    senders = {(event.conversation, event.seq): event.sender for event in sent}
    for (reader, conversation), shown in history.by_reader().items():
        newest: dict[str, int] = {}
        for place, line in enumerate(shown):
            sender = senders.get((conversation, line.seq))
            if sender is None:
                continue
            order = orders[conversation, line.seq]
            if order < newest.get(sender, -1):
                raise _fault(f"{reader} was shown messages of {line.sender} in another order than sent", shown, place)
            newest[sender] = order


def assert_accepted_delivered(history: History) -> None:
    """Raise `AssertionError` if a message that was accepted was not shown to a reader who should have been shown it."""
    by_reader = history.by_reader()
    audiences = {each: history.audience(each) for each in {sent.conversation for sent in history.sent}}
    seen = {key: {line.seq for line in shown} for key, shown in by_reader.items()}
    for sent in history.sent:
        for reader in audiences[sent.conversation]:
            key = (reader, sent.conversation)
            if sent.seq is None or reader == sent.sender or sent.seq in seen.get(key, ()):
                continue
            shown = by_reader.get(key, [])
            place = next((place for place, line in enumerate(shown) if line.seq > sent.seq), len(shown))
            raise _fault(f"{reader} was never shown what was accepted: {sent}", shown, place)


def _stored(history: History, sent: Sent) -> set[int]:
    """Return the numbers under which others were shown something that was never answered, if they were."""
    wanted = (sent.conversation, sent.shown_name, sent.text)
    return {line.seq for line in history.shown if (line.conversation, line.sender, line.text) == wanted}


def _accepted(history: History) -> dict[tuple[str, int], Sent]:
    """Return what was accepted by conversation and number, when no two have the same."""
    found: dict[tuple[str, int], Sent] = {}
    cids: dict[tuple[str, str, str], Sent] = {}
    for place, sent in enumerate(history.sent):
        if sent.seq is None:
            continue
        other = found.setdefault((sent.conversation, sent.seq), sent)
        if other is not sent:
            raise _fault(f"two messages were accepted as #{sent.seq}: {other}", history.sent, place)
        first = cids.setdefault((sent.sender, sent.conversation, sent.cid), sent)
        if first.seq != sent.seq:
            raise _fault(f"a message was accepted twice: {first}", history.sent, place)
    return found


def _check_same_shown(history: History) -> None:
    """Raise `AssertionError` if two readers were shown different things under one number."""
    first: dict[tuple[str, int], Shown] = {}
    for shown in history.by_reader().values():
        for place, line in enumerate(shown):
            other = first.setdefault((line.conversation, line.seq), line)
            if (other.sender, other.text) != (line.sender, line.text):
                raise _fault(f"two readers were shown different things: {other}", shown, place)


def _check_nothing_made_up(history: History, accepted: dict[tuple[str, int], Sent]) -> None:
    """Raise `AssertionError` if something was shown that nobody sent, where it is known what somebody of that name did.

    What was sent and never answered may have been stored: it counts for one number.
    """
    names = {(sent.conversation, sent.shown_name) for sent in history.sent}
    unanswered = [sent for sent in history.sent if sent.seq is None]
    stored: set[tuple[str, int]] = set()
    for shown in history.by_reader().values():
        for place, line in enumerate(shown):
            key = (line.conversation, line.seq)
            if (line.conversation, line.sender) not in names or key in accepted or key in stored:
                continue
            wanted = (line.conversation, line.sender, line.text)
            for index, sent in enumerate(unanswered):
                if (sent.conversation, sent.shown_name, sent.text) == wanted:
                    del unanswered[index]
                    stored.add(key)
                    break
            else:
                raise _fault(f"{line.reader} was shown what {line.sender} never sent so often", shown, place)


def _fault(what: str, lines: Sequence[Sent | Shown], place: int) -> AssertionError:
    """Return an error that says what is wrong, and shows the lines around it; behind the last, there is nothing."""
    first = max(place - _AROUND, 0)
    shown = [f"{'->' if index == place else '  '} {index + 1:4}  {line}" for index, line in enumerate(lines)]
    if place == len(lines):
        shown.append("->       (nothing more)")
    return AssertionError("\n".join([what, *shown[first : place + _AROUND + 1]]))

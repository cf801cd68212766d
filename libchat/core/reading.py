"""What was said: which of it somebody may read, and how the log's answers are told."""

from __future__ import annotations

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.entries import conversation_of, own_room, person_of
from libchat.core.pages import within
from libchat.core.registry import Session
from libchat.core.words import parse_words
from libchat.errors import Code, Refused
from libchat.limits import PAGE_BYTES
from libchat.names import RoomName, parse_target
from libchat.records import AskPage, AskSearch, PageFound, SearchFound


def ask_page(session: Session, command: m.History) -> fx.Ask:
    """Return the question for a page of history. Raises `Refused`, and `InvalidName`."""
    person = person_of(session)
    places = [("before", command.before), ("after", command.after), ("around", command.around)]
    given = [(where, at) for where, at in places if at is not None]
    if len(given) > 1:
        raise Refused(Code.BAD_VALUE, "give only one of `before`, `after` and `around`")
    where, at = given[0] if given else ("before", None)
    target = parse_target(command.target)
    is_room = isinstance(target, RoomName)
    if isinstance(target, RoomName):
        own_room(person, target)
    question = AskPage(
        conversation_of(person, target),
        at,
        "after" if where == "after" else "around" if where == "around" else "before",
        command.limit,
        0 if is_room else person.since,
        "" if is_room else target.key,
    )
    return fx.Ask(session, question, str(target), command.cid)


def ask_search(session: Session, command: m.Search) -> fx.Ask:
    """Return the question for a search over what one may read. Raises `Refused`, `InvalidName` and `InvalidMessage`."""
    person = person_of(session)
    words = parse_words(command.text)
    only = ""
    if command.target:
        target = parse_target(command.target)
        only = (
            own_room(person, target).conversation if isinstance(target, RoomName) else conversation_of(person, target)
        )
    rooms = tuple(room.conversation for room in person.rooms.values())
    question = AskSearch(words, rooms, person.name.key, person.since, only, command.before, command.limit)
    return fx.Ask(session, question, command.target, command.cid)


def tell_page(ask: fx.Ask, found: PageFound) -> m.Page:
    """Return the page that answers, cut to what a reader has room for: around the entry that was asked for."""
    question = ask.question
    assert isinstance(question, AskPage)
    anchor = len(found.entries) - 1 if question.where == "before" else 0
    if question.where == "around":
        before = [index for index, entry in enumerate(found.entries) if entry.seq <= (question.at or 0)]
        anchor = before[-1] if before else 0
    entries = within(found.entries, anchor, PAGE_BYTES)
    has_older = found.has_older or (bool(entries) and entries[0] != found.entries[0])
    has_newer = found.has_newer or (bool(entries) and entries[-1] != found.entries[-1])
    return m.Page(ask.target, entries, has_older, ask.cid, has_newer, found.delivered, found.read)


def tell_found(ask: fx.Ask, found: SearchFound) -> m.Found:
    """Return the answer to a search."""
    return m.Found(found.entries, found.next, ask.cid)

"""What other threads have for the thread of the user interface."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from libchat_shell.posts import Posts


class Place:
    """An interface: its loop, and what was called in its thread."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.called: list[object] = []
        self.admitted: list[BaseException] = []
        self.posts = Posts(lambda: self.loop, lambda: self.called.append("taken"), self.admitted.append)

    def note(self, what: object) -> Callable[[], None]:
        return lambda: self.called.append((what, threading.get_ident()))

    def run(self, before: Callable[[], object] = lambda: None) -> None:
        """Run a loop until `stop` is called in it."""
        self.loop = asyncio.new_event_loop()
        self.posts.begin()
        before()
        self.loop.run_forever()
        self.loop.close()

    def stop(self) -> None:
        assert self.loop is not None
        self.loop.stop()


@pytest.fixture
def place() -> Iterator[Place]:
    """Return an interface without a loop yet."""
    place = Place()
    yield place
    if place.loop is not None:
        place.loop.close()


def test_what_came_before_the_loop_is_called_in_it_in_order(place: Place) -> None:
    """Nothing is called where it is posted; at the start of the loop all of it is, and then the interface is told."""
    for number in (1, 2):
        place.posts.put(place.note(number))
    place.posts.put(place.stop)
    assert place.called == []
    place.run()
    assert place.called == [(1, threading.get_ident()), (2, threading.get_ident()), "taken"]


def test_other_threads_wake_the_loop(place: Place) -> None:
    """What another thread posts is called in the interface's, in order."""

    def post() -> None:
        for number in (1, 2):
            place.posts.put(place.note(number))
        place.posts.put(place.stop)

    other = threading.Thread(target=post)
    place.run(other.start)
    other.join()
    assert [each for each in place.called if each != "taken"] == [(each, threading.get_ident()) for each in (1, 2)]


def test_a_mistake_is_admitted_and_the_next_one_called(place: Place) -> None:
    """Who posts something that raises takes nothing from the others."""
    place.posts.put([].pop)
    place.posts.put(place.note("next"))
    place.posts.put(place.stop)
    place.run()
    assert [type(error) for error in place.admitted] == [IndexError]
    assert place.called == [("next", threading.get_ident()), "taken"]


def test_in_a_while(place: Place) -> None:
    """What has a delay comes behind what is posted later without one, also if there was no loop yet."""
    place.posts.put(place.stop, 0.01)
    place.posts.put(place.note("at once"))
    place.run(lambda: place.posts.put(place.note("live"), 0.001))
    assert [each[0] for each in place.called if isinstance(each, tuple)] == ["at once", "live"]


def test_a_loop_that_is_closed(place: Place) -> None:
    """Who posts when the interface has gone is not told of it, and nothing is called."""
    place.posts.put(place.stop)
    place.run()
    place.posts.put(place.note("late"))
    place.posts.put(place.note("later"), 1)
    assert place.called == ["taken"]

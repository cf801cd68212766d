"""The threads in which messages are vetted: nobody waits for what does not concern them, and nobody for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue

import pytest

from libchat.errors import Code, PluginError
from libchat.plugins.values import Drop, Message
from libchat.server.vetting import BATCH, SPARE, THREADS, Result, ThreadVetter, judgement_of, message_of
from libchat.vetting import Allowed, Judgement, Said, Withheld

SECONDS = 10.0


def said(text: str, kind: str = "message", ref: int = 0) -> Said:
    """Return something that ana wants to say."""
    return Said("ana", "#red", text, 5, kind, ref)


class Doorman:
    """A function to vet with: it notes batches, and holds those in which `hold` is said until it is let go."""

    def __init__(self) -> None:
        self.batches: SimpleQueue[list[str]] = SimpleQueue()
        self.go_on = threading.Event()
        self.returned = threading.Semaphore(0)

    def transform(self, messages: Sequence[Message]) -> Sequence[Result]:
        """Return messages as they are, but drop `damn`."""
        self.batches.put([message.text for message in messages])
        if any(message.text == "hold" for message in messages):
            assert self.go_on.wait(SECONDS)
        if any(message.text == "raise" for message in messages):
            raise RuntimeError("no")
        return [Drop("mind your words") if message.text == "damn" else message for message in messages]


Answers = SimpleQueue[Sequence[Judgement]]


@pytest.fixture
def doorman() -> Iterator[Doorman]:
    """Return a function to vet with, which holds nothing any more in the end."""
    doorman = Doorman()
    yield doorman
    doorman.go_on.set()


@pytest.fixture
def vetter(doorman: Doorman) -> Iterator[ThreadVetter]:
    """Return a vetter, closed in the end."""
    vetter = ThreadVetter(doorman.transform, doorman.returned.release)
    yield vetter
    doorman.go_on.set()
    vetter.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "libchat-vetter"]


def ask(vetter: ThreadVetter, *texts: str) -> Answers:
    """Have some things vetted, and return where the answer comes."""
    answers: Answers = SimpleQueue()
    vetter.ask([said(text) for text in texts], answers.put)
    return answers


def test_each_is_answered_in_its_place(vetter: ThreadVetter) -> None:
    """A batch has as many judgements as it has messages, in their order."""
    answers = ask(vetter, "one", "damn", "two").get(timeout=SECONDS)
    assert answers == [Allowed("one"), Withheld(Code.DROPPED, "mind your words"), Allowed("two")]


def test_what_hangs_holds_nobody_else_up(vetter: ThreadVetter, doorman: Doorman) -> None:
    """While some batches hang, what others say is vetted."""
    held = [ask(vetter, "hold") for _ in range(THREADS - 1)]
    assert ask(vetter, "one").get(timeout=SECONDS) == [Allowed("one")]
    assert ask(vetter, "two").get(timeout=SECONDS) == [Allowed("two")]
    doorman.go_on.set()
    assert [answers.get(timeout=SECONDS) for answers in held] == [[Allowed("hold")]] * (THREADS - 1)


def test_what_waits_is_one_batch(vetter: ThreadVetter, doorman: Doorman) -> None:
    """When all threads are busy, what comes meanwhile is vetted together, as far as it fits."""
    held = []
    for _ in range(THREADS):
        held.append(ask(vetter, "hold"))
        assert doorman.batches.get(timeout=SECONDS) == ["hold"]
    waiting = [ask(vetter, str(number)) for number in range(BATCH + 1)]
    doorman.go_on.set()
    assert [answers.get(timeout=SECONDS) for answers in waiting] == [[Allowed(str(n))] for n in range(BATCH + 1)]
    first = doorman.batches.get(timeout=SECONDS)
    assert 1 < len(first) <= BATCH


def test_threads_that_are_not_needed_end(vetter: ThreadVetter, doorman: Doorman) -> None:
    """After a rush a few threads stay."""
    held = []
    for _ in range(THREADS):
        held.append(ask(vetter, "hold"))
        doorman.batches.get(timeout=SECONDS)
    threads = [thread for thread in threading.enumerate() if thread.name == "libchat-vetter"]
    assert len(threads) == THREADS
    doorman.go_on.set()
    for answers in held:
        answers.get(timeout=SECONDS)
    while len([thread for thread in threads if thread.is_alive()]) > SPARE:
        next(thread for thread in threads if thread.is_alive()).join(0.05)
    assert ask(vetter, "still here").get(timeout=SECONDS) == [Allowed("still here")]


def test_a_function_that_raises_refuses(vetter: ThreadVetter, caplog: pytest.LogCaptureFixture) -> None:
    """If it cannot be vetted at all, it is refused, and may be tried again; the next one is vetted."""
    ((refused,),) = [ask(vetter, "raise").get(timeout=SECONDS)]
    assert isinstance(refused, Withheld)
    assert refused.code == Code.UNAVAILABLE
    assert "could not be vetted" in caplog.text
    assert ask(vetter, "one").get(timeout=SECONDS) == [Allowed("one")]


def test_after_the_end_nothing_is_answered(doorman: Doorman) -> None:
    """Closing waits so long for what hangs, and no longer; its answer comes to nobody."""
    vetter = ThreadVetter(doorman.transform, doorman.returned.release)
    answers = ask(vetter, "hold")
    doorman.batches.get(timeout=SECONDS)
    vetter.close(seconds=0.01)
    doorman.go_on.set()
    assert doorman.returned.acquire(timeout=SECONDS)
    assert answers.empty()


def test_what_plugins_are_shown() -> None:
    """A message has the number of what it answers, an edit that of what it replaces."""
    assert message_of(said("hi", ref=3)) == Message("ana", "#red", "hi", 0, 5, 3)
    assert message_of(said("hi", "edit", 3)) == Message("ana", "#red", "hi", 3, 5, 0)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Message("ana", "#red", "hi\x1b[2J"), Allowed("hi[2J")),
        (Drop("no\nway\x07"), Withheld(Code.DROPPED, "no way")),
        (Drop(), Withheld(Code.DROPPED, "this may not be said here")),
        (Drop("x" * 500), Withheld(Code.DROPPED, "x" * 200)),
        (
            PluginError("filter", "it hangs", "hung"),
            Withheld(Code.UNAVAILABLE, "the plugin filter could not look at it; nothing was sent, try again"),
        ),
    ],
)
def test_what_follows_from_what_plugins_return(result: Result, expected: Judgement) -> None:
    """Texts and reasons of plugins are cleaned and bounded like everybody's."""
    assert judgement_of(result) == expected


@pytest.mark.parametrize("text", ["", " ", "x" * 100_000])
def test_a_text_that_cannot_be_sent_is_refused(text: str) -> None:
    """A plugin that makes nothing of a message, or too much, is named as the cause."""
    refused = judgement_of(Message("ana", "#red", text))
    assert isinstance(refused, Withheld)
    assert refused.code == Code.UNAVAILABLE
    assert "a plugin has made something of it" in refused.reason

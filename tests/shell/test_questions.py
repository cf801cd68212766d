"""Questions in the place of the input, and what is typed between two of them."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from libchat_shell.front import Query
from libchat_shell.questions import PAUSE, Questions

SECRET = Query("new: ", is_secret=True)
AGAIN = Query("again: ", is_secret=True)
OPEN = Query("to: ")


class Input:
    """An input with questions, and somebody who types."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        self.questions = Questions(self.buffer)

    def ask(self, query: Query) -> Future[str]:
        """Ask."""
        answer: Future[str] = Future()
        self.questions.put(query, answer)
        return answer

    def at(self) -> Query | None:
        """Return what the input answers."""
        return self.questions.current

    def type(self, text: str) -> None:
        """Type a text."""
        self.buffer.insert_text(text)

    def enter(self, text: str) -> None:
        """Type a text, and press Enter."""
        self.type(text)
        self.questions.enter()


@pytest.fixture
def typed() -> Input:
    """Make an input in which something is being typed."""
    made = Input()
    made.buffer.document = Document("hello", 5)
    return made


def test_what_was_being_typed_comes_back(typed: Input) -> None:
    """Questions are answered in order, and the input is as it was before them."""
    first, second = typed.ask(OPEN), typed.ask(Query("text: "))
    assert typed.at() is OPEN
    assert typed.buffer.text == ""
    typed.enter("bo")
    typed.enter("hi")
    assert (first.result(0), second.result(0)) == ("bo", "hi")
    assert typed.at() is None
    assert typed.buffer.text == "hello"


def test_what_is_typed_between_two_secret_questions_is_the_second_answer(typed: Input) -> None:
    """A paste of both passwords answers both, and nothing of it is left in the input."""
    first = typed.ask(SECRET)
    typed.enter("sesame")
    assert first.result(0) == "sesame"
    assert typed.at() is PAUSE
    typed.enter("sesame")
    typed.type("more")
    second = typed.ask(AGAIN)
    assert second.result(0) == "sesame"
    assert (typed.at(), typed.buffer.text) == (PAUSE, "more")
    typed.questions.release()
    assert (typed.at(), typed.buffer.text) == (None, "hello")


def test_a_half_typed_answer_goes_on(typed: Input) -> None:
    """What was begun before the second question came is the beginning of its answer."""
    typed.ask(SECRET)
    typed.enter("sesame")
    typed.type("ses")
    second = typed.ask(AGAIN)
    assert typed.at() is AGAIN
    typed.enter("ame")
    assert second.result(0) == "sesame"


def test_what_may_be_secret_answers_no_other_question(typed: Input) -> None:
    """A question that is no secret begins with nothing, and so does one after the pause."""
    typed.ask(SECRET)
    typed.enter("sesame")
    typed.enter("sesame")
    assert not typed.ask(OPEN).done()
    assert typed.buffer.text == ""
    typed.enter("bo")
    assert (typed.at(), typed.buffer.text) == (None, "hello")


def test_who_gives_up_is_in_no_pause(typed: Input) -> None:
    """A secret that is not told, or taken back, leads to nothing; Ctrl-C ends a pause."""
    first = typed.ask(SECRET)
    typed.questions.answer(None)
    assert first.cancelled()
    assert typed.at() is None
    second = typed.ask(SECRET)
    typed.questions.take(second)
    assert typed.at() is None
    typed.ask(SECRET)
    typed.enter("sesame")
    typed.questions.answer(None)
    assert (typed.at(), typed.buffer.text) == (None, "hello")


def test_the_end_answers_nothing(typed: Input) -> None:
    """Nobody waits for ever when the shell ends."""
    answers = [typed.ask(OPEN), typed.ask(SECRET)]
    typed.questions.refuse()
    assert all(answer.cancelled() for answer in answers)

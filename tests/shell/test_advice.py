"""What to do about errors of the chat, in the words of the shell."""

from __future__ import annotations

import pytest

from libchat.errors import ChatError, Closed, Code, Disconnected, InvalidName, Refused
from libchat_shell.advice import ADVICE, PLAIN, advise, advised


def test_each_code_has_advice_or_needs_none() -> None:
    """A new reason to refuse something cannot be forgotten here."""
    assert set(ADVICE) | PLAIN == set(Code)
    assert not set(ADVICE) & PLAIN


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Refused(Code.NOT_IN_ROOM, "you are not in #a; join it first", "#a"), "join it first. /join #a enters it."),
        (Refused(Code.INVITE_ONLY, "#a is shut; ask", "#a"), "#a is shut; ask. Somebody in it can type: /invite bo."),
        (Refused(Code.NO_SUCH_NAME, "nobody is called x; `who` lists who is"), "nobody is called x; /who lists who is"),
        (Refused(Code.NOT_PERMITTED, "bo has a role"), "bo has a role. /who shows who has which role."),
        (Refused(Code.NOT_PERMITTED, "only owners; ask one"), "only owners; ask one"),
        (Refused("of-a-newer-server", "the moon is full"), "the moon is full"),
        (TimeoutError("no answer"), "the server does not answer."),
        (Disconnected("it is dark"), "there is no connection (it is dark)."),
        (Closed("bo has left"), "you have left the chat"),
        (InvalidName("b*o", "no"), "'b*o' cannot be a name: no"),
    ],
)
def test_advice(error: ChatError | TimeoutError, words: str) -> None:
    """An error is told in words that say what to do, and hold no code."""
    assert words in advise(error, "bo")
    assert "[" not in advise(error, "bo")


def test_a_refusal_stays_one() -> None:
    """Programs find the code and the subject of a refusal that was put into other words."""
    refused = advised(Refused(Code.BANNED, "you are banned from #a", "#a"), "bo")
    assert (refused.code, refused.subject, str(refused)) == (Code.BANNED, "#a", "you are banned from #a")

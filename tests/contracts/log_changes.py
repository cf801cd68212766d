"""Edits, deletions and reactions: rules 4 and 8 of the contract of logs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from contracts.log_tools import (
    LogSuite,
    delete,
    edit,
    entries,
    find_texts,
    react,
    say,
    store,
    store_entry,
    texts,
    waiting,
)
from libchat.errors import Code
from libchat.limits import REACTIONS
from libchat.messages import Entry, Reaction
from libchat.records import Draft, Span, Unfit
from libchat.store.base import Log


def refusal(log: Log, draft: Draft) -> Code:
    """Append a draft that is unfit, and return why."""
    (outcome,) = store(log, draft)
    assert isinstance(outcome, Unfit), outcome
    assert outcome.reason
    return outcome.code


class LogChanges(LogSuite):
    """What refers to a message, and changes it."""

    # Edits

    def test_an_edited_message_has_the_newest_text(self, log: Log) -> None:
        """The message has the text of its newest edit; edits have numbers and texts of their own."""
        store(log, say("first"), edit(1, "second"), say("between"), edit(1, "third"))
        found = entries(log, "#red")
        assert [entry.text for entry in found] == ["third", "second", "between", "third"]
        assert [entry.seq for entry in found] == [1, 2, 3, 4]
        assert [entry.is_edited for entry in found] == [True, False, False, False]
        assert [(entry.kind, entry.ref) for entry in found][1] == ("edit", 1)

    def test_an_edit_shows_in_every_kind_of_reading(self, log: Log) -> None:
        """What waits and what is found has the newest text, too; the old one is found no more."""
        store(log, say("apple pie"), edit(1, "pear cake"))
        (_, first), (_, second) = waiting(log, Span("#red", 0, 9), name="bo").entries
        assert (first.text, first.is_edited) == ("pear cake", True)
        assert (second.text, second.kind) == ("pear cake", "edit")
        assert find_texts(log, "pear") == ["pear cake"]
        assert find_texts(log, "apple") == []

    def test_edits_stay_in_their_conversation(self, log: Log) -> None:
        """The message of the same number in another conversation is left alone."""
        store(log, say("red"), say("blue", "#blue"), edit(1, "crimson"))
        assert texts(log, "#blue") == ["blue"]

    # Deletions

    def test_a_deleted_message_has_no_text(self, log: Log) -> None:
        """Neither the message nor its edits can be read; their places are kept."""
        store(log, say("first"), edit(1, "second"), say("other"), delete(1))
        found = entries(log, "#red")
        assert [entry.text for entry in found] == ["", "", "other", ""]
        assert [entry.is_deleted for entry in found] == [True, True, False, False]
        assert [entry.kind for entry in found] == ["message", "edit", "message", "delete"]

    def test_a_deletion_shows_in_every_kind_of_reading(self, log: Log) -> None:
        """What was deleted cannot be read by waiting or found by searching."""
        store(log, say("apple pie"), edit(1, "pear cake"), delete(1))
        found = [entry for _, entry in waiting(log, Span("#red", 0, 9), name="bo").entries]
        assert [(entry.text, entry.is_deleted) for entry in found] == [("", True), ("", True), ("", False)]
        assert find_texts(log, "apple") == find_texts(log, "pear") == []

    def test_a_deleted_message_has_no_reactions(self, log: Log) -> None:
        """With the message, what people answered to it goes."""
        store(log, say(), react(1, "+1", "bo"), delete(1))
        assert entries(log, "#red")[0].reactions == ()

    # Reactions

    def test_a_page_has_reactions(self, log: Log) -> None:
        """Reactions stand in the order in which they came, each with its people in that order."""
        store(log, say(), react(1, "+1", "bo"), react(1, "ha", "ana"), react(1, "+1", "Cy"), say("else"))
        first, *_, last = entries(log, "#red")
        assert first.reactions == (Reaction("+1", ("bo", "Cy")), Reaction("ha", ("ana",)))
        assert last.reactions == ()

    def test_reacting_twice_counts_once(self, log: Log) -> None:
        """Somebody who repeats a reaction, also under a name of another case, changes nothing."""
        store(log, say(), react(1, "+1", "bo"), react(1, "+1", "Bo"))
        assert entries(log, "#red")[0].reactions == (Reaction("+1", ("bo",)),)

    def test_a_reaction_is_taken_back(self, log: Log) -> None:
        """Only the reaction that is named goes, of nobody else, and the oldest that is left comes first."""
        store(log, say(), react(1, "+1", "bo"), react(1, "ha", "bo"), react(1, "+1", "cy"))
        store(log, react(1, "+1", "Bo", "unreact"), react(1, "never", "bo", "unreact"))
        assert entries(log, "#red")[0].reactions == (Reaction("ha", ("bo",)), Reaction("+1", ("cy",)))
        store(log, react(1, "ha", "bo", "unreact"), react(1, "+1", "cy", "unreact"))
        assert entries(log, "#red")[0].reactions == ()

    def test_reactions_are_bounded(self, log: Log) -> None:
        """Of all people together, a message has so many reactions; when one goes, there is room for one."""
        store(log, say(), *(react(1, f"r{number}", "bo") for number in range(REACTIONS)))
        assert refusal(log, react(1, "more", "cy")) == Code.TOO_MANY
        store(log, react(1, "r0", "bo", "unreact"))
        store_entry(log, react(1, "more", "cy"))
        assert refusal(log, react(1, "yet more", "cy")) == Code.TOO_MANY

    def test_reactions_are_no_messages(self, log: Log) -> None:
        """A search finds messages: neither reactions nor edits nor topics."""
        store(log, say(), react(1, "word", "bo"), say("word", kind="topic"), edit(1, "else"))
        assert find_texts(log, "word") == []
        assert find_texts(log, "else") == ["else"]

    # References

    @pytest.mark.parametrize("kind", ["message", "edit", "delete", "react", "unreact"])
    def test_a_reference_to_nothing_is_refused(self, log: Log, kind: str) -> None:
        """What refers to a number that is not there, or that is no message, is unfit, and not stored."""
        store(log, say("a topic", kind="topic"), say("other", "#blue"), say("other", "#blue"))
        for ref in (1, 2, 99):
            assert refusal(log, say("x", kind=kind, ref=ref)) == Code.NO_SUCH_ENTRY
        assert texts(log, "#red") == ["a topic"]

    @pytest.mark.parametrize("kind", ["edit", "delete", "react", "unreact"])
    def test_a_reference_is_needed(self, log: Log, kind: str) -> None:
        """What is nothing without a reference is unfit if it has none."""
        assert refusal(log, say("x", kind=kind)) == Code.NO_SUCH_ENTRY

    @pytest.mark.parametrize("kind", ["message", "edit", "delete", "react", "unreact"])
    def test_a_deleted_message_is_referred_to_no_more(self, log: Log, kind: str) -> None:
        """There is no reply to what was deleted, and it is not changed again."""
        store(log, say(), delete(1))
        assert refusal(log, say("x", kind=kind, ref=1)) == Code.NO_SUCH_ENTRY

    def test_a_reply_refers_to_a_message(self, log: Log) -> None:
        """A message may refer to one before it, also to one of the same append, and anybody may."""
        assert [type(outcome) for outcome in store(log, say(), say("yes", sender="bo", ref=1))] == [Entry, Entry]
        assert [entry.ref for entry in entries(log, "#red")] == [0, 1]
        assert refusal(log, say("myself", ref=3)) == Code.NO_SUCH_ENTRY

    def test_only_the_owner_edits(self, log: Log) -> None:
        """Others may not edit a message, not even operators; what nobody owns is edited by nobody."""
        store(log, say("mine"), say("nobody's", owner=""))
        assert refusal(log, edit(1, "x", "bo")) == Code.NOT_YOURS
        assert refusal(log, replace(edit(1, "x", "bo"), is_operator=True)) == Code.NOT_YOURS
        assert refusal(log, replace(edit(2, "x"), owner="")) == Code.NOT_YOURS
        assert texts(log, "#red") == ["mine", "nobody's"]
        store_entry(log, replace(edit(1, "new", "bo"), owner="owner of ana"))

    def test_owners_and_operators_delete(self, log: Log) -> None:
        """Others may not delete a message."""
        store(log, say("one"), say("two"), say("nobody's", owner=""))
        assert refusal(log, delete(1, "bo")) == Code.NOT_YOURS
        assert refusal(log, replace(delete(3), owner="")) == Code.NOT_YOURS
        store_entry(log, delete(1))
        store_entry(log, replace(delete(2, "bo"), is_operator=True))
        store_entry(log, replace(delete(3, "bo"), is_operator=True))
        assert texts(log, "#red")[:3] == ["", "", ""]

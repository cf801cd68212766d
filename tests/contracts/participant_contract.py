"""What a participant does, however it is connected. A subclass says how, in the fixture `chat`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import pytest

import libchat
from libchat import messages as m
from libchat.limits import CID_BYTES, SEARCH_ENTRIES, TEXT_BYTES

SECONDS = 20
"""How long anything may take on a slow machine."""


class Talker(Protocol):
    """What all participants can do, as this suite uses it."""

    name: str

    def send(self, target: str, text: str, *, reply_to: int | None = None, cid: str | None = None) -> Promise:
        """Say something."""

    def edit(self, target: str, seq: int, text: str) -> Promise:
        """Replace a text."""

    def delete(self, target: str, seq: int) -> Promise:
        """Take a message away."""

    def react(self, target: str, seq: int, text: str) -> Promise:
        """Answer without words."""

    def unreact(self, target: str, seq: int, text: str) -> Promise:
        """Take a reaction back."""

    def read(self, target: str, seq: int) -> None:
        """Have read."""

    def join(self, room: str, *, password: str = "") -> m.Entered:
        """Enter a room."""

    def leave(self, room: str) -> None:
        """Leave a room."""

    def topic(self, room: str) -> str:
        """Return a topic."""

    def set_topic(self, room: str, text: str) -> Promise:
        """Set a topic."""

    def kick(self, room: str, name: str, reason: str = "") -> None:
        """Put somebody out."""

    def ban(self, room: str, mask: str, seconds: int = 0, reason: str = "", *, by_address: bool = False) -> None:
        """Keep somebody out."""

    def unban(self, room: str, mask: str) -> None:
        """Take a ban back."""

    def bans(self, room: str) -> m.BanList:
        """Return bans and mutes."""

    def mute(self, room: str, name: str, seconds: int = 0, reason: str = "") -> None:
        """Have somebody not speak."""

    def unmute(self, room: str, name: str) -> None:
        """Have somebody speak."""

    def grant(self, room: str, name: str, role: str) -> None:
        """Give a role."""

    def set_room(
        self,
        room: str,
        *,
        invite_only: bool | None = None,
        password: str | None = None,
        moderated: bool | None = None,
        secret: bool | None = None,
        open_topic: bool | None = None,
    ) -> None:
        """Set how a room is."""

    def room_settings(self, room: str) -> m.RoomIs:
        """Return how a room is."""

    def invite_to(self, room: str, name: str) -> None:
        """Invite somebody."""

    def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is there."""

    def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return the rooms."""

    def away(self, text: str = "") -> None:
        """Be away."""

    def typing(self, target: str) -> None:
        """Be typing."""

    def history(
        self,
        target: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> m.Page:
        """Return a page."""

    def search(self, text: str, *, target: str = "", before: int | None = None, limit: int = SEARCH_ENTRIES) -> m.Found:
        """Return messages with words."""

    def set_password(self, new: str, old: str = "") -> None:
        """Set a password."""

    def devices(self) -> tuple[m.DeviceInfo, ...]:
        """Return the devices."""

    def revoke(self, device: str) -> None:
        """Sign a device out."""

    def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> m.InviteMade:
        """Make an invite."""

    def ping(self) -> None:
        """Return when the chat has answered."""

    def receive(self, timeout: float | None = None) -> m.Entry:
        """Return the next message."""

    def receive_event(self, timeout: float | None = None) -> m.Event:
        """Return the next event."""

    def __iter__(self) -> Iterator[m.Entry]:
        """Yield messages."""

    def close(self) -> None:
        """Leave the chat."""


class Promise(Protocol):
    """A receipt, as this suite uses it."""

    def accepted(self, timeout: float | None = SECONDS) -> m.Accepted:
        """Wait for the answer."""


E = TypeVar("E", bound=m.Event)


def refused(do: Callable[[], object]) -> str:
    """Return the code with which something is refused."""
    with pytest.raises(libchat.Refused) as refusal:
        do()
    return refusal.value.code


def wait_for(talker: Talker, kind: type[E]) -> E:
    """Return the next event of a type, and drop the others before it."""
    while not isinstance(event := talker.receive_event(SECONDS), kind):
        pass
    return event


class Chat(Protocol):
    """A chat that people enter, each in one of the ways that there are."""

    def enter(self, name: str, *, inbox: int = 10_000) -> Talker:
        """Return a new participant. All of them leave when the test ends."""

    def end(self) -> None:
        """End the chat, with everybody in it. Nobody tries to come back."""


class ParticipantContract:
    """Each test is one promise of `libchat.Participant`."""

    def test_private_message_arrives(self, chat: Chat) -> None:
        """A message reaches its recipient with sender, target, number and time, and its sender gets these, too."""
        ana, bo = chat.enter("ana"), chat.enter("Bo")
        accepted = ana.send("bo", "hi").accepted()
        entry = bo.receive(SECONDS)
        assert (entry.sender, entry.target, entry.text, entry.kind) == ("ana", "Bo", "hi", "message")
        assert (accepted.target, accepted.seq, accepted.time) == (entry.target, entry.seq, entry.time)
        assert (accepted.seq, accepted.is_queued, entry.is_queued) == (1, False, False)

    def test_order_is_kept_and_numbers_have_no_gaps(self, chat: Chat) -> None:
        """Messages arrive in the order in which they were sent, each once."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        receipts = [ana.send("bo", str(number)) for number in range(200)]
        entries = [bo.receive(SECONDS) for _ in range(200)]
        assert [entry.text for entry in entries] == [str(number) for number in range(200)]
        assert [receipt.accepted().seq for receipt in receipts] == [entry.seq for entry in entries]
        assert [entry.seq for entry in entries] == list(range(1, 201))

    def test_what_was_said_while_away_waits(self, chat: Chat) -> None:
        """A message to somebody who has left is queued, its sender is told so, and it arrives when the name is back."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        bo.close()
        assert ana.send("bo", "later").accepted().is_queued
        entry = chat.enter("bo").receive(SECONDS)
        assert (entry.text, entry.is_queued) == ("later", True)

    def test_what_was_taken_does_not_come_again(self, chat: Chat) -> None:
        """A message that the program has received is not handed to the next one of that name; the others are."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        for text in ("one", "two"):
            ana.send("bo", text).accepted()
        assert bo.receive(SECONDS).text == "one"
        bo.ping()
        bo.close()
        assert chat.enter("bo").receive(SECONDS).text == "two"

    def test_room(self, chat: Chat) -> None:
        """Members hear of each other, and what is said to the room; who says it does not hear it."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        entered = ana.join("#x")
        assert (entered.room, entered.members, entered.topic) == ("#x", ("ana",), "")
        assert bo.join("x").members == ("ana", "bo")
        assert ana.receive_event(SECONDS) == m.Joined("#x", "bo")
        bo.send("#x", "hi all").accepted()
        assert ana.receive(SECONDS).text == "hi all"
        bo.leave("#x")
        assert ana.receive_event(SECONDS) == m.Left("#x", "bo")
        ana.send("bo", "alone now").accepted()
        assert bo.receive_event(SECONDS) == m.Entry("bo", 1, "ana", ana.history("bo").entries[0].time, "alone now")

    def test_replies_edits_reactions_and_deletions(self, chat: Chat) -> None:
        """What is done to a message is an entry for the other, and history shows what has become of it."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        first = ana.send("bo", "helo").accepted().seq
        reply = bo.send("ana", "hm?", reply_to=first).accepted().seq
        ana.edit("bo", first, "hello").accepted()
        bo.react("ana", first, "+1").accepted()
        bo.react("ana", first, "-1").accepted()
        bo.unreact("ana", first, "-1").accepted()
        bo.delete("ana", reply).accepted()
        heard = [wait_for(ana, m.Entry) for _ in range(5)]
        assert [(entry.kind, entry.ref, entry.text) for entry in heard] == [
            ("message", first, "hm?"),
            ("react", first, "+1"),
            ("react", first, "-1"),
            ("unreact", first, "-1"),
            ("delete", reply, ""),
        ]
        assert [wait_for(bo, m.Entry).kind for _ in range(2)] == ["message", "edit"]
        first_now, reply_now = (entry for entry in ana.history("bo").entries if entry.kind == "message")
        assert (first_now.text, first_now.is_edited) == ("hello", True)
        assert first_now.reactions == (m.Reaction("+1", ("bo",)),)
        assert (reply_now.text, reply_now.is_deleted) == ("", True)

    def test_nobody_changes_what_another_said(self, chat: Chat) -> None:
        """A message belongs to who said it."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        seq = ana.send("bo", "mine").accepted().seq
        for promise in (bo.edit("ana", seq, "yours"), bo.delete("ana", seq)):
            with pytest.raises(libchat.Refused) as refused:
                promise.accepted()
            assert refused.value.code == libchat.Code.NOT_YOURS

    def test_delivered_and_read_are_events(self, chat: Chat) -> None:
        """Who has said something hears that the other has it, and that the other has read it."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        seq = ana.send("bo", "hi").accepted().seq
        bo.receive(SECONDS)
        assert wait_for(ana, m.Delivered) == m.Delivered("bo", seq)
        bo.read("ana", seq)
        read = wait_for(ana, m.IsRead)
        assert (read.name, read.seq) == ("bo", seq)
        page = ana.history("bo")
        assert (page.delivered, page.read) == (seq, seq)

    def test_search(self, chat: Chat) -> None:
        """Messages are found by their words, newest first, in all conversations or in one."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        ana.join("#x")
        for target, text in (("bo", "green tea"), ("#x", "black tea"), ("bo", "coffee"), ("bo", "tea again")):
            ana.send(target, text).accepted()
        assert [entry.text for entry in ana.search("tea").entries] == ["tea again", "black tea", "green tea"]
        assert [entry.text for entry in ana.search("tea", target="#x").entries] == ["black tea"]
        assert [entry.text for entry in bo.search("tea").entries] == ["tea again", "green tea"]
        found = ana.search("tea", limit=2)
        assert found.next is not None
        older = ana.search("tea", before=found.next, limit=2)
        assert ([entry.text for entry in older.entries], older.next) == (["green tea"], None)

    def test_topic(self, chat: Chat) -> None:
        """A topic is an entry for those who are in the room, and told to those who come, or ask."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        ana.join("#x")
        assert ana.topic("#x") == ""
        ana.set_topic("#x", "tea").accepted()
        assert (bo.join("#x").topic, bo.topic("#x")) == ("tea", "tea")
        bo.set_topic("#x", "").accepted()
        assert ana.receive_event(SECONDS) == m.Joined("#x", "bo")
        entry = ana.receive_event(SECONDS)
        assert isinstance(entry, m.Entry)
        assert (entry.kind, entry.text) == ("topic", "")

    def test_who_rooms_and_away(self, chat: Chat) -> None:
        """Everybody sees who is there, who is away and why, and which rooms there are."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        bo.away("at lunch")
        bo.join("#x")
        assert ana.who() == (m.Present("ana"), m.Present("bo", "at lunch"))
        assert ana.who("#x") == (m.Present("bo", "at lunch", "owner"),)
        assert ana.rooms() == (m.RoomInfo("#x", 1),)
        assert ana.send("bo", "hi").accepted().away == "at lunch"
        bo.away()
        assert ana.who("#x") == (m.Present("bo", role="owner"),)

    def test_order_in_a_room(self, chat: Chat) -> None:
        """Roles, kicks, bans, mutes, settings and invitations do what they say, and are told to the others."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        assert ana.join("#x").role == "owner"
        assert bo.join("#x").role == ""
        ana.grant("#x", "bo", "voice")
        assert wait_for(bo, m.Granted) == m.Granted("#x", "bo", "voice", "ana")
        ana.set_room("#x", moderated=True, invite_only=True, password="tea")
        assert wait_for(bo, m.RoomIs) == m.RoomIs("#x", True, True, True, False, True, "ana")
        asked = bo.room_settings("#x")
        assert asked == m.RoomIs("#x", True, True, True, False, True, "", asked.cid)
        ana.mute("#x", "bo", 60, "loud")
        assert wait_for(bo, m.Muted).reason == "loud"
        assert refused(lambda: bo.send("#x", "hi").accepted(SECONDS)) == "muted"
        ana.unmute("#x", "bo")
        assert wait_for(bo, m.Unmuted) == m.Unmuted("#x", "bo", "ana")
        bo.send("#x", "hi").accepted(SECONDS)
        ana.kick("#x", "bo", "enough")
        assert wait_for(bo, m.Kicked) == m.Kicked("#x", "bo", "ana", "enough")
        assert refused(lambda: bo.join("#x", password="tea")) == "invite-only"
        ana.set_room("#x", invite_only=False)
        assert refused(lambda: bo.join("#x")) == "room-password"
        bo.join("#x", password="tea")
        ana.ban("#x", "bo", 60, "again")
        assert wait_for(bo, m.Kicked).reason == "again"
        assert refused(lambda: bo.join("#x", password="tea")) == "banned"
        assert [each.mask for each in ana.bans("#x").bans] == ["bo"]
        ana.unban("#x", "bo")
        ana.invite_to("#x", "bo")
        assert wait_for(bo, m.Invited) == m.Invited("#x", "ana")
        bo.join("#x")
        assert refused(lambda: bo.kick("#x", "ana")) == "not-permitted"

    def test_typing(self, chat: Chat) -> None:
        """The other one hears that somebody types."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        ana.typing("bo")
        assert bo.receive_event(SECONDS) == m.IsTyping("ana", "bo")

    def test_history(self, chat: Chat) -> None:
        """A conversation can be read back in pages, from the newest on."""
        ana = chat.enter("ana")
        chat.enter("bo")
        for number in range(5):
            ana.send("bo", str(number)).accepted()
        page = ana.history("bo", limit=2)
        assert ([entry.text for entry in page.entries], page.has_more) == (["3", "4"], True)
        page = ana.history("bo", before=page.entries[0].seq)
        assert ([entry.text for entry in page.entries], page.has_more) == (["0", "1", "2"], False)
        page = ana.history("bo", after=page.entries[0].seq, limit=2)
        assert ([entry.text for entry in page.entries], page.has_more, page.has_newer) == (["1", "2"], True, True)
        page = ana.history("bo", around=page.entries[1].seq, limit=3)
        assert [entry.text for entry in page.entries] == ["1", "2", "3"]

    @pytest.mark.parametrize(
        ("target", "text", "code"),
        [
            ("nobody", "hi", libchat.Code.NO_SUCH_NAME),
            ("bo", " \n", libchat.Code.EMPTY_TEXT),
            ("bo", "x" * (TEXT_BYTES + 1), libchat.Code.TEXT_TOO_LONG),
            ("bo", "x" * 1_000_000, libchat.Code.TEXT_TOO_LONG),
            ("ANA", "hi", libchat.Code.TO_YOURSELF),
            ("#x", "hi", libchat.Code.NOT_IN_ROOM),
            ("no good", "hi", libchat.Code.BAD_NAME),
        ],
    )
    def test_refusals_of_messages(self, chat: Chat, target: str, text: str, code: libchat.Code) -> None:
        """What the chat says against a message is raised by its receipt, and the chat goes on."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        receipt = ana.send(target, text)
        with pytest.raises(libchat.Refused) as refused:
            receipt.accepted()
        assert refused.value.code == code
        ana.send("bo", "still here").accepted()
        assert bo.receive(SECONDS).text == "still here"

    def test_refusals_of_calls(self, chat: Chat) -> None:
        """What the chat says against a call is raised by the call."""
        ana = chat.enter("ana")
        with pytest.raises(libchat.Refused) as refused:
            ana.leave("#x")
        assert (refused.value.code, refused.value.subject) == (libchat.Code.NOT_IN_ROOM, "#x")
        with pytest.raises(libchat.Refused) as refused:
            ana.join("no good")
        assert refused.value.code == libchat.Code.BAD_NAME

    def test_taken_name_is_refused(self, chat: Chat) -> None:
        """Nobody gets a name that another one has, or one that looks like it."""
        chat.enter("bo1")
        for name in ("bo1", "BO1", "bol"):
            with pytest.raises(libchat.NameTaken):
                chat.enter(name)

    def test_impossible_name_is_refused(self, chat: Chat) -> None:
        """A name that nobody may have is refused with its reason."""
        with pytest.raises(libchat.Refused) as refused:
            chat.enter("no good")
        assert refused.value.code == libchat.Code.BAD_NAME

    def test_same_cid_twice_is_one_message(self, chat: Chat) -> None:
        """A message that is sent again with its cid is answered as the first time, and not said again."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        first = ana.send("bo", "once", cid="my-1").accepted()
        again = ana.send("bo", "once", cid="my-1").accepted()
        assert (first.seq, again.seq) == (1, 1)
        ana.send("bo", "twice").accepted()
        assert [bo.receive(SECONDS).text, bo.receive(SECONDS).text] == ["once", "twice"]

    def test_same_cid_for_another_message_is_refused(self, chat: Chat) -> None:
        """A cid belongs to one message."""
        ana = chat.enter("ana")
        chat.enter("bo")
        ana.send("bo", "one", cid="1").accepted()
        with pytest.raises(libchat.Refused) as refused:
            ana.send("bo", "two", cid="1").accepted()
        assert refused.value.code == libchat.Code.CID_REUSED

    def test_own_cids_are_in_nobodys_way(self, chat: Chat) -> None:
        """The cids that a program chooses never meet those that the library makes."""
        ana = chat.enter("ana")
        chat.enter("bo")
        for number in range(1, 6):
            ana.send("bo", "mine", cid=str(number)).accepted()
            ana.send("bo", f"not mine {number}").accepted()

    @pytest.mark.parametrize("cid", ["", "x" * (CID_BYTES + 1), "~", "-1", "a\nb", "\ud800"])
    def test_cid_that_is_none_is_refused(self, chat: Chat, cid: str) -> None:
        """A cid that could be mistaken for another one, or cannot be sent, is the caller's mistake."""
        ana = chat.enter("ana")
        with pytest.raises(ValueError, match="cid"):
            ana.send("bo", "hi", cid=cid).accepted()

    def test_receiving_in_vain(self, chat: Chat) -> None:
        """Nothing to receive in time is the builtin TimeoutError."""
        with pytest.raises(TimeoutError):
            chat.enter("ana").receive(0)

    def test_inbox_that_nobody_reads_keeps_the_newest(self, chat: Chat) -> None:
        """A program that only sends may leave a room's talk unread; it finds what is private, and the newest."""
        ana, bo = chat.enter("ana"), chat.enter("bo", inbox=3)
        ana.join("#x")
        bo.join("#x")
        ana.send("bo", "for you alone").accepted()
        for number in range(10):
            ana.send("#x", str(number)).accepted()
        bo.ping()
        assert [bo.receive(SECONDS).text for _ in range(3)] == ["for you alone", "8", "9"]

    def test_answers_pass_a_full_inbox(self, chat: Chat) -> None:
        """A program that asks something for each message that it receives gets its answers, however many wait."""
        ana, bo = chat.enter("ana"), chat.enter("bo", inbox=2)
        texts = []
        ana.send("bo", "first").accepted()
        texts.append(bo.receive(SECONDS).text)  # from now on, nothing is dropped
        for number in range(2):
            ana.send("bo", str(number)).accepted()
        bo.ping()
        for _ in range(2):
            texts.append(bo.receive(SECONDS).text)
            assert len(bo.who()) == 2
            ana.send("bo", "more").accepted()
        assert texts == ["first", "0", "1"]
        assert [bo.receive(SECONDS).text, bo.receive(SECONDS).text] == ["more", "more"]

    def test_name_is_free_after_leaving(self, chat: Chat) -> None:
        """Leaving frees the name at once, and the others in the room are told."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        ana.join("#x")
        bo.join("#x")
        bo.close()
        assert [ana.receive_event(SECONDS), ana.receive_event(SECONDS)] == [m.Joined("#x", "bo"), m.Left("#x", "bo")]
        assert ana.who() == (m.Present("ana"),)
        assert chat.enter("bo").name == "bo"

    def test_name_is_as_it_was_given(self, chat: Chat) -> None:
        """The name is shown as it was typed."""
        assert chat.enter("Ana").name == "Ana"

    def test_nothing_goes_after_leaving(self, chat: Chat) -> None:
        """Whoever has left gets `Closed` for everything, and leaving again does nothing."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        bo.send("ana", "unread").accepted()
        ana.ping()
        ana.close()
        ana.close()
        for call in (lambda: ana.send("bo", "hi").accepted(), lambda: ana.receive(0), ana.who, ana.ping):
            with pytest.raises(libchat.Closed):
                call()
        assert list(ana) == []

    def test_end_of_the_chat_comes_behind_everything(self, chat: Chat) -> None:
        """When the chat ends, what came before is received first, and then everything says why it is over."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        ana.send("bo", "last words").accepted()
        bo.ping()
        chat.end()
        assert bo.receive(SECONDS).text == "last words"
        with pytest.raises(libchat.Disconnected):
            list(bo)
        with pytest.raises(libchat.Disconnected) as disconnected:
            bo.send("ana", "hi").accepted()
        assert disconnected.value.reason
        with pytest.raises(libchat.Disconnected):
            bo.who()
        bo.close()
        with pytest.raises(libchat.Closed):
            bo.receive(0)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def test_guest_becomes_an_account(self, chat: Chat) -> None:
        """A guest who sets a password stays in its rooms, and hears there what it did before; nobody else notices."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        for talker in (ana, bo):
            talker.join("#x")
        with pytest.raises(libchat.Refused) as refused:
            ana.devices()
        assert refused.value.code == "not-permitted"
        ana.set_password("correct horse battery")
        bo.send("#x", "hi").accepted()
        assert ana.receive(SECONDS).text == "hi"
        ana.send("#x", "hello").accepted()
        assert bo.receive(SECONDS).text == "hello"
        assert ana.devices() == ()
        ana.ping()
        with pytest.raises(TimeoutError):
            ana.receive_event(0)

    def test_old_password_is_checked(self, chat: Chat) -> None:
        """One that is given must be right; what can be no password is refused."""
        ana = chat.enter("ana")
        ana.set_password("correct horse battery")
        with pytest.raises(libchat.WrongPassword):
            ana.set_password("another horse battery", "wrong horse battery")
        ana.set_password("another horse battery", "correct horse battery")
        with pytest.raises(libchat.Refused) as refused:
            ana.set_password("short")
        assert refused.value.code == "bad-value"

    def test_revoking_what_is_no_device(self, chat: Chat) -> None:
        """Only a device that there is can be signed out."""
        ana = chat.enter("ana")
        ana.set_password("correct horse battery")
        with pytest.raises(libchat.Refused) as refused:
            ana.revoke("0" * 16)
        assert refused.value.code == "bad-value"

    def test_invites_are_made(self, chat: Chat) -> None:
        """Each is another one, with the room, the uses and the time that were asked for."""
        ana = chat.enter("ana")
        one, two = ana.make_invite("#x", uses=3, seconds=60), ana.make_invite()
        assert (one.room, one.uses, two.room, two.uses) == ("#x", 3, "", 1)
        assert one.token != two.token
        assert two.expires - one.expires > 1_000_000
        with pytest.raises(libchat.Refused) as refused:
            ana.make_invite(uses=0)
        assert refused.value.code == "bad-value"

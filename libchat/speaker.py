"""What a program can say in a chat, as blocking calls: each makes a command, and waits for its answer if it has one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from msgspec.structs import replace

from libchat import messages as m
from libchat.cids import check_cid
from libchat.limits import SEARCH_ENTRIES
from libchat.receipt import E, Receipt


class Speaker(ABC):
    """The half of `Participant` that talks. A subclass carries the commands, and brings the answers."""

    def send(self, target: str, text: str, *, reply_to: int | None = None, cid: str | None = None) -> Receipt:
        """Say something to a name or a `#room`, and return at once.

        `reply_to` is the number of a message in this conversation. `cid` makes sending twice harmless: pass your own,
        unique for this participant's device; it begins with a letter or digit, and has `CID_BYTES` characters at most
        (ValueError otherwise). Raises `Closed` and `Disconnected`; whatever the chat says against it is raised by
        `Receipt.accepted`.
        """
        if cid is not None:
            check_cid(cid)
        return self._request(lambda own: m.Send(target, text, own, reply_to or 0), cid, target=target)

    def edit(self, target: str, seq: int, text: str) -> Receipt:
        """Replace the text of an own message, by its number in the conversation with a name or a `#room`."""
        return self._request(lambda cid: m.Edit(target, seq, text, cid), target=target)

    def delete(self, target: str, seq: int) -> Receipt:
        """Take an own message away."""
        return self._request(lambda cid: m.Delete(target, seq, cid), target=target)

    def react(self, target: str, seq: int, text: str) -> Receipt:
        """Answer a message without words: with an emoji, mostly."""
        return self._request(lambda cid: m.React(target, seq, text, cid), target=target)

    def unreact(self, target: str, seq: int, text: str) -> Receipt:
        """Take a reaction back."""
        return self._request(lambda cid: m.Unreact(target, seq, text, cid), target=target)

    def read(self, target: str, seq: int) -> None:
        """Say that a person has read everything of a conversation up to a number. The other one of two is told."""
        self._check_open()
        self._submit(m.Read(target, seq))

    def join(self, room: str, *, password: str = "") -> m.Entered:
        """Enter a room, and return its members and topic, and one's role in it.

        Raises `Refused`: `banned`, `invite-only`, or `room-password` if it has another password.
        """
        return self._answer(m.Entered, lambda cid: m.Join(room, cid, password=password))

    def leave(self, room: str) -> None:
        """Leave a room."""
        self._answer(m.Exited, lambda cid: m.Leave(room, cid))

    def topic(self, room: str) -> str:
        """Return the topic of a room that one is in."""
        return self._answer(m.TopicIs, lambda cid: m.Topic(room, None, cid)).text

    def set_topic(self, room: str, text: str) -> Receipt:
        """Set the topic of a room that one is in; an empty one clears it."""
        return self._request(lambda cid: m.Topic(room, text, cid))

    def kick(self, room: str, name: str, reason: str = "") -> None:
        """Put somebody out of a room. They may come back.

        Like all that decides about a room, it raises `Refused`: `not-permitted` if one's role is too low for it or for
        them, and `Unavailable` if the log cannot take it, and then nothing has changed.
        """
        self._answer(m.Done, lambda cid: m.Kick(room, name, reason, cid))

    def ban(self, room: str, mask: str, seconds: int = 0, reason: str = "", *, by_address: bool = False) -> None:
        """Keep somebody out of a room, for so many seconds (0: until `unban`), and put them out if they are in it.

        `mask` is a name, an address, or a network as 192.168.1.0/24. With `by_address`, it is the name of somebody who
        is here, and the addresses from which they come are banned.
        """
        self._answer(m.Done, lambda cid: m.Ban(room, mask, seconds, reason, by_address, cid))

    def unban(self, room: str, mask: str) -> None:
        """Take a ban back."""
        self._answer(m.Done, lambda cid: m.Unban(room, mask, cid))

    def bans(self, room: str) -> m.BanList:
        """Return who is banned from a room, and who is muted in it."""
        return self._answer(m.BanList, lambda cid: m.Bans(room, cid))

    def mute(self, room: str, name: str, seconds: int = 0, reason: str = "") -> None:
        """Have somebody not speak in a room, for so many seconds (0: until `unmute`)."""
        self._answer(m.Done, lambda cid: m.Mute(room, name, seconds, reason, cid))

    def unmute(self, room: str, name: str) -> None:
        """Have somebody speak again who was muted."""
        self._answer(m.Done, lambda cid: m.Unmute(room, name, cid))

    def grant(self, room: str, name: str, role: str) -> None:
        """Give a member of a room a role: "owner", "operator", "voice", or "" for none."""
        self._answer(m.Done, lambda cid: m.Grant(room, name, role, cid))

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
        """Set how a room is; None leaves something as it is, and an empty password takes it away."""
        flags = (invite_only, password, moderated, secret, open_topic)
        self._answer(m.Done, lambda cid: m.SetRoom(room, *flags, cid))

    def room_settings(self, room: str) -> m.RoomIs:
        """Return how a room is that one is in. Its `by` is empty."""
        return self._answer(m.RoomIs, lambda cid: m.SetRoom(room, cid=cid))

    def invite_to(self, room: str, name: str) -> None:
        """Invite somebody to a room: they may enter it once, also if only those may, or if it has a password."""
        self._answer(m.Done, lambda cid: m.Invite(room, name, cid))

    def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is online, or who is in a room, sorted by name."""
        return self._answer(m.Online, lambda cid: m.Who(room, cid)).people

    def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return which rooms there are, sorted by name."""
        return self._answer(m.RoomList, m.Rooms).rooms

    def away(self, text: str = "") -> None:
        """Tell the others that one is away, and why. Without a text: that one is back."""
        self._answer(m.Done, lambda cid: m.Away(text, cid))

    def typing(self, target: str) -> None:
        """Tell a name or a room that one is typing."""
        self._check_open()
        self._submit(m.Typing(target))

    def history(
        self,
        target: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> m.Page:
        """Return the newest entries of a conversation.

        With one of three numbers, instead: the newest ones before it, the oldest ones after it, or those around it.
        """
        return self._answer(m.Page, lambda cid: m.History(target, before, limit, cid, after, around))

    def search(self, text: str, *, target: str = "", before: int | None = None, limit: int = SEARCH_ENTRIES) -> m.Found:
        """Return the newest messages with all words of a text, in one conversation or in all that one may read.

        `"two words"` must stand next to each other, `begin*` matches beginnings. `before` is the `next` of an answer,
        for older ones.
        """
        return self._answer(m.Found, lambda cid: m.Search(text, target, before, limit, cid))

    def ping(self) -> None:
        """Return when the chat has answered."""
        self._answer(m.Pong, m.Ping)

    def set_password(self, new: str, old: str = "") -> None:
        """Make the own name an account with this password, or change the password of the account.

        The `old` one is needed for that, unless this participant came with it or with a device's key, or is of the
        server's own program. Raises `WrongPassword`, and `Refused` for what can be no password.
        """
        self._answer(m.Done, lambda cid: m.Password(new, old, cid))

    def devices(self) -> tuple[m.DeviceInfo, ...]:
        """Return the devices that are signed in to the own account, oldest first."""
        return self._answer(m.DeviceList, m.Devices).devices

    def revoke(self, device: str) -> None:
        """Sign a device of the own account out, by the `id` that `devices` tells. Its connections end."""
        self._answer(m.Done, lambda cid: m.Revoke(device, cid))

    def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> m.InviteMade:
        """Make an invite to the server, or to a room, for so many uses and seconds, and return it with its token.

        Raises `Refused` for numbers out of range, and where guests may not invite others.
        """
        return self._answer(m.InviteMade, lambda cid: m.MakeInvite(room, uses, seconds, cid))

    def submit(self, command: m.Command) -> str:
        """Hand over any command, and return its `cid`: the answer is an event like all others, and repeats it.

        A command without a `cid` is given a fresh one; one that knows none, and is never answered, returns "". Raises
        `Closed` and `Disconnected`, ValueError for a `cid` that a program may not choose, and `Refused` for a command
        that cannot even be submitted.
        """
        self._check_open()
        cid = getattr(command, "cid", None)
        if cid == "":
            cid = self._fresh_cid()
            command = replace(command, cid=cid)
        elif cid is not None:
            check_cid(cid)
        self._submit(command)
        return cid or ""

    # --- for those who carry commands -------------------------------------------------------------------------------

    @abstractmethod
    def _submit(self, command: m.Command) -> None:
        """Hand a command to the chat. Must not be called under a lock."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise the reason if nothing can be sent or received any more."""

    @abstractmethod
    def _fresh_cid(self) -> str:
        """Return a `cid` that is neither one that a program may choose, nor one that `is_own`."""

    @abstractmethod
    def _request(self, command: Callable[[str], m.Command], cid: str | None = None, *, target: str = "") -> Receipt:
        """Make a command with a `cid`, a fresh one if there is none, hand it over, and return its receipt."""

    @abstractmethod
    def _answer(self, kind: type[E], command: Callable[[str], m.Command]) -> E:
        """Make a command with a fresh `cid`, hand it over, and return its answer."""

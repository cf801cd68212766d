"""What a program can say in a chat, as coroutines: the same as in `libchat.speaker`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from libchat import messages as m
from libchat.cids import check_cid
from libchat.limits import SEARCH_ENTRIES
from libchat.receipt import E


class AsyncSpeaker(ABC):
    """The half of `AsyncClient` that talks. A subclass carries the commands, and brings the answers."""

    async def send(self, target: str, text: str, *, reply_to: int | None = None, cid: str | None = None) -> m.Accepted:
        """Say something to a name or a `#room`, and return when the log has it.

        A task that is cancelled here does not take it back: it may be sent, or be in the log already. `reply_to`, `cid`
        and what is raised are as for `Participant.send` and `Receipt.accepted`.
        """
        if cid is not None:
            check_cid(cid)
        return await self._answer(m.Accepted, lambda own: m.Send(target, text, own, reply_to or 0), cid)

    async def edit(self, target: str, seq: int, text: str) -> m.Accepted:
        """Replace the text of an own message, by its number in the conversation with a name or a `#room`."""
        return await self._answer(m.Accepted, lambda cid: m.Edit(target, seq, text, cid))

    async def delete(self, target: str, seq: int) -> m.Accepted:
        """Take an own message away."""
        return await self._answer(m.Accepted, lambda cid: m.Delete(target, seq, cid))

    async def react(self, target: str, seq: int, text: str) -> m.Accepted:
        """Answer a message without words: with an emoji, mostly."""
        return await self._answer(m.Accepted, lambda cid: m.React(target, seq, text, cid))

    async def unreact(self, target: str, seq: int, text: str) -> m.Accepted:
        """Take a reaction back."""
        return await self._answer(m.Accepted, lambda cid: m.Unreact(target, seq, text, cid))

    async def read(self, target: str, seq: int) -> None:
        """Say that a person has read everything of a conversation up to a number. The other one of two is told."""
        self._submit(m.Read(target, seq))

    async def join(self, room: str, *, password: str = "") -> m.Entered:
        """Enter a room, and return its members and topic, and one's role in it. As `Participant.join`."""
        return await self._answer(m.Entered, lambda cid: m.Join(room, cid, password=password))

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await self._answer(m.Exited, lambda cid: m.Leave(room, cid))

    async def topic(self, room: str) -> str:
        """Return the topic of a room that one is in."""
        return (await self._answer(m.TopicIs, lambda cid: m.Topic(room, None, cid))).text

    async def set_topic(self, room: str, text: str) -> m.Accepted:
        """Set the topic of a room that one is in; an empty one clears it."""
        return await self._answer(m.Accepted, lambda cid: m.Topic(room, text, cid))

    async def kick(self, room: str, name: str, reason: str = "") -> None:
        """Put somebody out of a room. They may come back. As `Participant.kick`."""
        await self._answer(m.Done, lambda cid: m.Kick(room, name, reason, cid))

    async def ban(self, room: str, mask: str, seconds: int = 0, reason: str = "", *, by_address: bool = False) -> None:
        """Keep somebody out of a room, for so many seconds (0: until `unban`), and put them out if they are in it.

        `mask` is a name, an address, or a network as 192.168.1.0/24. With `by_address`, it is the name of somebody who
        is here, and the addresses from which they come are banned.
        """
        await self._answer(m.Done, lambda cid: m.Ban(room, mask, seconds, reason, by_address, cid))

    async def unban(self, room: str, mask: str) -> None:
        """Take a ban back."""
        await self._answer(m.Done, lambda cid: m.Unban(room, mask, cid))

    async def bans(self, room: str) -> m.BanList:
        """Return who is banned from a room, and who is muted in it."""
        return await self._answer(m.BanList, lambda cid: m.Bans(room, cid))

    async def mute(self, room: str, name: str, seconds: int = 0, reason: str = "") -> None:
        """Have somebody not speak in a room, for so many seconds (0: until `unmute`)."""
        await self._answer(m.Done, lambda cid: m.Mute(room, name, seconds, reason, cid))

    async def unmute(self, room: str, name: str) -> None:
        """Have somebody speak again who was muted."""
        await self._answer(m.Done, lambda cid: m.Unmute(room, name, cid))

    async def grant(self, room: str, name: str, role: str) -> None:
        """Give a member of a room a role: "owner", "operator", "voice", or "" for none."""
        await self._answer(m.Done, lambda cid: m.Grant(room, name, role, cid))

    async def set_room(
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
        await self._answer(m.Done, lambda cid: m.SetRoom(room, *flags, cid))

    async def room_settings(self, room: str) -> m.RoomIs:
        """Return how a room is that one is in. Its `by` is empty."""
        return await self._answer(m.RoomIs, lambda cid: m.SetRoom(room, cid=cid))

    async def invite_to(self, room: str, name: str) -> None:
        """Invite somebody to a room: they may enter it once, also if only those may, or if it has a password."""
        await self._answer(m.Done, lambda cid: m.Invite(room, name, cid))

    async def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is online, or who is in a room, sorted by name."""
        return (await self._answer(m.Online, lambda cid: m.Who(room, cid))).people

    async def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return which rooms there are, sorted by name."""
        return (await self._answer(m.RoomList, m.Rooms)).rooms

    async def away(self, text: str = "") -> None:
        """Tell the others that one is away, and why. Without a text: that one is back."""
        await self._answer(m.Done, lambda cid: m.Away(text, cid))

    async def typing(self, target: str) -> None:
        """Tell a name or a room that one is typing."""
        self._submit(m.Typing(target))

    async def history(
        self,
        target: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> m.Page:
        """Return the newest entries of a conversation, or those next to a number, as `Participant.history` does."""
        return await self._answer(m.Page, lambda cid: m.History(target, before, limit, cid, after, around))

    async def search(
        self, text: str, *, target: str = "", before: int | None = None, limit: int = SEARCH_ENTRIES
    ) -> m.Found:
        """Return the newest messages with all words of a text, as `Participant.search` does."""
        return await self._answer(m.Found, lambda cid: m.Search(text, target, before, limit, cid))

    async def ping(self) -> None:
        """Return when the chat has answered."""
        await self._answer(m.Pong, m.Ping)

    async def set_password(self, new: str, old: str = "") -> None:
        """Make the own name an account with this password, or change the password of the account.

        As `Participant.set_password` does.
        """
        await self._answer(m.Done, lambda cid: m.Password(new, old, cid))

    async def devices(self) -> tuple[m.DeviceInfo, ...]:
        """Return the devices that are signed in to the own account, oldest first."""
        return (await self._answer(m.DeviceList, m.Devices)).devices

    async def revoke(self, device: str) -> None:
        """Sign a device of the own account out, by the `id` that `devices` tells. Its connections end."""
        await self._answer(m.Done, lambda cid: m.Revoke(device, cid))

    async def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> m.InviteMade:
        """Make an invite to the server, or to a room, for so many uses and seconds, and return it with its token.

        Raises `Refused` for numbers out of range, and where guests may not invite others.
        """
        return await self._answer(m.InviteMade, lambda cid: m.MakeInvite(room, uses, seconds, cid))

    # --- for those who carry commands -------------------------------------------------------------------------------

    @abstractmethod
    def _submit(self, command: m.Command) -> None:
        """Hand a command to the chat."""

    @abstractmethod
    async def _answer(self, kind: type[E], command: Callable[[str], m.Command], cid: str | None = None) -> E:
        """Make a command with a `cid`, a fresh one if there is none, hand it over, and return its answer."""

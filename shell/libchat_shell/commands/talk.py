"""Saying things, and changing what was said."""

from __future__ import annotations

from typing import Annotated

from libchat.plugins import Arg, Text, UsageError
from libchat_shell.commands.builtin import NOTHING, builtin, hear_own
from libchat_shell.commands.kinds import AnswerKind, EmojiKind, LedKind, MessageKind, TargetKind, lead_of
from libchat_shell.context import ShellContext

Emoji = Annotated[str, EmojiKind(), Arg(help="an emoji, its name as :+1:, or any short text")]
Number = Annotated[int, MessageKind(), Arg(help="the number of the message (default: the last one)")]


@builtin(aliases=("m",))
def msg(
    ctx: ShellContext,
    name: Annotated[str, TargetKind(), Arg(help="a name or a #room")],
    text: Annotated[Text, Arg(help="what to say")],
) -> None:
    """Say something to somebody, without going there.

    It waits for them if they are away.

    Example: /msg bo shall we have lunch?
    """
    ctx.shell.say(name, _something(text))


@builtin(aliases=("q",))
def query(
    ctx: ShellContext,
    name: Annotated[str, TargetKind(), Arg(help="a name or a #room")],
    text: Annotated[Text, Arg(help="what to say at once")] = NOTHING,
) -> None:
    """Go to the private conversation with somebody.

    What you type from then on is said there.

    Example: /query bo
    """
    ctx.shell.switch(name)
    if text.strip():
        ctx.shell.say(name, str(text))


@builtin()
def me(ctx: ShellContext, text: Annotated[Text, Arg(help="what you do")]) -> None:
    """Say what you do: everybody sees "* ana waves".

    Example: /me waves
    """
    ctx.shell.say(ctx.need_target(), f"/me {_something(text)}")


@builtin(aliases=("r",))
def reply(ctx: ShellContext, text: Annotated[Text, LedKind(AnswerKind())]) -> None:
    """Answer a message: the last one, or another.

    NAME is for the last one of somebody, N for the one of that number.

    Example: /reply bo yes, at noon
    """
    target, said, lead = ctx.need_target(), _something(text), lead_of(text)
    seq = lead if isinstance(lead, int) else _last(ctx, target, of=lead or "")
    ctx.shell.say(target, said, reply_to=seq)


@builtin()
def edit(ctx: ShellContext, text: Annotated[Text, LedKind(MessageKind(is_own=True))]) -> None:
    """Change what you have said.

    That is your last message here, or the one of a number. A text that begins with a number needs the number of the
    message before it.

    Example: /edit see you at noon
    Example: /edit 12 see you at noon
    """
    target, said, lead = ctx.need_target(), _something(text), lead_of(text)
    seq = lead if isinstance(lead, int) else _last(ctx, target, is_own=True)
    hear_own(ctx, target, ctx.chat.edit(target, seq, said), "edit", said, seq)


@builtin(aliases=("del",))
def delete(ctx: ShellContext, number: Number | None = None) -> None:
    """Take away what you have said: the last message, or another.

    Operators of a room may take away anybody's.

    Example: /delete 12
    """
    target = ctx.need_target()
    seq = number or _last(ctx, target, is_own=True)
    hear_own(ctx, target, ctx.chat.delete(target, seq), "delete", ref=seq)


@builtin()
def react(ctx: ShellContext, emoji: Emoji, number: Number | None = None) -> None:
    """Answer a message without words: the last one, or another.

    Example: /react :+1:
    Example: /react 🎉 12
    """
    target = ctx.need_target()
    seq = number or _last(ctx, target)
    hear_own(ctx, target, ctx.chat.react(target, seq, emoji), "react", emoji, seq)


@builtin()
def unreact(ctx: ShellContext, emoji: Emoji, number: Number | None = None) -> None:
    """Take a reaction of yours back.

    Example: /unreact :+1:
    """
    target = ctx.need_target()
    seq = number or _last(ctx, target)
    hear_own(ctx, target, ctx.chat.unreact(target, seq, emoji), "unreact", emoji, seq)


@builtin()
def away(ctx: ShellContext, note: Annotated[Text, Arg(help="why, and until when")] = NOTHING) -> str:
    """Tell the others that you are away, and why.

    Whoever writes to you is told, and /who shows it. /back ends it.

    Example: /away lunch, back at one
    """
    text = note.strip() or "away"
    ctx.chat.away(text)
    return f"the others see that you are away: {text}. /back when you are here again"


@builtin()
def back(ctx: ShellContext) -> str:
    """Tell the others that you are back.

    Example: /back
    """
    ctx.chat.away()
    return "the others see that you are here again"


def _something(text: str) -> str:
    """Return a text that says something. Raises `UsageError`."""
    if not text.strip():
        raise UsageError("there is nothing to say: write a text behind it")
    return str(text)


def _last(ctx: ShellContext, target: str, *, is_own: bool = False, of: str = "") -> int:
    """Return the number of the last own message, of somebody's, or of the others'. Raises `UsageError`."""
    found = ctx.shell.last(target, own=is_own, of=of)
    if found is None:
        what = (
            "you have said nothing" if is_own else f"{of} has said nothing" if of else "nobody else has said anything"
        )
        raise UsageError(f"{what} here of late; give the number of the message, /history shows it")
    return found.seq

"""The shell itself: what is on the screen, its settings, whom one hears, the end."""

from __future__ import annotations

from typing import Annotated, Literal

from libchat.names import target_key
from libchat.plugins import Arg, Member, Text, UsageError
from libchat.tables import format_table
from libchat_shell.commands.builtin import NOTHING, builtin, indented
from libchat_shell.commands.kinds import IgnoredKind, PlaceKind, SettingTextKind, lead_of
from libchat_shell.context import ShellContext
from libchat_shell.desk import Setting

Place = Annotated[str, PlaceKind(), Arg(help="its number, its name, or the beginning of that")]


@builtin(aliases=("s", "buffer"))
def switch(ctx: ShellContext, place: Place | None = None) -> str | None:
    """Go to another conversation, or list those that are open.

    The beginning of a name is enough, or its number.

    Example: /switch 2
    Example: /switch bo
    """
    if place is None:
        active = ctx.shell.active
        rows = [
            (str(number), "*" if target == active else "", target or "home")
            for number, target in enumerate(ctx.shell.conversations)
        ]
        return "\n".join(format_table(rows))
    ctx.shell.switch(place)
    return None


@builtin()
def close(ctx: ShellContext, place: Place | None = None) -> str | None:
    """Take a conversation off the list.

    You stay in a room, and it comes back when something is said there. /leave leaves it.

    Example: /close
    Example: /close bo
    """
    target = ctx.target if place is None else place
    if not target:
        raise UsageError("home cannot be closed; /quit ends the shell")
    ctx.shell.close(target)
    return None


@builtin()
def clear(ctx: ShellContext) -> None:
    """Empty the screen.

    /history brings back what was said.

    Example: /clear
    """
    ctx.shell.clear()


@builtin(aliases=("exit",))
def quit_(
    ctx: ShellContext, reason: Annotated[Text, Arg(help="a last word, which those in your rooms see")] = NOTHING
) -> None:
    """Leave the chat, and end.

    Example: /quit good night
    """
    ctx.shell.quit(reason)


# --- settings -------------------------------------------------------------------------------------------------------


@builtin("set")
def set_(ctx: ShellContext, name: Annotated[Text, SettingTextKind()] = NOTHING) -> str:
    """Show the settings of the shell, or change one.

    What you change is kept. The value `default` takes a change back.

    Example: /set
    Example: /set theme dark
    Example: /set notify default
    """
    wanted, value = str(lead_of(name) or ""), str(name)
    if not wanted:
        return "\n".join(_listed(ctx))
    setting = _find(ctx, wanted)
    if not value:
        return "\n".join(_described(setting))
    try:
        ctx.shell.set(wanted, setting.default if value == "default" else value)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return f"{wanted} is {_find(ctx, wanted).value}"


def _listed(ctx: ShellContext) -> list[str]:
    rows = [
        ("*" if each.value != each.default else "", each.name, each.value, each.help) for each in ctx.shell.settings
    ]
    return [*format_table([("", "SETTING", "VALUE", ""), *rows]), "* is not as it comes; /set NAME VALUE changes one"]


def _described(setting: Setting) -> list[str]:
    rows = [("is", setting.value), ("comes as", setting.default), ("does", setting.help)]
    if setting.choices:
        rows.append(("may be", ", ".join(setting.choices)))
    return [f"{setting.name}:", *indented(rows)]


def _find(ctx: ShellContext, name: str) -> Setting:
    return next(each for each in ctx.shell.settings if each.name == name)


@builtin()
def notify(
    ctx: ShellContext,
    what: Annotated[Literal["all", "mentions", "none", "default"] | None, Arg(help="what calls you")] = None,
    place: Place | None = None,
) -> str:
    """Say what of a conversation calls you.

    That is everything, what names you, nothing, or, by default, what the setting notify says.

    Example: /notify none
    Example: /notify all #team
    """
    target = ctx.need_target() if place is None else place
    if not target:
        raise UsageError("home calls nobody; name a conversation")
    if what is not None:
        ctx.shell.set_notify(target, "" if what == "default" else what)
    now = ctx.shell.notify(target)
    return f"{target}: notify is {now or 'as /set notify says'}"


@builtin()
def ignore(ctx: ShellContext, name: Annotated[Member, Arg(help="whom you do not want to hear")] | None = None) -> str:
    """Show nothing any more that somebody says.

    They are not told. Without a name, it lists those that are ignored.

    Example: /ignore bo
    """
    if name is None:
        ignored = ", ".join(ctx.shell.ignored)
        return f"ignored: {ignored}; /unignore NAME shows again what they say" if ignored else "nobody is ignored"
    if target_key(name) == target_key(ctx.me):
        raise UsageError("you cannot ignore yourself")
    ctx.shell.ignore(name, is_ignored=True)
    return f"what {name} says is not shown; /unignore {name} ends that"


@builtin()
def unignore(ctx: ShellContext, name: Annotated[str, IgnoredKind(), Arg(help="whom you want to hear again")]) -> str:
    """Show again what somebody says.

    Example: /unignore bo
    """
    ctx.shell.ignore(name, is_ignored=False)
    return f"what {name} says is shown again"


@builtin()
def ping(ctx: ShellContext) -> str:
    """Ask how long the server takes to answer.

    Example: /ping
    """
    begun = ctx.now()
    ctx.chat.ping()
    return f"the server has answered within {max(ctx.now() - begun, 0) * 1000:.0f} ms"

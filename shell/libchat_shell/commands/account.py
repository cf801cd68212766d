"""The own name: taking another one, a password for it, and the devices that are signed in to it."""

from __future__ import annotations

from typing import Annotated

from libchat import Code, Refused
from libchat.names import parse_name
from libchat.plugins import Arg, UsageError
from libchat.tables import format_table
from libchat_shell.commands.builtin import ask_secret, builtin, milliseconds
from libchat_shell.commands.kinds import SeenKind
from libchat_shell.context import ShellContext
from libchat_shell.times import ago


@builtin()
def nick(ctx: ShellContext, name: Annotated[str, Arg(help="what you want to be called")] = "") -> str:
    """Take another name, or tell what yours is.

    You leave, and come back under the new name into the same rooms.

    Example: /nick anna
    """
    if not name:
        return f"you are {ctx.me}; /nick NAME takes another name"
    wanted = parse_name(name).display
    if wanted == ctx.me:
        raise UsageError(f"you are {ctx.me} already")
    ctx.shell.reconnect_as(wanted)
    return f"you are {wanted} now"


@builtin()
def password(ctx: ShellContext) -> str:
    """Protect your name by a password, or change that.

    Nobody else can take your name then. You are asked for it. It is not shown, and kept nowhere.

    Example: /password
    """
    new = ask_secret(ctx, "new password: ")
    if ask_secret(ctx, "the same again: ") != new:
        raise UsageError("the two were not the same; nothing was changed")
    try:
        ctx.chat.set_password(new)
    except Refused as refused:
        if refused.code != Code.PASSWORD_NEEDED:
            raise
        ctx.chat.set_password(new, ask_secret(ctx, "present password: "))
    return f"the password of {ctx.me} is set; you need it where you have not signed in yet"


@builtin()
def devices(ctx: ShellContext) -> str:
    """List the devices that are signed in to your account.

    They need no password.

    Example: /devices
    """
    found = ctx.chat.devices()
    ctx.shell.remember("devices", [each.id for each in found])
    if not found:
        return "no device is signed in: this account is used with its password"
    now = milliseconds(ctx)
    rows = [
        (each.id, each.label, ago(each.added, now), ago(each.seen, now), "this one" if each.is_current else "")
        for each in found
    ]
    return "\n".join(format_table([("ID", "DEVICE", "SIGNED IN", "LAST SEEN", ""), *rows]))


@builtin()
def revoke(
    ctx: ShellContext, device: Annotated[str, SeenKind("devices", "ID"), Arg(help="the ID that /devices lists")]
) -> str:
    """Sign a device of yours out.

    Its connections end, and it needs the password again.

    Example: /revoke 6a09e667f3bcc908
    """
    ctx.chat.revoke(device)
    return f"device {device} is signed out"

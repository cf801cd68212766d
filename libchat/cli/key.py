"""`libchat key`: the server's key, and its planned change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from libchat.cli import output
from libchat.cli.data import add_data_option, data_folder
from libchat.cli.durations import duration
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command

DAY = 24 * 3600


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "key",
        run,
        "Show the key of the server of this machine, or change it as planned.",
        "  show      the key, and the next one if a change is planned\n"
        "  plan      make the next key, and have the server announce it when it starts again\n"
        "  switch    make the next key the present one; the server shows it when it starts again\n"
        "\nClients that connect between the announcement and the change take the new key by themselves. All others "
        "have to accept it by hand, as after any other change: so leave some weeks in between. The old key is kept as "
        "server-key-old.pem.",
        ("libchat key show", "libchat key plan --in 30d", "libchat key switch"),
    )
    parser.add_argument("action", choices=["show", "plan", "switch"], help="what to do, see above")
    parser.add_argument(
        "--in",
        dest="after",
        type=duration,
        default=30 * DAY,
        metavar="SPAN",
        help="plan: from when on the next key may be shown, as 24h, 30d or 6w (default: 30d)",
    )
    parser.add_argument("--now", action="store_true", help="switch: do not wait for the announced time (default: wait)")
    add_data_option(parser)


def run(options: Options) -> int:
    """Do it."""
    {"show": _show, "plan": _plan, "switch": _switch}[options.action](options)
    return Exit.OK


def _show(options: Options) -> None:
    from libchat.security.key_change import format_since, planned_change, present_pin

    folder = data_folder(options)
    _tell("key:  ", present_pin(folder))
    planned = planned_change(folder)
    if planned is not None:
        _tell("next: ", planned.pin)
        output.say(f"from:  {format_since(planned)}")


def _plan(options: Options) -> None:
    from libchat.security.key_change import format_since, plan_change

    planned = plan_change(data_folder(options), datetime.now(UTC) + timedelta(seconds=options.after))
    _tell("next: ", planned.pin)
    output.say(f"from:  {format_since(planned)}")
    output.notice("restart the server, so that it announces this; on that day or later say: libchat key switch")


def _switch(options: Options) -> None:
    from libchat.security.key_change import make_change, planned_change

    folder, now = data_folder(options), datetime.now(UTC)
    planned = planned_change(folder)
    pin = make_change(folder, now, early=options.now)
    if planned is not None and planned.since > now.timestamp():
        output.notice("clients take this key from the announced time on; until then they stop at it")
    _tell("key:  ", pin)
    output.notice("restart the server, so that it shows this key")


def _tell(what: str, pin: str) -> None:
    from libchat.security.words import words_of

    output.say(f"{what} {pin}")
    output.say(f"       {words_of(pin)}")

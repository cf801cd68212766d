"""A bot with a command of its own: people write `!tea 2`, and are told how long it takes.

    python bot.py               shows it, in a chat in process
    python bot.py ADDRESS       takes part in the room #tea of a server, until Ctrl-C; an invite will do, too

The signature is the grammar: `!help tea` is made of it, and so is what those are told who mistype.
"""

import sys

import libchat
from libchat.plugins import Context

bot = libchat.Bot("kitchen")


@bot.command(rate="5/10s")
def tea(ctx: Context, cups: int = 1, *, sugar: bool = False) -> str:
    """Make tea."""
    return f"{cups} cups for {ctx.sender}{' with sugar' if sugar else ''}, in {cups * 2} minutes"


def main() -> None:
    with libchat.Hub() as hub, bot:
        bot.start(hub, rooms=["#tea"])
        ana = hub.connect("ana")
        ana.join("#tea")
        for text in ("!tea 2 --sugar", "!tea two"):
            ana.send("#tea", text)
            print(ana.receive(timeout=10).text)


if __name__ == "__main__":
    try:
        bot.run(sys.argv[1], rooms=["#tea"]) if sys.argv[1:] else main()
    except (libchat.ChatError, OSError, ValueError) as error:
        raise SystemExit(f"bot.py: {error}") from None
    except KeyboardInterrupt:
        bot.close()

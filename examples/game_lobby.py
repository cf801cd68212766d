"""A lobby for games: people say what they want to play, and get a room of their own as soon as a table is full.

    python game_lobby.py               shows it, in a chat in process
    python game_lobby.py ADDRESS       keeps the room #lobby of a server, until Ctrl-C; an invite will do, too

In #lobby, `!play chess` takes a seat, `!tables` tells who waits for what, and who leaves gets up. The room of a game
takes invited people only, and is not seen by others.
"""

import sys
import threading
from itertools import count
from typing import Literal

import libchat
from libchat.plugins import Context

SEATS = {"chess": 2, "skat": 3, "whist": 4}
Game = Literal["chess", "skat", "whist"]

lobby = libchat.Bot("lobby")
waiting: dict[str, list[str]] = {game: [] for game in SEATS}
numbers = count(1)
lock = threading.Lock()  # commands run in several threads


@lobby.command
def play(ctx: Context, game: Game) -> str:
    """Take a seat at a table; the one before is given up."""
    with lock:
        get_up(ctx.sender)
        table = waiting[game]
        table.append(ctx.sender)
        if len(table) < SEATS[game]:
            return f"{ctx.sender} waits for {game}: {len(table)} of {SEATS[game]}"
        players, waiting[game] = table, []
    room = open_room(ctx.chat, game, players)
    return f"{' and '.join(players)} play {game} in {room}"


@lobby.command
def tables() -> str:
    """Tell who waits for what."""
    with lock:
        return "; ".join(f"{game}: {', '.join(players)}" for game, players in waiting.items() if players) or "all empty"


@lobby.hook("leave")
def left(room: str, name: str) -> None:
    if room == "#lobby":
        with lock:
            get_up(name)


def get_up(name: str) -> None:
    for table in waiting.values():
        if name in table:
            table.remove(name)


def open_room(chat: libchat.Participant, game: str, players: list[str]) -> str:
    room = f"#{game}-{next(numbers)}"
    while chat.join(room).role != "owner":  # it is somebody's already, perhaps since an earlier run
        chat.leave(room)
        room = f"#{game}-{next(numbers)}"
    chat.set_room(room, invite_only=True, secret=True)
    for player in players:
        chat.invite_to(room, player)
    chat.send(room, f"{players[0]} begins.").accepted()  # who comes finds it in the room's history
    return room


def main() -> None:
    with libchat.Hub() as hub, lobby:
        lobby.start(hub, rooms=["#lobby"])
        ana, bo = hub.connect("ana"), hub.connect("bo")
        for player in (ana, bo):
            player.join("#lobby")
        for player, text in ((ana, "!play whist"), (bo, "!play chess"), (ana, "!tables"), (ana, "!play chess")):
            player.send("#lobby", text)
            answer = ana.receive(timeout=10)
            while answer.sender != "lobby":
                answer = ana.receive(timeout=10)
            print(answer.text)
        print("members:", ", ".join(bo.join("#chess-1").members))
        print(bo.history("#chess-1").entries[-1].text)


if __name__ == "__main__":
    try:
        lobby.run(sys.argv[1], rooms=["#lobby"]) if sys.argv[1:] else main()
    except (libchat.ChatError, OSError, ValueError) as error:
        raise SystemExit(f"game_lobby.py: {error}") from None
    except KeyboardInterrupt:
        lobby.close()

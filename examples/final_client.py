"""The original client, on top of libchat: the same flags, the same words.

    python final_client.py [--host 127.0.0.1] [--port 8080]

It asks for a name. Then you write

    who             who is online                     message     a private message: it asks to whom, and what
    join ROOM       enter a room                      NAME:TEXT   the same in one line
    exit            goodbye; the name is free again

or the same behind `server:`, as in `server:who`. In a room every line is said to it, but for `leave` and those words.
"""

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime

import libchat

WORDS = "write NAME:TEXT, `message`, `who`, `join ROOM` or `exit`; in a room, every line is said to it till `leave`"


def ask(question: str) -> str:
    return input(question if sys.stdin.isatty() else "")


def tell(text: str) -> None:
    print(f"server: {text}", flush=True)


def enter(address: str) -> libchat.Client:
    """Ask for names until one is free."""
    while True:
        name = ask("name: ").strip()
        try:
            chat = libchat.connect(address, name)
        except libchat.NameTaken:
            tell(f"{name} is taken, choose another name")
        except libchat.Refused as refused:
            tell(f"error {refused.code}: {refused.reason}")
        else:
            tell(f"welcome {chat.name}")
            return chat


def listen(chat: libchat.Client) -> None:
    """Print what comes. When the chat has ended, so has the person's turn to write."""
    try:
        for event in chat.events():
            show(event)
    except libchat.Disconnected as end:
        tell(f"bye ({end.reason})")
        if hasattr(signal, "pthread_kill"):  # Windows waits for the next line
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def show(event: libchat.Event) -> None:
    match event:
        case libchat.Entry(kind="message"):
            place = [f"in {event.target[1:]}"] if event.target.startswith("#") else []
            at = datetime.fromtimestamp(event.time / 1000, UTC).astimezone()
            sent = [f"sent {at:%Y-%m-%d %H:%M}"] if event.is_queued else []
            where = f" ({', '.join(place + sent)})" if place + sent else ""
            for line in event.text.split("\n"):
                print(f"{event.sender}{where}: {line}", flush=True)
        case libchat.Joined():
            tell(f"{event.name} joined {event.room[1:]}")
        case libchat.Left():
            tell(f"{event.name} left {event.room[1:]}")
        case libchat.Interrupted():
            tell("the connection is lost, trying again; what you write waits")
        case libchat.Resumed():
            tell("connected again")


def obey(chat: libchat.Client, line: str, room: str) -> str:
    """Do what a line says, and return in which room one is then."""
    words = line.removeprefix("server:")
    word, _, rest = words.strip().partition(" ")
    if not line.strip():
        return room
    if room and line != "leave" and words == line:
        say(chat, room, line)
    elif word == "who":
        people = [person.name for person in chat.who()]
        tell(f"online ({len(people)}): {', '.join(people)}")
    elif word == "join" and rest:
        entered = chat.join(rest.strip()).room
        if room not in ("", entered):
            chat.leave(room)
        tell(f"joined {entered[1:]}")
        return entered
    elif word == "leave":
        if room:
            chat.leave(room)
            tell(f"left {room[1:]}")
        return ""
    elif word == "exit":
        raise EOFError
    elif word == "message":
        say(chat, ask("to: ").strip(), ask("text: "))
    elif ":" in words and words == line:
        name, _, text = line.partition(":")
        say(chat, name.strip(), text.removeprefix(" "))
    else:
        tell(f"error unknown-command: {WORDS}")
    return room


def say(chat: libchat.Client, target: str, text: str) -> None:
    accepted = chat.send(target, text).accepted()
    if accepted.is_queued:
        tell(f"{target} is away, your message is queued")
    elif accepted.away:
        tell(f"{target} is away: {accepted.away}")


def talk(chat: libchat.Client) -> None:
    room = ""
    while True:
        line = ask(f"{room[1:]}> ")
        try:
            room = obey(chat, line, room)
        except libchat.Refused as refused:
            tell(f"error {refused.code}: {refused.reason}")
            room = "" if refused.code == libchat.Code.NOT_IN_ROOM else room  # put out of it, or it is gone
        except TimeoutError:
            tell("the server does not answer; it is done as soon as it does")


def main() -> None:
    parser = argparse.ArgumentParser(description="Talk to others in a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="where the server is (%(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="its port (%(default)s)")
    options = parser.parse_args()
    host = f"[{options.host}]" if ":" in options.host else options.host
    try:
        with enter(f"{host}:{options.port}") as chat:
            threading.Thread(target=listen, args=(chat,), daemon=True).start()
            try:
                talk(chat)
            except EOFError:
                tell("bye")
    except (EOFError, KeyboardInterrupt, libchat.Closed, libchat.Disconnected):
        pass
    except (libchat.ChatError, OSError, ValueError) as error:
        parser.exit(1, f"{options.host}:{options.port} cannot be reached: {error}\n")


if __name__ == "__main__":
    main()

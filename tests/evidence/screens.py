"""Pictures of people at their terminals: each function plays a scene with the real program, and draws how it ends.

Each scene waits for all that will stand in its picture, so that the same scene makes the same picture, byte for byte.
What is different in each run is drawn as something that stands for it (`MASKS`).
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import Final

import libchat
from evidence.stage import NEXT_KEY, Stage
from support.picture import MASKS, Pane, draw, draw_together
from support.program import PATIENCE, Serving
from support.terminal import Terminal

SIDE: Final = 66
"""Columns of each of two screens side by side."""


PROMPT: Final = re.compile(r"^\S*>( |$)", re.MULTILINE)
"""The prompt of the shell, as `> ` or `#team> `: no line of a conversation begins like that."""


# --- what people do -------------------------------------------------------------------------------------------------


def enter_chat(terminal: Terminal, name: str) -> None:
    """Join the chat under a name."""
    command(terminal, f"libchat chat --host 127.0.0.1 --name {name}")
    terminal.expect(f"welcome {name}", f"{name}: in no room")


def command(terminal: Terminal, line: str) -> None:
    """Type a line at the prompt of `sh`."""
    terminal.press(line)
    terminal.wait(lambda: terminal.text.replace("\n", "").endswith(f"$ {line}"), line)
    terminal.press("\r")


def prompt(terminal: Terminal) -> None:
    """Wait until `sh` shows its prompt again, with nothing behind it."""
    terminal.wait(lambda: terminal.text.endswith("\n$ "), "the prompt of sh")


def join(terminal: Terminal, room: str) -> None:
    """Enter a room."""
    terminal.press(f"/join {room}\r")
    terminal.expect(f"#{room}> ", f"── #{room} ──")


def say(speaker: Terminal, text: str, *hearers: Terminal, shown: str = "") -> None:
    """Say something, and wait until it is accepted and stands on all screens."""
    speaker.press(f"{text}\r")
    for each in (speaker, *hearers):
        each.expect(f"│ {(shown or text)[:24].rstrip()}")
    speaker.expect_gone("pending")


def quiet(*terminals: Terminal) -> None:
    """Wait until nobody is shown as typing any more, and the prompt, which goes when lines are printed, is there."""
    for each in terminals:
        each.wait(partial(_is_at_rest, each), "a prompt, and nobody who types")


def _is_at_rest(terminal: Terminal) -> bool:
    return "typing" not in terminal.text and PROMPT.search(terminal.text) is not None


def here(server: Serving, name: str) -> libchat.Client:
    """Return somebody whose screen is in no picture: a client of the library."""
    return libchat.connect(server.address, name, pin=server.pin)


def save(folder: Path, name: str, picture: str) -> None:
    """Write a picture."""
    (folder / name).write_text(picture, encoding="utf-8")


# --- scenes ---------------------------------------------------------------------------------------------------------


def server_start(folder: Path) -> None:
    """Draw a server's start, and somebody who comes in by the invite that it has printed."""
    with Stage() as stage:
        stage.set_up("host")
        host = stage.sit("host", rows=8, columns=100)
        command(host, "libchat serve --host 127.0.0.1")
        host.expect("by hand:")
        invite = re.search(r'libchat join "(libchat://127\.0\.0\.1:\d+/\?k=[\w-]+)"', host.text)
        assert invite is not None, host.text
        bo = stage.sit("Bo", rows=13, columns=100)
        command(bo, f'libchat join "{invite[1]}"')
        bo.expect("name: ")
        bo.press("Bo\r")
        bo.expect("welcome Bo", "Bo: in no room")
        with libchat.connect(invite[1], "Ana") as ana:
            ana.join("#team")
            ana.set_topic("#team", "releases, and what they need").accepted()
            bo.press("/rooms\r")
            bo.expect("releases, and what")
            join(bo, "team")
            bo.press("Good morning!\r")
            assert ana.receive(PATIENCE).text == "Good morning!"
            ana.send("#team", "Morning, Bo. The invite works, then.").accepted()
            bo.expect("The invite works")
            quiet(bo)
            panes = [Pane(host.screen, "on the machine that serves"), Pane(bo.screen, "Bo, who was sent the invite")]
            save(folder, "server-start.svg", draw_together(panes, MASKS, "A server starts, and Bo joins", below=True))


def two_shells(folder: Path) -> None:
    """Draw two people who talk: in a room, with an answer, an edit and a reaction, and in private, with receipts."""
    with Stage() as stage:
        stage.serve()
        ana, bo = stage.sit("Ana", columns=SIDE), stage.sit("Bo", columns=SIDE)
        enter_chat(ana, "Ana")
        join(ana, "release")
        enter_chat(bo, "Bo")
        join(bo, "release")
        ana.expect("Bo joined")
        say(bo, "Morning! Is version 2 ready for Friday?", ana)
        say(ana, "Nearly. Notes: https://example.org/notes", bo)
        say(bo, "I have read them. The part on invites is missing.", ana)
        say(ana, "/reply Bo thank you, I ad it now", bo, shown="thank you, I ad it now")
        say(ana, "/edit thank you, I add it now", bo, shown="thank you, I add it now")
        bo.press("/react 👍\r")
        ana.expect("Bo reacted")
        say(ana, "Done. Bo, please have a look.", bo)
        bo.press("/query Ana\r")
        bo.expect("Ana> ")
        bo.press("Reads well. Shall we tell Cleo today?\r")
        ana.expect("Bo writes to you")
        ana.press("\x1ba")
        ana.expect("Bo> ", "│ Reads well.")
        bo.expect("read by Ana")
        ana.press("Yes. You write, I read.\r")
        bo.expect("You write, I read.")
        ana.expect("read by Bo")
        quiet(ana, bo)
        panes = [Pane(ana.screen, "Ana"), Pane(bo.screen, "Bo")]
        save(folder, "two-shells.svg", draw_together(panes, MASKS, "Two people in two shells"))


def rooms(folder: Path) -> None:
    """Draw somebody in three rooms: what is unread in each, and where she is called."""
    with Stage() as stage:
        server = stage.serve()
        ana = stage.sit("Ana", rows=27)
        with here(server, "Bo") as bo, here(server, "Cleo") as cleo:
            for room, topic in (("#release", "version 2, on Friday"), ("#support", "questions of users")):
                bo.join(room)
                bo.set_topic(room, topic).accepted()
            for room in ("#lunch", "#release", "#support"):
                cleo.join(room)
            cleo.set_topic("#lunch", "where, and when").accepted()
            enter_chat(ana, "Ana")
            for room in ("release", "support", "lunch"):
                join(ana, room)
                ana.expect("the topic is")
            ana.press("/rooms\r")
            ana.expect("PEOPLE", "questions of users")
            ana.press("/who\r")
            ana.expect("people in #lunch")
            cleo.send("#lunch", "The usual place?").accepted()
            ana.expect("The usual place?")
            say(ana, "Yes. Is a table free at the window?")
            cleo.send("#lunch", "I ask them.").accepted()
            ana.expect("I ask them.")
            for text in ("The archive is built.", "Ana: are the notes done?"):
                bo.send("#release", text).accepted()
            ana.expect("are the notes done?")
            for text in (
                "Somebody asks how long an invite is good.",
                "I say: a day, unless told otherwise.",
                "Solved.",
            ):
                cleo.send("#support", text).accepted()
            bo.send("Ana", "And may I call you at noon?").accepted()
            ana.expect("may I call you at noon?", "1:#release(2!)", "2:#support(3)", "4:Bo(1!)")
            quiet(ana)
            save(folder, "rooms.svg", draw(ana.screen, MASKS, "Three rooms, what is unread, and a mention"))


def offline(folder: Path) -> None:
    """Draw somebody who leaves, what is written to him meanwhile, and how he gets it when he is back."""
    with Stage() as stage:
        stage.serve()
        ana, bo = stage.sit("Ana", columns=SIDE, rows=27), stage.sit("Bo", columns=SIDE, rows=27)
        enter_chat(bo, "Bo")
        join(bo, "team")
        enter_chat(ana, "Ana")
        join(ana, "team")
        bo.expect("Ana joined")
        say(bo, "I take the train now, back in an hour.", ana)
        say(ana, "Have a good trip!", bo)
        bo.press("/quit train\r")
        prompt(bo)
        ana.expect("Bo left")
        ana.press("/whois Bo\r")
        ana.expect("what you send waits")
        ana.press("/query Bo\r")
        ana.expect("Bo> ")
        say(ana, "The printer works again.")
        ana.expect("Bo is not here", "waits for Bo")
        say(ana, "And Cleo looks for you: the keys of the cellar.")
        ana.expect("waits for Bo")
        command(bo, "libchat")
        bo.expect("The printer works again.", "keys of the", "#team> ")
        bo.wait(lambda: bo.text.count("Have a good trip!") == 2, "what was said in the room before")
        ana.expect("delivered")
        bo.press("/query Ana\r")
        bo.expect("Ana> ")
        bo.press("They are in my drawer.\r")
        ana.expect("They are in my drawer.")
        bo.expect("read by Ana")
        ana.press("Found them, thank you.\r")
        bo.expect("Found them")
        ana.expect("read by Bo")
        quiet(ana, bo)
        panes = [Pane(ana.screen, "Ana"), Pane(bo.screen, "Bo, who was away")]
        save(folder, "offline.svg", draw_together(panes, MASKS, "What was said to somebody who was away"))


def menu_commands(folder: Path) -> None:
    """Draw the menu of commands: what begins with the letters that were typed, and the one that Tab has chosen."""
    with Stage() as stage:
        server = stage.serve()
        ana = stage.sit("Ana", rows=21)
        with here(server, "Bo") as bo:
            _talk(ana, bo)
            ana.press("/r")
            ana.expect("/react", "/reply", "/rooms")
            ana.press("\t\t")
            ana.expect("#team> /react ")
            save(folder, "menu-commands.svg", draw(ana.screen, MASKS, "Commands complete"))


def menu_names(folder: Path) -> None:
    """Draw the menu of names: who has spoken last comes first."""
    with Stage() as stage, ExitStack() as others:
        server = stage.serve()
        ana = stage.sit("Ana", rows=21)
        people = [others.enter_context(here(server, name)) for name in ("Beatrice", "Björn", "Cleo", "Bo")]
        for person in people[:-1]:
            person.join("#team")
        _talk(ana, people[-1])
        people[1].send("#team", "The old one said: at the harbour, in shed 3.").accepted()
        ana.expect("in shed 3.")
        people[2].send("#team", "It is shed 4 now.").accepted()
        ana.expect("It is shed 4 now.")
        ana.press("/msg b")
        ana.expect(" Björn", " Beatrice")
        save(folder, "menu-names.svg", draw(ana.screen, MASKS, "Names complete"))


def _talk(ana: Terminal, bo: libchat.Client) -> None:
    """Have two people talk, so that a menu stands below something."""
    enter_chat(ana, "Ana")
    join(ana, "team")
    bo.join("#team")
    ana.expect("Bo joined")
    bo.send("#team", "Who makes the poster for Friday?").accepted()
    ana.expect("Who makes the poster")
    say(ana, "I do, if somebody writes the text.")
    bo.send("#team", "That is me, then. How long may it be?").accepted()
    ana.expect("How long may it be?")
    say(ana, "Three lines. The date has to be the largest.")
    bo.send("#team", "And the place below it?").accepted()
    ana.expect("And the place below it?")
    quiet(ana)


def refused_name(folder: Path) -> None:
    """Draw somebody who wants names that are taken, look like one that is, are reserved, or are none."""
    refused = {
        "EMMA": "EMMA is taken",
        "Ernma": "Ernma is taken, choose another name: it looks like Emma",
        "\u0415mma": "\u0415mma is taken, choose another name: it looks like Emma",
        "admin": "it is reserved",
        "Emma B": "a space is not allowed",
    }
    with Stage() as stage:
        server = stage.serve()
        terminal = stage.sit("Emil", rows=20, columns=100)
        with here(server, "Emma") as emma:
            command(terminal, "libchat chat --host 127.0.0.1 --name Emma")
            terminal.expect("Emma is taken", "name: ")
            for name, words in refused.items():
                terminal.press(f"{name}\r")
                terminal.expect(words)
                terminal.wait(lambda: terminal.text.endswith("\nname: "), "the question")
            terminal.press("Emil\r")
            terminal.expect("welcome Emil", "Emil: in no room")
            emma.send("Emil", "Hello Emil! There is only one of me, I see.").accepted()
            terminal.expect("There is only one of me")
            quiet(terminal)
            save(folder, "refused-name.svg", draw(terminal.screen, MASKS, "Names that are refused"))


def changed_key(folder: Path) -> None:
    """Draw a server that was set up anew, with another key: nothing is sent to it before that is accepted."""
    with Stage() as stage:
        server = stage.serve()
        ana = stage.sit("Ana", rows=26, columns=100)
        enter_chat(ana, "Ana")
        ana.press("\x04")
        prompt(ana)
        server.signal(SIGTERM)
        server.end()
        stage.serve(NEXT_KEY, server.port)
        command(ana, "libchat")
        ana.expect("libchat forget 127.0.0.1")
        prompt(ana)
        command(ana, f"libchat forget {server.address}")
        prompt(ana)
        command(ana, "libchat")
        ana.expect("Trust it from now on? [y/N] ")
        ana.press("y\r")
        ana.expect("Ana: in no room")
        quiet(ana)
        save(folder, "changed-key.svg", draw(ana.screen, MASKS, "A server with another key"))

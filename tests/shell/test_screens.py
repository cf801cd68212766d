"""What a person sees: the real program on a terminal, through pyte.

With a folder in `LIBCHAT_PICTURES` these runs draw pictures for the documentation (`make evidence`).
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import libchat
from support.program import PATIENCE, Serving
from support.terminal import Terminal

OpenShell = Callable[..., Terminal]
TakePicture = Callable[[Terminal, str, str], None]

PASTED = "\r".join(f"line {number}" for number in range(10_000))
SIZES = [(24, 80), (60, 200)]


def enter(shell: Terminal, room: str) -> None:
    """Have a shell go to a room."""
    shell.press(f"/join {room}\r")
    shell.expect(f"#{room}> ", f"── #{room} ──")


def say(shell: Terminal, text: str) -> None:
    """Type a line, and wait until it is accepted."""
    shell.press(f"{text}\r")
    shell.expect(f"│ {text[:16]}", "✓ accepted")


# --- coming in ------------------------------------------------------------------------------------------------------


def test_the_first_run_and_the_next(
    open_terminal: OpenShell, env: dict[str, str], take_picture: TakePicture, tmp_path: Path
) -> None:
    """The first time one is asked where to go; afterwards `libchat` goes back to the server, the name and the room."""
    with Serving("--data", str(tmp_path / "data"), "--port", "0", env=env) as server:
        shell = open_terminal()
        shell.expect("No server is known yet", "invite, address or 'host': ")
        take_picture(shell, "first-run", "The first run: where to go")
        shell.press("nonsense of mine\r")
        shell.expect("nonsense of mine")
        shell.press(f"127.0.0.1:{server.port}\r")
        shell.expect("name: ")
        shell.press("ana\r")
        shell.expect("Trust it from now on?")
        shell.press("y\r")
        shell.expect("welcome ana", "in no room")
        enter(shell, "team")
        say(shell, "first!")
        shell.press("\x04")
        assert shell.end() == 0
        again = open_terminal()
        again.expect("back to 127.0.0.1", "welcome ana", "#team> ", "│ first!")


def test_typed_at_the_first_prompt(open_terminal: OpenShell, server: Serving) -> None:
    """A line that is typed as soon as there is a prompt is not lost, though the shell is still being loaded."""
    shell = open_terminal("chat", "--name", "ana")
    shell.wait(lambda: shell.text.endswith("> "), "a prompt")
    shell.press("/join early\r")
    shell.expect("── #early ──")


def test_a_server_that_is_gone(open_terminal: OpenShell, env: dict[str, str], server: Serving) -> None:
    """If the last server cannot be reached, that is told, and one is asked where to go instead."""
    shell = open_terminal("chat", "--name", "ana")
    shell.expect("welcome ana")
    shell.press("\x04")
    assert shell.end() == 0
    server.signal(signal.SIGTERM)
    server.end()
    again = open_terminal()
    again.expect("nothing listens at 127.0.0.1", "'host': ")
    again.press("\x03")
    assert again.end() == 0


def test_hosting_from_the_first_run(open_terminal: OpenShell, env: dict[str, str]) -> None:
    """`host` at the first question serves a chat on this machine."""
    env["LIBCHAT_SERVER_PORT"] = "0"
    env["LIBCHAT_SERVER_HOST"] = "127.0.0.1"
    shell = open_terminal("start", "--name", "ana")
    shell.expect("'host': ")
    shell.press("host\r")
    shell.expect("welcome ana", "> ")
    shell.press("/who\r")
    shell.expect("1 person online")
    shell.press("\x04")
    assert shell.end() == 0


def test_the_name_is_asked_for_again(open_shell: OpenShell, open_terminal: OpenShell) -> None:
    """A name that is taken, or that can be none, is asked for again."""
    open_shell("ana")
    shell = open_terminal("chat", "--name", "ana")
    shell.expect("ana is taken", "name: ")
    shell.press("a b\r")
    shell.expect("cannot be a name")
    shell.press("bo\r")
    shell.expect("welcome bo")


@pytest.mark.parametrize("keys", ["\x03", "\x04"])
def test_no_name_after_all(open_terminal: OpenShell, server: Serving, keys: str) -> None:
    """Whoever does not want to give a name gets no traceback."""
    shell = open_terminal("chat")
    shell.expect("name: ")
    shell.press(keys)
    assert shell.end() == (0 if keys == "\x03" else 1)
    assert b"Traceback" not in shell.written


# --- talking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_two_people_talk(open_shell: OpenShell, rows: int, columns: int) -> None:
    """What one says the other sees, in the room and in private; the line above the input tells what waits elsewhere."""
    ana = open_shell("ana", rows=rows, columns=columns)
    bo = open_shell("bo", rows=rows, columns=columns)
    enter(ana, "team")
    enter(bo, "team")
    ana.expect("bo joined")
    say(bo, "Good morning! Has anybody looked at https://example.org/report ?")
    ana.expect("bo │ Good morning!")
    say(ana, "Yes: two pages are missing, I write to Cy")
    bo.expect("ana │ Yes: two pages")
    say(bo, "ana: thank you")
    ana.expect("ana: thank you")
    say(bo, "日本語 and 👍🏽 take two columns each")
    ana.expect("日本語")
    ana.press("/react 👍\r")
    bo.expect("👍")
    enter(ana, "other")
    bo.press("/msg ana only you\r")
    ana.expect("bo", "only you")
    say(bo, "and ana is called from another room")
    ana.expect("#other> ", "1:#team")
    ana.press("\x1ba")
    ana.expect("#team> ", "and ana is called")
    ana.press("\x1ba")
    ana.expect("bo> ", "│ only you")
    ana.press("\x1b2")
    ana.expect("#other> ")


def test_the_original_words(open_shell: OpenShell) -> None:
    """Outside of a room `message` asks for recipient and text, and the other original words work, too."""
    bo = open_shell("bo")
    ana = open_shell("ana")
    ana.press("who\r")
    ana.expect("2 people online")
    ana.press("message\r")
    ana.expect("to: ")
    ana.press("bo\r")
    ana.expect("text: ")
    ana.press("for you\r")
    bo.expect("for you")
    ana.press("bo:and this\r")
    bo.expect("and this")
    ana.press("join team\r")
    ana.expect("#team> ")
    ana.press("exit\r")
    ana.expect("│ exit")
    ana.press("leave\r")
    ana.expect("in no room")
    ana.press("exit\r")
    assert ana.end() == 0


def test_what_is_being_typed_stays(open_shell: OpenShell) -> None:
    """A line that comes in does not swallow what is being typed, and a draft waits where it was typed."""
    bo = open_shell("bo")
    ana = open_shell("ana")
    enter(ana, "team")
    enter(bo, "team")
    ana.press("half a li")
    ana.expect("#team> half a li")
    say(bo, "wait")
    ana.expect("bo │ wait", "#team> half a li")
    ana.press("\x1b0")
    ana.expect_gone("half a li")
    ana.press("\x1b1")
    ana.expect("#team> half a li")
    ana.press("ne\r")
    bo.expect("│ half a line")


def test_menus(open_shell: OpenShell) -> None:
    """Suggestions open by themselves: commands, their arguments, names."""
    ana = open_shell("ana")
    bo = open_shell("bo")
    enter(ana, "team")
    enter(bo, "team")
    ana.expect("bo joined")
    ana.press("/m")
    ana.expect("/msg", "/mute", "/me")
    background = {ana.screen.buffer[ana.row_of("/mute")][column].bg for column in range(80)}
    assert background == {"default"}, "grey notes cannot be read on a grey menu"
    ana.press("sg b")
    ana.expect(" bo ")
    ana.press("\t")
    ana.expect("/msg bo")
    ana.press("\x03")
    ana.expect_gone("/msg bo")
    ana.press("b\t")
    ana.expect("#team> bo: ")
    ana.press("\x03/joni x\r")
    ana.expect("did you mean /join?", "#team> /joni x")


def test_history_is_searched(open_shell: OpenShell) -> None:
    """Ctrl-R finds what was typed before."""
    ana = open_shell("ana")
    enter(ana, "team")
    say(ana, "the needle")
    say(ana, "hay")
    ana.press("\x12need")
    ana.expect("search: need", "#team> the needle")
    ana.press("\r")
    ana.expect_gone("search: ")
    ana.press("\r")
    ana.wait(lambda: ana.text.count("│ the needle") == 2, "the needle again")


def test_the_editor(open_shell: OpenShell, env: dict[str, str], tmp_path: Path) -> None:
    """Ctrl-X Ctrl-E opens what is typed in the person's editor."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s edited" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o700)
    env["EDITOR"] = env["VISUAL"] = str(editor)
    ana = open_shell("ana")
    enter(ana, "team")
    ana.press("this is\x18\x05")
    ana.expect("#team> this is edited")


def test_another_name(open_shell: OpenShell) -> None:
    """/nick comes back under another name, into the same room; one that is taken changes nothing."""
    bo = open_shell("bo")
    ana = open_shell("ana")
    enter(ana, "team")
    enter(bo, "team")
    ana.expect("bo joined")
    ana.press("/nick bo\r")
    ana.expect("bo is taken")
    say(ana, "still ana")
    bo.expect("ana │ still ana")
    ana.press("/nick cleo\r")
    bo.expect("cleo joined")
    ana.expect("#team> ")
    ana.press("now cleo\r")
    bo.expect("cleo │ now cleo")


def test_a_topic_is_told_once(open_shell: OpenShell) -> None:
    """What happens in a new room right after it is entered is not told again with what was there before."""
    ana = open_shell("ana")
    ana.press("/join team\r")
    ana.expect("#team> ")
    ana.press("/topic about tea\r")
    ana.expect("you set the topic: about tea")
    say(ana, "green or black?")
    assert ana.text.count("you set the topic") == 1


def test_history_stays_where_it_belongs(open_shell: OpenShell, server: Serving) -> None:
    """What was said in a room before is not shown in a conversation to which one has gone on meanwhile."""
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        bo.send("#team", "long ago").accepted()
        ana = open_shell("ana")
        ana.press("/join team\r")
        ana.expect("#team> ")
        ana.press("/query bo\r")
        ana.expect("── bo ──")
        say(ana, "how are you?")
        _, _, private = ana.text.partition("── bo ──")
        assert "long ago" not in private


def test_leaving_with_a_reason(open_shell: OpenShell) -> None:
    """Who leaves is not told that the server has closed the connection."""
    ana = open_shell("ana")
    ana.press("/quit good night\r")
    assert ana.end() == 0
    assert "closed the connection" not in ana.text


def test_a_plugin_prints(open_terminal: OpenShell, server: Serving, tmp_path: Path) -> None:
    """What a plugin prints becomes clean lines of the log, and the prompt stays."""
    folder = tmp_path / ".config" / "libchat" / "plugins"
    folder.mkdir(parents=True)
    (folder / "noise.py").write_text(
        '"""Makes noise."""\n'
        "from libchat.plugins import Context, command\n"
        "LIBCHAT_API = 1\n\n"
        "@command\n"
        "def noise(ctx: Context) -> str:\n"
        '    """Make noise."""\n'
        '    print("a \\x1b[2Jloud one")\n'
        '    return "done"\n'
    )
    ana = open_terminal("chat", "--name", "ana")
    ana.expect("welcome ana", "> ")
    ana.press("/plugins enable noise\r")
    ana.expect("noise")
    ana.press("/noise\r")
    ana.expect("a [2Jloud one", "done", "in no room")


# --- a lot of it ----------------------------------------------------------------------------------------------------


def test_a_long_paste(open_shell: OpenShell, server: Serving, take_picture: TakePicture) -> None:
    """Ten thousand pasted lines are one token, sent only after a question, whole and in order."""
    ana = open_shell("ana")
    enter(ana, "team")
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        ana.paste(PASTED)
        ana.expect("#team> [pasted 10,000 lines]")
        take_picture(ana, "paste", "A long paste is one token")
        ana.press("\r")
        ana.expect("Send 10,000 lines to #team, in", "[y/n]")
        ana.press("n")
        ana.expect("#team> [pasted 10,000 lines]")
        ana.press("\r")
        ana.expect("[y/n]")
        ana.press("y")
        lines: list[str] = []
        while len(lines) < 10_000:
            lines += bo.receive(timeout=20).text.split("\n")
    assert lines == PASTED.split("\r")


def test_a_flood_while_typing(open_shell: OpenShell, server: Serving) -> None:
    """While a room is flooded, every key arrives, and the prompt is never away when the screen stands still."""
    ana = open_shell("ana")
    enter(ana, "flood")
    missing: list[str] = []

    def look() -> None:
        if not any(row.startswith("#flood> ") for row in ana.rows):  # a menu may be below it
            missing.append(ana.text)

    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#flood")
        ana.expect("bo joined")
        ana.on_quiet = look
        for number in range(500):
            bo.send("#flood", f"message {number}")
            if number % 50 == 0:
                ana.press("abcdefghij"[number // 50])
        ana.expect("#flood> abcdefghij", "message 499")
        ana.on_quiet = None
    ana.press("\r")
    ana.expect("ana │ abcdefghij")
    assert missing == []


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_the_server_goes_and_comes_back(
    open_terminal: OpenShell, env: dict[str, str], take_picture: TakePicture, tmp_path: Path
) -> None:
    """A lost connection is shown, typing goes on, and what was said meanwhile goes out by itself."""
    data = str(tmp_path / "data")
    with Serving("--data", data, "--port", "0", env=env) as first:
        env |= {"LIBCHAT_PORT": str(first.port), "LIBCHAT_PIN": first.pin}
        ana = open_terminal("chat", "--name", "ana", "--no-plugins")
        ana.expect("welcome ana")
        enter(ana, "team")
        first.signal(signal.SIGTERM)
        first.end()
        ana.expect("not connected")
        ana.press("said into the void\r")
        ana.expect("said into the void", "#team> ")
        take_picture(ana, "connection-lost", "A lost connection")
    with Serving("--data", data, "--port", str(first.port), env=env) as second:
        with libchat.connect(second.address, "bo", pin=second.pin) as bo:
            bo.join("#team")
            ana.expect("connected again")
            texts = [entry.text for entry in bo.history("#team").entries]
            while "said into the void" not in texts:
                texts.append(bo.receive(timeout=20).text)
        ana.expect("✓ accepted")


def test_it_is_over_for_good(open_terminal: OpenShell, env: dict[str, str], server: Serving) -> None:
    """When the server comes back as another one, one is told without a key, and the terminal is in order."""
    ana = open_terminal("chat", "--name", "ana", "--no-plugins")
    ana.expect("welcome ana")
    ana.press("half a line")
    ana.expect("half a line")
    server.signal(signal.SIGTERM)
    server.end()
    with Serving("--memory", "--port", str(server.port), env=env):  # with another key
        assert ana.end() == 4
    ana.expect("does not show the key that it should")
    assert ana.modes == ana.modes_before


def test_kicked_and_banned(open_shell: OpenShell) -> None:
    """Who is put out of a room is told by whom and why, and is no longer in it."""
    ana = open_shell("ana")
    enter(ana, "team")
    bo = open_shell("bo")
    enter(bo, "team")
    ana.expect("bo joined")
    ana.press("/kick bo too loud\r")
    bo.expect("ana", "too loud")
    bo.press("hello?\r")
    bo.expect("not sent to #team")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP)]
)
def test_signals_leave_the_terminal_in_order(open_shell: OpenShell, number: signal.Signals, code: int) -> None:
    """Whoever ends the shell from outside gets a clean terminal back, and the others see that one has left."""
    bo = open_shell("bo")
    enter(bo, "team")
    ana = open_shell("ana")
    enter(ana, "team")
    bo.expect("ana joined")
    ana.press("half")
    ana.expect("half")
    ana.signal(number)
    assert ana.end() == code
    bo.expect("ana left")
    assert ana.modes == ana.modes_before
    assert ana.written.endswith(b"\x1b[?2004l") or b"\x1b[?2004l" in ana.written[-200:]
    assert "half" not in ana.text


def test_ctrl_c_twice_leaves(open_shell: OpenShell) -> None:
    """The first Ctrl-C says what the second one does; nothing of the prompt stays behind."""
    ana = open_shell("ana")
    ana.press("\x03")
    ana.expect("press Ctrl-C again to leave")
    ana.press("\x03")
    assert ana.end() == 0
    assert ana.modes == ana.modes_before
    assert b"Traceback" not in ana.written
    assert "in no room" not in ana.text


def test_a_lost_terminal(open_shell: OpenShell) -> None:
    """When the terminal goes away, so does the shell."""
    bo = open_shell("bo")
    enter(bo, "team")
    ana = open_shell("ana")
    enter(ana, "team")
    bo.expect("ana joined")
    ana.hang_up()
    bo.expect("ana left")
    ana.end()


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours(open_shell: OpenShell, env: dict[str, str], no_color: str) -> None:
    """There are colours, unless NO_COLOR holds something."""
    env["NO_COLOR"] = no_color
    ana = open_shell("ana")
    ana.press("/who\r")
    ana.expect("1 person online")
    assert (b"38;5;" in ana.written) is (no_color == "")


def test_another_size(open_shell: OpenShell) -> None:
    """The prompt stays whole when the terminal becomes smaller, and larger again."""
    ana = open_shell("ana")
    enter(ana, "team")
    ana.press("some words that are typed and a few more of them")
    ana.expect("few more of them")
    ana.resize(12, 40)
    ana.expect("#team> some words", "of them")
    ana.resize(40, 120)
    ana.expect("#team> some words that are typed and a few more of them")
    ana.press("\r")
    ana.expect("ana │ some words that are typed")


# --- what it does not do --------------------------------------------------------------------------------------------


def test_secrets_are_nowhere(open_shell: OpenShell, tmp_path: Path) -> None:
    """A password is neither on the screen nor in the file of typed lines."""
    ana = open_shell("ana")
    ana.press("/password\r")
    ana.expect("password")
    ana.press("hunter2 is long\r")
    ana.expect("the same again")
    ana.press("hunter2 is long\r")
    ana.expect("the password of ana is set")
    ana.press("/who\r")
    ana.expect("online")
    ana.press("\x04")
    assert ana.end() == 0
    assert b"hunter2" not in ana.written
    typed = [json.loads(line) for line in (tmp_path / ".config/libchat/shell_history").read_text().splitlines()]
    assert typed == ["/who"]


def test_secrets_that_come_at_once(open_shell: OpenShell, server: Serving) -> None:
    """What is typed, or pasted, before the second question is there answers it, and is said to nobody."""
    ana = open_shell("ana")
    enter(ana, "team")
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        ana.press("/password\r")
        ana.expect("password")
        ana.press("hunter2 is long\rhunter2 is long\r")
        ana.expect("the password of ana is set")
        ana.press("and now?\r")
        assert bo.receive(timeout=PATIENCE).text == "and now?"
    assert b"hunter2" not in ana.written


def test_a_peer_cannot_touch_the_terminal(open_shell: OpenShell, server: Serving) -> None:
    """Whatever somebody sends, no title is set, no clipboard written, no cursor moved."""
    ana = open_shell("ana")
    enter(ana, "team")
    evil = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b[1;1H\x9b2J\u202eevil\r\n03:14        ana │ I owe bo money"
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        ana.expect("bo joined")
        bo.send("#team", evil)
        ana.expect("I owe bo money")
    assert b"\x1b]0;" not in ana.written
    assert b"\x1b]52;" not in ana.written
    assert "\x9b".encode() not in ana.written
    assert not any(row.startswith("03:14        ana │ I owe") for row in ana.rows)


def test_a_dumb_terminal(open_terminal: OpenShell, env: dict[str, str], server: Serving) -> None:
    """With --plain there are lines in and lines out, and no escape sequences."""
    ana = open_terminal("chat", "--name", "ana", "--plain")
    ana.expect("server: welcome ana")
    ana.press("who\n")
    ana.expect("server: online (1): ana")
    ana.press("exit\n")
    assert ana.end() == 0
    assert b"\x1b" not in ana.written


def test_the_bell_rings_for_mentions(open_shell: OpenShell, server: Serving) -> None:
    """A mention rings the bell, another message does not."""
    ana = open_shell("ana")
    enter(ana, "team")
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        bo.send("#team", "nothing of interest")
        ana.expect("nothing of interest")
        assert b"\a" not in ana.written
        bo.send("#team", "ana: look")
        ana.wait(lambda: b"\a" in ana.written, "the bell")

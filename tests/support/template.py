"""The process that programs are forked from: all of libchat is imported in it once, instead of in each of them.

Run as a program, with a socket as standard input. Each request on it is a number of bytes, with which four descriptors
come (the program's three streams, and where to tell of it), and then the request itself, in JSON. A process in between
waits for the program: it tells the program's number, and in the end what `waitpid` said. It all ends with the socket.

The program is a process like any other: its signals, streams, environment and terminal are its own, and it ends as
an interpreter ends. Only the start is another's.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import struct
import sys
import termios
import time
from contextlib import suppress
from io import TextIOWrapper
from typing import Final, Literal, TypedDict

import libchat

PREFIX: Final = struct.Struct("!I")
"""How many bytes a request has; and so a number of a process, or what came of it."""

UNUSED: Final = ("libchat.__main__", "libchat.testing")
"""What runs when it is imported, and what no program imports."""


class Request(TypedDict):
    """A program to start."""

    arguments: list[str]
    environment: dict[str, str]
    takes_terminal: bool
    """Whether standard input is a terminal that becomes the program's own, whose Ctrl-C reaches it."""


def import_all() -> None:
    """Import every module of libchat, and what these import late."""
    for module in pkgutil.walk_packages(libchat.__path__, "libchat."):
        if not module.name.startswith(UNUSED):
            importlib.import_module(module.name)


def receive(control: socket.socket) -> tuple[Request, list[int]] | None:
    """Return the next request and its descriptors; None at the end."""
    prefix, descriptors, _, _ = socket.recv_fds(control, PREFIX.size, 4)
    if not prefix:
        return None
    (size,) = PREFIX.unpack(prefix)
    data = b""
    while len(data) < size:
        data += control.recv(size - len(data))
    request: Request = json.loads(data)
    return request, descriptors


def fork_programs(control: socket.socket) -> Request | None:
    """Start programs till the socket ends. Return None then, and a request in the program that it asks for."""
    while (received := receive(control)) is not None:
        request, descriptors = received
        if os.fork() == 0:
            control.detach()  # it is standard input, which `become` replaces
            become_program(request, descriptors)
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        reap()
    return None


def reap() -> None:
    """Wait for those in between that have ended: the system counts their time as ours then."""
    with suppress(ChildProcessError):  # there are none
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def become_program(request: Request, descriptors: list[int]) -> None:
    """Return in a process of its own, prepared for a program; the one that calls this waits for it and ends."""
    *streams, told = descriptors
    pid = os.fork()
    if pid != 0:
        for descriptor in (0, *streams):
            os.close(descriptor)
        os.write(told, PREFIX.pack(pid))
        os.write(told, PREFIX.pack(os.waitpid(pid, 0)[1]))
        os._exit(0)
    os.close(told)
    if request["takes_terminal"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if request["takes_terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = ["libchat", *request["arguments"]]
    open_streams()


def open_streams() -> None:
    """Make standard input, output and errors anew, as the interpreter does at its start (`create_stdio`)."""
    sys.stdin = open_stream(0, "r", "surrogateescape")
    sys.stdout = open_stream(1, "w", "surrogateescape")
    sys.stderr = open_stream(2, "w", "backslashreplace")
    sys.stderr.reconfigure(line_buffering=True)


def open_stream(descriptor: int, mode: Literal["r", "w"], errors: str) -> TextIOWrapper:
    """Return one of the three; it stays open as long as the process lives."""
    return open(descriptor, mode, encoding="utf-8", errors=errors, newline="\n", closefd=False)


if __name__ == "__main__":
    import_all()
    gc.freeze()  # what all have is not looked through by each
    if fork_programs(socket.socket(fileno=0)) is not None:
        runpy.run_module("libchat", run_name="__main__", alter_sys=True)

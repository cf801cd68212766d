"""The web application, as browsers see it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

import libchat
from support.examples import Example

SECONDS = 20


@contextmanager
def web(tmp_path: Path, *arguments: str) -> Iterator[str]:
    """Give HOST:PORT of the web application. It ends by Ctrl-C, without a complaint."""
    with Example("web_app", "0", *arguments, home=tmp_path) as example:
        yield urlsplit(example.line()).netloc
        example.interrupt()
        assert (example.end(), example.complaints) == (0, "")


def ask(address: str, method: str, path: str, body: str = "", **headers: str) -> HTTPResponse:
    """Ask for something, and return the answer."""
    browser = HTTPConnection(address, timeout=SECONDS)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    browser.request(method, path, body.encode(), sent)
    return browser.getresponse()


class Stream:
    """What an open page hears."""

    def __init__(self, address: str, name: str, last: str = "") -> None:
        headers = {"Last_Event_ID": last} if last else {}
        self._answer = ask(address, "GET", f"/events?name={quote(name)}", **headers)
        assert self._answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        self.number = ""

    def event(self) -> tuple[str, dict[str, str]]:
        """Return kind and data of the next event."""
        fields = {}
        while line := self._answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        self.number = fields.get("id", self.number)
        return fields["event"], json.loads(fields["data"])

    def close(self) -> None:
        """Close the page."""
        self._answer.close()


def test_two_pages_talk(tmp_path: Path) -> None:
    """What one page says, the other shows; a text that looks like HTML or like an event arrives as it is."""
    with web(tmp_path) as address:
        ana, bo = Stream(address, "ana"), Stream(address, "bo")
        _, entered = ana.event()
        assert bo.event()[1]["me"] == "bo"
        text = "<script>alert(1)</script>\n\nevent: entered\ndata: {}"
        assert ask(address, "POST", "/say", text, X_Token=entered["token"]).status == 200
        assert bo.event() == ("message", {"sender": "ana", "text": text})
        for page in (ana, bo):
            page.close()


def test_a_page_that_comes_back_gets_what_it_has_missed(tmp_path: Path) -> None:
    """A browser tells the last number that it has seen, and hears what others said after it, once."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        web(tmp_path, server.invite(uses=10)) as address,
    ):
        bo.join("#web")
        ana = Stream(address, "ana")
        token = ana.event()[1]["token"]
        bo.send("#web", "one").accepted()
        assert ana.event()[1]["text"] == "one"
        assert ask(address, "POST", "/say", "mine", X_Token=token).status == 200
        bo.send("#web", "two").accepted()
        number = ana.number
        ana.close()
        while not isinstance(bo.receive_event(SECONDS), libchat.Left):
            pass  # the name is free when the page is closed
        bo.send("#web", "three").accepted()
        again = Stream(address, "ana", number)
        assert again.event()[0] == "entered"
        assert [again.event()[1]["text"] for _ in range(2)] == ["two", "three"]
        bo.send("#web", "four").accepted()
        assert again.event()[1]["text"] == "four"
        again.close()


def test_a_name_that_is_taken_is_told(tmp_path: Path) -> None:
    """A page whose name is refused is told why, and does not come back by itself."""
    with web(tmp_path) as address:
        first = Stream(address, "ana")
        assert first.event()[0] == "entered"
        for name in ("ana", "", "no name"):
            kind, told = Stream(address, name).event()
            assert (kind, bool(told["reason"])) == ("refused", True)
        first.close()


def test_the_page_holds_nothing_of_anybody(tmp_path: Path) -> None:
    """The page allows its own script only, and puts what people write into it as text."""
    with web(tmp_path) as address:
        answer = ask(address, "GET", "/")
        page = answer.read().decode()
        nonce = page.partition('nonce="')[2].partition('"')[0]
        assert f"script-src 'nonce-{nonce}'" in str(answer.getheader("Content-Security-Policy"))
        assert "innerHTML" not in page
        assert nonce not in ask(address, "GET", "/").read().decode()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /say HTTP/1.1\r\nX-Token: guessed\r\n\r\n", b"403"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, b"400"),
        (b"POST /say HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"400"),
        (b"POST /say HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /say HTTP/1.1\r\nContent-Length: ten\r\n\r\n", b"400"),
        (b"POST /say HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xfe", b"400"),
    ],
)
def test_bad_requests_are_answered(request_bytes: bytes, status: bytes, tmp_path: Path) -> None:
    """Whatever comes is answered with a status that says what it was."""
    with web(tmp_path) as address:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS) as sock:
            sock.sendall(request_bytes)
            assert sock.recv(4_096).split()[1] == status


@pytest.mark.parametrize("port", ["ten", "99999"])
def test_a_wrong_port_is_told(port: str, tmp_path: Path) -> None:
    """Who gives no port is told so in one line."""
    with Example("web_app", port, home=tmp_path) as example:
        assert example.end() == 1
        assert example.complaints.startswith("web_app.py: ")
        assert example.complaints.count("\n") == 1

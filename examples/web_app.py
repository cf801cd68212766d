"""A web application of plain asyncio with a chat in it: one page, server-sent events, and a POST for what is said.

    python web_app.py                      serves a page at http://127.0.0.1:8000, with a chat of its own, until Ctrl-C
    python web_app.py WEB_PORT [ADDRESS]   at another port, with the room #web of a server; an invite needs many uses

Each open page is a participant with a name of its own. What is shown carries its number: a browser that comes back
tells the last one that it has seen, and gets what it has missed. What people write is put into the page as text, never
as HTML, and no script but the page's own runs. Who speaks must know the token that came over the stream.
"""

import asyncio
import json
import secrets
import sys
from collections.abc import Coroutine
from urllib.parse import parse_qs, urlsplit

import libchat
from libchat import aio

ROOM, PAGES, RECENT, BODY_BYTES, SECONDS = "#web", 100, 20, 16_384, 10
NOTHING = "default-src 'none'"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>#web</title><ol id="log" aria-live="polite"></ol>
<form><input name="text" aria-label="text" placeholder="your name" autocomplete="off" autofocus></form>
<script nonce="{nonce}">
  let me = "", token = "";
  const input = document.querySelector("input");
  const show = text => document.querySelector("#log").appendChild(document.createElement("li")).textContent = text;
  const enter = name => {
    const events = new EventSource("/events?name=" + encodeURIComponent(name));
    events.addEventListener("entered", event => { ({me, token} = JSON.parse(event.data)); });
    events.addEventListener("refused", event => { events.close(); token = ""; show(JSON.parse(event.data).reason); });
    events.onmessage = event => { const said = JSON.parse(event.data); show(said.sender + ": " + said.text); };
  };
  document.querySelector("form").onsubmit = async event => {
    event.preventDefault();
    const text = input.value;
    input.value = "";
    input.placeholder = "what to say";
    if (!token) return enter(text);
    const answer = await fetch("/say", {method: "POST", headers: {"X-Token": token}, body: text});
    show(answer.ok ? me + ": " + text : await answer.text());
  };
</script>"""


class WebChat:
    """Answer browsers: one connection, one request."""

    def __init__(self, address: str, pin: str | None) -> None:
        self._address, self._pin = address, pin
        self._chats: dict[str, aio.AsyncClient] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                method, target, headers, body = await read_request(reader)
            url = urlsplit(target)
            if (method, url.path) == ("GET", "/"):
                nonce = secrets.token_urlsafe()
                policy = f"{NOTHING}; connect-src 'self'; script-src 'nonce-{nonce}'"
                respond(writer, "200 OK", PAGE.replace("{nonce}", nonce), "text/html", policy)
            elif (method, url.path) == ("GET", "/events"):
                name = parse_qs(url.query).get("name", [""])[0]
                await until_gone(reader, self._show(writer, name, headers.get("last-event-id", "")))
            elif (method, url.path) == ("POST", "/say"):
                respond(writer, *await self._say(headers.get("x-token", ""), body.decode()))
            else:
                respond(writer, "404 Not Found", "there are GET /, GET /events and POST /say")
        except (ValueError, EOFError, asyncio.LimitOverrunError) as error:
            respond(writer, "400 Bad Request", str(error))
        except (OSError, asyncio.CancelledError):
            pass  # it has gone, or takes too long; or the application ends
        finally:
            writer.close()

    async def _say(self, token: str, text: str) -> tuple[str, str]:
        if token not in self._chats:
            return "403 Forbidden", "this page is not in the chat any more: open it anew"
        try:
            accepted = await self._chats[token].send(ROOM, text)
        except (libchat.ChatError, TimeoutError) as error:
            return "409 Conflict", str(error)
        return "200 OK", str(accepted.seq)

    async def _show(self, writer: asyncio.StreamWriter, name: str, last: str) -> None:
        respond(writer, "200 OK", "", "text/event-stream")
        token, seen = secrets.token_urlsafe(), int(last or 0)
        try:
            if len(self._chats) >= PAGES:
                raise ValueError(f"{PAGES} pages are open already; try again later")
            async with aio.connect(self._address, name, pin=self._pin) as chat:
                await chat.join(ROOM)
                self._chats[token] = chat
                await tell(writer, "entered", {"me": chat.name, "token": token})
                missed = await (chat.history(ROOM, after=seen) if last else chat.history(ROOM, limit=RECENT))
                for entry in missed.entries:
                    seen = entry.seq
                    if entry.kind == "message" and not (last and entry.sender == chat.name):
                        await tell_entry(writer, entry)
                async for entry in chat:
                    if entry.target != ROOM or entry.seq > seen:  # what came between the two was in the history, too
                        await tell_entry(writer, entry)
        except (libchat.ChatError, ValueError) as error:
            await tell(writer, "refused", {"reason": str(error)})  # its browser does not come back by itself
        finally:
            self._chats.pop(token, None)


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    method, target, _ = request.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = int(headers.get("content-length", 0))
    if not 0 <= size <= BODY_BYTES:
        raise ValueError(f"a request may have {BODY_BYTES} bytes")
    return method, target, headers, await reader.readexactly(size)


def respond(
    writer: asyncio.StreamWriter, status: str, text: str, kind: str = "text/plain", policy: str = NOTHING
) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nConnection: close\r\nCache-Control: no-store"
    head += f"\r\nContent-Security-Policy: {policy}\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    writer.write((head + text).encode())


async def tell(writer: asyncio.StreamWriter, kind: str, data: dict[str, str], number: int = 0) -> None:
    identity = f"id: {number}\n" if number else ""
    writer.write(f"event: {kind}\n{identity}data: {json.dumps(data)}\n\n".encode())  # JSON has no line ends
    async with asyncio.timeout(SECONDS):
        await writer.drain()


async def tell_entry(writer: asyncio.StreamWriter, entry: libchat.Entry) -> None:
    number = entry.seq if entry.target == ROOM else 0
    await tell(writer, "message", {"sender": entry.sender, "text": entry.text}, number)


async def until_gone(reader: asyncio.StreamReader, work: Coroutine[None, None, None]) -> None:
    """Do some work, but stop when the browser has closed its connection."""
    tasks = asyncio.create_task(work), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def main(port: int, address: str, pin: str | None) -> None:
    web = await asyncio.start_server(WebChat(address, pin).answer, "127.0.0.1", port)
    print(f"http://127.0.0.1:{web.sockets[0].getsockname()[1]}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        web.close()


if __name__ == "__main__":
    try:
        port = int(sys.argv[1]) if sys.argv[1:] else 8000
        if sys.argv[2:]:
            asyncio.run(main(port, sys.argv[2], None))
        else:
            with libchat.serve(port=0) as server:
                asyncio.run(main(port, server.address, server.pin))
    except (libchat.ChatError, OSError, OverflowError, ValueError) as error:
        raise SystemExit(f"web_app.py: {error}") from None
    except KeyboardInterrupt:
        pass

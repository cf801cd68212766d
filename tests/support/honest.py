"""Two people who chat, as a program of its own: so that nothing but the server can slow them down.

    python honest.py HOST:PORT

They write to each other in turn, and each waits for what the other has written. Now and then somebody new comes by.
When standard input ends, they leave, and how long everything took is printed as one JSON object, in seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass

from support.wire import Wire, open_tls

PAUSE_SECONDS = 0.01
"""People think a moment before they write: and so stay below every limit."""

VISIT_EVERY = 20
"""After how many messages somebody new comes by."""


@dataclass(frozen=True)
class Server:
    """Where the server is."""

    address: str


def arrive(server: Server, name: str) -> Wire:
    """Connect and take a name."""
    wire = open_tls(server)
    wire.send(f"server:register {name}")
    wire.expect(f"server: welcome {name}")
    return wire


def chat(server: Server, has_ended: threading.Event) -> dict[str, list[float]]:
    """Chat until the end, and return how long messages and newcomers took."""
    messages: list[float] = []
    arrivals: list[float] = []
    with arrive(server, "Honest-Ana") as ana, arrive(server, "Honest-Bo") as bo:
        print("ready", flush=True)
        pairs = ((ana, bo, "Ana", "Bo"), (bo, ana, "Bo", "Ana"))
        while not has_ended.wait(PAUSE_SECONDS):
            speaker, listener, sender, recipient = pairs[len(messages) % 2]
            begin = time.monotonic()
            speaker.send(f"Honest-{recipient}:{len(messages)}")
            listener.expect(f"Honest-{sender}: {len(messages)}")
            messages.append(time.monotonic() - begin)
            if len(messages) % VISIT_EVERY == 0:
                begin = time.monotonic()
                with arrive(server, f"Visitor-{len(messages)}") as visitor:
                    arrivals.append(time.monotonic() - begin)
                    visitor.send("server:exit")
                    visitor.expect("server: bye")
    return {"messages": messages, "arrivals": arrivals}


def main() -> None:
    """Chat until standard input ends."""
    has_ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        has_ended.set()

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps(chat(Server(sys.argv[1]), has_ended)), flush=True)


if __name__ == "__main__":
    main()

"""Measure guests who come and go: connections registered in a CPU second, without sockets and TLS.

    python tests/bench/churn.py --guests 20000

Each guest says hello, takes a name, and exits, as bytes to a real connection of a real hub, 100 at a time. The best of
several rounds is printed: the others were disturbed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from libchat import messages as m
from libchat.server.connection import Connection
from libchat.transport.pump import PlainPump
from libchat.wire.native import format_command
from support.station import DIALECTS, Sink

AT_ONCE = 100


def churn(guests: int) -> float:
    """Return how many guests a hub takes in a CPU second."""
    from libchat.hub import Hub

    hub, sink = Hub(), Sink()
    hub.add_sink(sink)
    lines = [
        b"".join(map(format_command, (m.Hello(), m.Register(f"guest{number}", f"device{number}", "1"), m.Exit())))
        for number in range(guests)
    ]
    begun = time.process_time()
    for start in range(0, guests, AT_ONCE):
        peers = [
            Connection(sink.fanout, PlainPump(), DIALECTS, "192.0.2.1:4000") for _ in lines[start : start + AT_ONCE]
        ]
        for peer, data in zip(peers, lines[start:], strict=False):
            peer.receive_data(data)
        hub.run([(peer, peer.commands()) for peer in peers])
        for lane, items in sink.fanout.take():
            assert isinstance(lane, Connection)
            lane.send_items(items)
            lane.sent(len(lane.data_to_send()))
    return guests / (time.process_time() - begun)


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = sorted(churn(options.guests) for _ in range(options.rounds))
    print(f"guests in a CPU second: best {rounds[-1]:,.0f}, median {rounds[len(rounds) // 2]:,.0f}")


if __name__ == "__main__":
    main()

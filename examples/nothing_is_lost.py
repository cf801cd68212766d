"""A bot that is restarted, and a server that is restarted: what was said meanwhile comes, once and in order.

    python nothing_is_lost.py

The server keeps what was said in one folder, the bot what it has taken and what was not answered in another. Orders
have ids of their own: the bot may say again what it said before it was restarted, and it is still said once.
"""

import tempfile
from pathlib import Path

import libchat


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept, state = Path(folder, "server"), Path(folder, "bot")
        with libchat.serve(port=0, data=kept) as server:
            port, pin = server.port, server.pin
            with libchat.connect(server.address, "bot", pin=pin, state=state) as bot:
                bot.join("#orders")
                bot.send("#orders", "order 17: tea", cid="order-17").accepted()
            with libchat.connect(server.address, "ana", pin=pin) as ana:
                ana.join("#orders")
                for text in ("two sugars, please", "and milk"):
                    ana.send("#orders", text).accepted()

        with (
            libchat.serve(port=port, data=kept) as server,
            libchat.connect(server.address, "bot", pin=pin, state=state) as bot,
        ):
            bot.join("#orders")  # the state knows how far the bot had come
            print("meanwhile:", bot.receive(timeout=5).text, "/", bot.receive(timeout=5).text)
            again = bot.send("#orders", "order 17: tea", cid="order-17").accepted()
            print(f"order 17 is message {again.seq}, as before")
            bot.edit("#orders", again.seq, "order 17: tea with milk").accepted()
            print("found:", bot.search("tea milk").entries[0].text)


if __name__ == "__main__":
    main()

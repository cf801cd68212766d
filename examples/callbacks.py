"""A bot without a loop of its own: callbacks are called in a thread of the client's, one at a time and in order.

    python callbacks.py

What a callback raises is logged and handed to `on_error`; the next event is called with all the same.
"""

import threading

import libchat


def main() -> None:
    is_done = threading.Event()

    def on_message(message: libchat.Entry) -> None:
        if message.text == "stop":
            is_done.set()
        else:
            people = ", ".join(person.name for person in bot.who())  # a callback may ask, too
            bot.send(message.target, f"{message.sender} says {message.text}; here are {people}")

    def on_joined(event: libchat.Joined) -> None:
        print(f"{event.name} came to {event.room}")

    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bot", pin=server.pin, on_error=print) as bot,
        libchat.connect(server.address, "ana", pin=server.pin) as ana,
    ):
        bot.on(libchat.Entry, on_message)
        bot.on(libchat.Joined, on_joined)
        bot.join("#lab")
        ana.join("#lab")
        ana.send("#lab", "hello")
        print(ana.receive(timeout=20).text)
        ana.send("#lab", "stop")
        is_done.wait()


if __name__ == "__main__":
    main()

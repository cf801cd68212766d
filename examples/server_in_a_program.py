"""A server in the background of a program, and two clients that talk over TLS.

    python server_in_a_program.py

The clients pin the server's key, so nobody can stand in between. Here they get the pin from the server itself; other
people get it from whoever runs the server.
"""

import libchat


def main() -> None:
    with (
        libchat.serve(port=0) as server,  # listens when the block begins, has stopped when it ends
        libchat.connect(server.address, "ana", pin=server.pin) as ana,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
    ):
        ana.join("#tea")
        bo.join("#tea")
        receipt = bo.send("#tea", "The kettle is on.")
        print(f"message {receipt.accepted(timeout=5).seq} is in the log")
        for message in ana:  # ends with `Disconnected` when the connection is gone for good, never silently
            print(f"{message.sender}: {message.text}")
            break
        print("online:", ", ".join(person.name for person in ana.who()))


if __name__ == "__main__":
    main()

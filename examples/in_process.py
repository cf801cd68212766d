"""A chat inside one program: no server, no sockets, no threads.

    python in_process.py

Everything that a participant does has happened when the method returns.
"""

import libchat


def main() -> None:
    with libchat.Hub() as hub, hub.connect("ana") as ana, hub.connect("bo") as bo:
        ana.send("bo", "hi")
        print(bo.receive(timeout=1).text)

        for person in (ana, bo):
            person.join("#tea")
        receipt = bo.send("#tea", "The kettle is on.")
        print(f"message {receipt.accepted().seq} of #tea")
        entry = ana.receive(timeout=1)
        print(f"{entry.sender} in {entry.target}: {entry.text}")

        bo.close()
        print("queued:", ana.send("bo", "Are you still there?").accepted().is_queued)
        with hub.connect("bo") as bo_again:
            print(bo_again.receive(timeout=1).text)


if __name__ == "__main__":
    main()

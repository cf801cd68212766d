"""A server for those who are invited, and guests who come in by one link and nothing else.

    python invited.py

The link says where the server is, which key it must show, and into which room it leads. The key is checked before
anything is sent. This one is good for two people and an hour; who has neither an invite nor an account stays outside.
"""

import libchat


def main() -> None:
    with libchat.serve(port=0, admit="invite") as server:
        link = server.invite("tea", uses=2, seconds=3600)
        with libchat.connect(link, name="ana") as ana, libchat.connect(link, name="bo") as bo:
            for guest in (ana, bo):
                guest.join(guest.invite_room)
            bo.send(bo.invite_room, "The kettle is on.")
            message = ana.receive(timeout=5)
            print(f"{message.sender} in {message.target}: {message.text}")
            try:
                libchat.connect(link, name="cleo")
            except libchat.Refused as error:
                print(f"cleo: {error.reason}")


if __name__ == "__main__":
    main()

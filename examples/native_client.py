"""A client for the native protocol without libchat: a socket, TLS, and one JSON object a line.

    python native_client.py HOST:PORT PIN NAME ROOM

It says back what it is told in private, until that is `bye`. It comes back when a connection is lost: what it had not
acknowledged comes again, and is answered with the same `cid` again, so it is said once.
"""

import hashlib
import json
import secrets
import socket
import ssl
import sys
import time

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate  # ssl hands out the certificate, the pin is of the key in it


def connect(address: str, pin: str) -> ssl.SSLSocket:
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # no authority vouches for it: the pin does
    sock = context.wrap_socket(socket.create_connection((host.strip("[]"), int(port))))
    key = load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"").public_key()
    if pin != "sha256:" + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest():
        sock.close()
        raise SystemExit(f"{address} is another server, or this is not its pin; nothing was sent to it")
    return sock


def talk(sock: ssl.SSLSocket, name: str, room: str, device: str) -> None:
    def send(**command: object) -> None:
        sock.sendall(json.dumps(command).encode() + b"\n")

    send(type="register", name=name, device=device, cid="name")  # the same device takes over from a lost connection
    send(type="join", room=room, cid="room")
    for event in map(json.loads, sock.makefile("rb")):
        print(json.dumps(event, ensure_ascii=False), flush=True)
        if event["type"] == "entry" and not event["target"].startswith("#"):
            sender, seq = event["sender"], event["seq"]
            send(type="send", target=sender, text=event["text"], cid=f"{sender}/{seq}")
            send(type="ack", target=sender, seq=seq)  # behind the answer: what has none comes again
            if event["text"] == "bye":
                send(type="exit")
        elif (event["type"] == "error" and event.get("cid") in ("name", "room")) or event.get("final"):
            raise SystemExit(event.get("text"))  # it is of no use to come back


if __name__ == "__main__":
    address, pin, *me = [*sys.argv[1:], secrets.token_hex(16)] if len(sys.argv) == 5 else sys.exit(__doc__)
    while True:
        try:
            with connect(address, pin) as sock:
                talk(sock, *me)
        except OSError as error:
            print(f"{address} is lost ({error}), trying again", file=sys.stderr)
        time.sleep(1)

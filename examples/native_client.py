"""A client for the native protocol without libchat: one JSON object a line, over TLS. In any language it looks alike.

    python native_client.py HOST:PORT PIN NAME ROOM

It enters a room, and says back what it is told in private, until that is `bye`. The pin is the hash of the server's
public key: the only thing that says that it is the right server, so it is checked before anything is sent.
(`cryptography` takes the key out of the certificate.)
"""

import hashlib
import json
import socket
import ssl
import sys
from itertools import count

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate


def connect(address: str, pin: str) -> ssl.SSLSocket:
    host, port = address.rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # no authority vouches for a chat on a LAN: the pin does
    sock = context.wrap_socket(socket.create_connection((host.strip("[]"), int(port))))
    certificate = load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if "sha256:" + hashlib.sha256(key).hexdigest() != pin:
        sock.close()
        raise SystemExit("this is another server")
    return sock


def main(address: str, pin: str, name: str, room: str) -> None:
    cids = count(1)  # answers repeat the cid of their command, and a message that is sent twice is one message
    with connect(address, pin) as sock, sock.makefile("rb") as lines:

        def send(kind: str, **fields: object) -> None:
            sock.sendall(json.dumps({"type": kind, **fields}).encode() + b"\n")

        send("register", name=name, cid=str(next(cids)))
        send("join", room=room, cid=str(next(cids)))
        for line in lines:
            event = json.loads(line)
            print(json.dumps(event, ensure_ascii=False), flush=True)
            if event["type"] == "entry" and not event["target"].startswith("#"):
                send("send", target=event["sender"], text=event["text"], cid=str(next(cids)))
                send("ack", target=event["sender"], seq=event["seq"])  # it need not come again
                if event["text"] == "bye":
                    send("exit")


if __name__ == "__main__":
    main(*sys.argv[1:])

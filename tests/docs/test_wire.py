"""The page of the wire, beside its tables of fields (`test_docs.py`): classic commands, numbers, examples."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from libchat import limits
from libchat.messages import Rejected, Successor
from libchat.security import device_keys
from libchat.security.invite import parse_invite
from libchat.security.pins import format_pin
from libchat.security.succession import check_successor
from libchat.wire import classic, native
from support.pages import read, rows, section, words

PAGE = read("reference/wire.md")
CLASSIC = section(PAGE, "## The classic dialect")
DIALOGUE = re.findall(r"^([<>]) (\{.*\})$", PAGE, re.MULTILINE)


def test_every_classic_command_is_documented() -> None:
    """The tables have each word that may stand behind `server:`, and no others."""
    typed = [word for row in rows(CLASSIC) for word in words(row[0])]
    told = {word.removeprefix("server:").split()[0] for word in typed if re.match(r"server:[a-z]", word)}
    told -= {"welcome", "joined", "left"}
    assert told == set(classic._COMMANDS)


@pytest.mark.parametrize(
    ("number", "words_about_it"),
    [
        (limits.LINE_BYTES, "It has {} bytes at most"),
        (limits.TEXT_BYTES, "{} bytes of UTF-8 at most"),
        (limits.TOPIC_BYTES, "the new topic, {} bytes at most"),
        (limits.NAME_CHARACTERS, "{} characters at most: letters and digits"),
        (limits.CID_BYTES, "own id for it ({} characters at most)"),
        (limits.REACTIONS, "A message has {} reactions at most"),
        (limits.REACTION_CHARACTERS, "an emoji, mostly; {} characters at most"),
        (limits.INVITE_USES, "how often it may be used, 1 to {}"),
        (limits.NEW_PASSWORD_CHARACTERS, "the new password, {} to 128 characters"),
        (limits.PASSWORD_CHARACTERS, "the new password, 8 to {} characters"),
        (limits.LABEL_CHARACTERS, "the name of the machine, mostly; {} characters at most"),
        (limits.KICKS_BY_ACCOUNT, "of these others, at most {}"),
        (limits.KEY_ID_CHARACTERS, "each with its `id` ({} hex digits"),
        (limits.QUEUE_SECONDS // (24 * 3600), "it is over {} days old"),
    ],
)
def test_numbers_are_those_of_the_code(number: int, words_about_it: str) -> None:
    """A number that clients rely on is told as it is."""
    assert words_about_it.format(f"{number:,}") in PAGE


def formula(beginning: str, values: dict[str, str]) -> bytes:
    """Return the bytes that the page says are signed, with these values for its names."""
    (line,) = re.findall(rf'^"?{beginning}"? NUL .*$', PAGE, re.MULTILINE)
    return b"\0".join(values.get(word, word.strip('"')).encode() for word in line.split(" NUL "))


def test_a_proof_is_the_signature_of_what_the_page_says() -> None:
    """A device's proof that was made by the page alone is taken."""
    key = Ed25519PrivateKey.generate()
    values = {"nonce": "Zk3", "pin": "sha256:00", "name": "ana", "device": "6a09"}
    proof = base64url(key.sign(formula("libchat-device-1", values)))
    assert device_keys.check_proof(base64url(key.public_key().public_bytes_raw()), proof, *values.values())


def test_a_successor_is_signed_as_the_page_says() -> None:
    """A statement about the next key that was made by the page alone is believed."""
    key = generate_private_key(SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    values = {"PIN": format_pin(spki), "NEXT_PIN": "sha256:" + "0" * 64, "SINCE": "1795370584"}
    signature = key.sign(formula("libchat-successor-1", values), ECDSA(SHA256()))
    successor = Successor(values["NEXT_PIN"], int(values["SINCE"]), base64url(signature), base64url(spki))
    assert check_successor(values["PIN"], successor)


def base64url(data: bytes) -> str:
    """Return bytes as the page has them: RFC 4648, section 5, without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def test_the_dialogue_is_one() -> None:
    """What the client says can be read by a server, and what the server says by a client."""
    assert [side for side, _ in DIALOGUE] == [">", "<", ">", "<", ">", "<"]
    for side, text in DIALOGUE:
        line = text.replace("{...}", "{}").encode()
        if side == ">":
            (command,) = native.Native().parse_line(line, None)
            assert not isinstance(command, Rejected)
        else:
            event = native.parse_event(line)
            assert event is not None
            assert set(json.loads(line)) <= set(json.loads(native.Native().format_event(event)))


def test_the_links_are_invites() -> None:
    """The examples of invites can be read, and are written as they stand there."""
    page = read("reference/invites.md")
    links = re.findall(r"^libchat://\S+$", page, re.MULTILINE)
    assert len(links) == 2
    assert [parse_invite(link).format() for link in links] == links
    assert f"{limits.LINK_CHARACTERS} characters at most, and {limits.LINK_HOSTS} hosts" in page
    assert f"1*{limits.TOKEN_CHARACTERS}base64url" in page

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libchat.limits import LINK_CHARACTERS
from libchat.security.invite import Invite, is_invite, parse_invite

PIN = "sha256:" + "a5" * 32
KEY = "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU"
TOKEN = "q83vEjRWeJCrze8SNFZ4kA"
LINK = f"libchat://192.168.1.5:8080/team?k={KEY}&t={TOKEN}&e=1795370584"
INVITE = Invite(("192.168.1.5",), 8080, "#team", PIN, TOKEN, 1795370584)

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}[a-z0-9](\.[a-z]{1,10}){0,3}", fullmatch=True)
foreign_names = st.sampled_from(["bücher.example", "παράδειγμα.δοκιμή", "例え.テスト"])
addresses = st.ip_addresses().filter(lambda address: not address.is_unspecified).map(str)
hosts = st.lists(names | foreign_names | addresses, min_size=1, max_size=8).map(tuple)
rooms = st.sampled_from(["", "#team", "#Größe", "#a.b-c_d", "#日本", "#ends.", "#%2F"])
pins = st.just("") | st.binary(min_size=32, max_size=32).map(lambda digest: f"sha256:{digest.hex()}")
tokens = st.just("") | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
invites = st.tuples(hosts, st.integers(1, 65535), rooms, pins, tokens, st.integers(0, 2**33))


def read(text: str) -> Invite | None:
    """Return the invite in a text, or None if the person is told in words of ours that there is none."""
    try:
        return parse_invite(text)
    except ValueError as refused:
        error = refused
    assert not isinstance(error, UnicodeError)  # one that Python wrote
    assert str(error).isprintable()
    return None


def test_a_link_says_everything() -> None:
    """Host, port, room, key, token and expiry are read, and written again as they were."""
    assert parse_invite(LINK) == INVITE
    assert INVITE.format() == LINK


def test_the_shortest_link() -> None:
    """Host and port are enough; the slash at the end may be missing."""
    assert (
        parse_invite("libchat://chat.local:1") == parse_invite("libchat://chat.local:1/") == Invite(("chat.local",), 1)
    )


@example((("a",), 1, "#ends.", "", "", 0))
@given(invites)
def test_what_is_written_is_read(parts: tuple[tuple[str, ...], int, str, str, str, int]) -> None:
    """Every invite comes out of its link as it was, and a link is ASCII without spaces."""
    try:
        invite = Invite(*parts)
    except ValueError:
        assert parts[2] == "#%2F"  # no room can be called so
        return
    assert parse_invite(invite.format()) == invite
    assert invite.format().isascii()
    assert " " not in invite.format()


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("[2001:DB8::1]", "2001:db8::1"),
        ("[2001:db8:0:0:0:0:0:1]", "2001:db8::1"),
        ("[fe80::1%25eth0]", "fe80::1%eth0"),
        ("[fe80::1%eth0]", "fe80::1%eth0"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("b%C3%BCcher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("CHAT.local.", "chat.local"),
    ],
)
def test_hosts_have_one_form(written: str, host: str) -> None:
    """Names and addresses that mean the same are the same."""
    assert parse_invite(f"libchat://{written}:1/").hosts == (host,)


def test_several_hosts_keep_their_order() -> None:
    """They are tried in the order of the link; one that comes twice is tried once."""
    invite = parse_invite("libchat://[::1],10.0.0.2,chat.local,10.0.0.2:9/")
    assert invite.hosts == ("::1", "10.0.0.2", "chat.local")
    assert invite.format() == "libchat://[::1],10.0.0.2,chat.local:9/"


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {LINK}\r\n",
        f"<{LINK}>",
        f'"{LINK}"',
        f"“{LINK}”.",
        f"libchat join '{LINK}'",
        f"Come here: {LINK}!",
        LINK.replace("?", "?\n"),
        LINK.replace("&t=", "=\n  &t="),  # wrapped by a mail program, with the padding of another one's base64
        LINK.replace("&", "&amp;"),
        LINK.replace("libchat", "LIBCHAT"),
        LINK.replace("/team", "/#team"),
        LINK.replace("/team", "/team/"),
        f"\ufeff{LINK}\u200b",
        f"{LINK}#fragment",
        f"{LINK}&later=1&x",
    ],
)
def test_what_pasting_does_is_forgiven(pasted: str) -> None:
    """Brackets, quotes, white space, words before it and parameters of a newer server change nothing."""
    assert parse_invite(pasted) == INVITE


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "begins with libchat://"),
        ("192.168.1.5:8080", "begins with libchat://"),
        ("https://example.org/", "begins with libchat://"),
        ("libchat://", "no port"),
        ("libchat://host/", "no port"),
        ("libchat://[::1]/", "no port"),
        ("libchat://:80/", "no port"),
        ("libchat://host:0/", "from 1 to 65535"),
        ("libchat://host:65536/", "from 1 to 65535"),
        ("libchat://host:٣/", "from 1 to 65535"),
        ("libchat://a,,b:1/", "neither an address nor a name"),
        ("libchat://a b@c:1/", "neither an address nor a name"),
        ("libchat://" + "a" * 64 + ":1/", "neither an address nor a name"),
        ("libchat://xn--" + "9" * 300 + ":1/", "neither an address nor a name"),
        ("libchat://::1:80/", "in brackets"),
        ("libchat://0.0.0.0:80/", "address of no machine"),
        ("libchat://[::]:80/", "address of no machine"),
        ("libchat://[fe80::1%25a/b]:80/", "no number"),
        ("libchat://[fe80::1%25a b;]:80/", "damaged"),
        ("libchat://" + ",".join("abcdefghi") + ":1/", "from 1 to 8 hosts"),
        ("libchat://host:1/a/b", "more than one room"),
        ("libchat://host:1/..%2F..%2Fetc", "room of the link cannot be one"),
        ("libchat://host:1/%E2%80%AEmaet", "room of the link cannot be one"),
        ("libchat://host:1/%FF", "no UTF-8"),
        (LINK.replace(KEY, KEY[:-1]), "key of the link is damaged"),
        (LINK.replace(KEY, KEY[:-1] + "+"), "key of the link is damaged"),
        ("libchat://host:1/?k=", "ends too early"),
        (f"{LINK}&k={KEY}", "k= twice"),
        (LINK.replace(TOKEN, "a" * 65), "token of the link is damaged"),
        (LINK.replace(TOKEN, "a'b"), "token of the link is damaged"),
        (LINK.replace("e=", "e=-"), "expiry"),
        (LINK.replace("e=", "e=9999"), "expiry"),
        ("x" * (LINK_CHARACTERS + 1), "at most"),
    ],
)
def test_what_is_no_link(link: str, reason: str) -> None:
    """Each mistake is told in words, and none of them shows the token."""
    with pytest.raises(ValueError, match=reason) as refused:
        parse_invite(link)
    assert TOKEN not in str(refused.value)


@given(
    st.text() | st.text().map("libchat://h:1/".__add__) | st.text().map(lambda text: f"libchat://{text}:1/?k={text}")
)
@example("libchat://[::1%]:1/")
@example("libchat://\udc80:1/")
@example("libchat://h:1/\udc80")
@example("libchat://xn--a:1/")
@example("libchat://%00:1/")
def test_nothing_but_words_for_a_person(text: str) -> None:
    """Whatever is pasted is an invite or a ValueError whose words a terminal can show, and an invite can be written."""
    invite = read(text)
    assert invite is None or parse_invite(invite.format()) == invite


@given(st.integers(0, len(LINK) - 1), st.characters())
def test_a_mistyped_link(at: int, character: str) -> None:
    """One character that is wrong makes another invite, or a ValueError with words."""
    read(LINK[:at] + character + LINK[at + 1 :])


def test_a_token_is_not_shown() -> None:
    """What is logged by mistake holds no secret."""
    assert TOKEN not in repr(INVITE)
    assert PIN in repr(INVITE)


def test_what_is_no_invite_cannot_be_made() -> None:
    """A program that makes an invite is told the same mistakes."""
    for parts in (
        ((), 1),
        (("0.0.0.0",), 1),
        (("a",), 0),
        (("a",), 1, "#a b\n"),
        (("a",), 1, "", "x"),
        (("a",), 1, "", "", "?"),
    ):
        with pytest.raises(ValueError, match=r".+"):
            Invite(*parts)


@pytest.mark.parametrize(
    ("text", "is_one"), [(LINK, True), (f"<{LINK.upper()}>", True), ("host:80", False), ("", False)]
)
def test_links_and_addresses_are_told_apart(text: str, is_one: bool) -> None:
    """An address never looks like a link."""
    assert is_invite(text) is is_one


def test_every_address_of_a_link_is_one() -> None:
    """What is read as an address is read as Python reads it."""
    assert ipaddress.ip_address(parse_invite("libchat://[::ffff:10.0.0.1]:1/").hosts[0]) == ipaddress.ip_address(
        "::ffff:10.0.0.1"
    )

"""Masks, passwords, and what may be entered and said."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.core.moderation import (
    Rules,
    Settings,
    changed,
    check_entry,
    check_speech,
    find_ban,
    fits,
    hash_password,
    is_network,
    is_password,
    mask_of,
    parse_mask,
)
from libchat.core.roles import Rank
from libchat.errors import Code, InvalidName, Refused
from libchat.names import parse_name
from libchat.records import Known, Member, RoomBan, RoomMute, RoomSettings

ANA, BILL = parse_name("ana"), parse_name("bill")
NOW = 1_000_000


def ban(mask: str, until: int = 0, reason: str = "") -> RoomBan:
    """Return a ban in #red."""
    return RoomBan("#red", "#red", mask, "op", 1, until, reason)


def enter(rules: Rules, *, address: str = "", password: str = "", is_invited: bool = False) -> Code | None:
    """Return why ana may not enter, None if she may."""
    try:
        check_entry(rules, "#red", ANA, address, password, NOW, is_invited=is_invited)
    except Refused as refused:
        return Code(refused.code)
    return None


def speak(rules: Rules, kind: str = "message", rank: Rank = Rank.MEMBER) -> Code | None:
    """Return why ana may not say something, None if she may."""
    try:
        check_speech(rules, "#red", "ana", rank, kind, NOW)
    except Refused as refused:
        return Code(refused.code)
    return None


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("ANA", "ana"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("10.0.0.7/24", "10.0.0.0/24"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.0/120", "10.0.0.0/24"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_masks_have_one_form(typed: str, mask: str) -> None:
    """However a mask is written, it is kept in one form, which is its own."""
    assert parse_mask(typed) == parse_mask(mask) == mask
    assert is_network(mask) == (mask != "ana")


@pytest.mark.parametrize("typed", ["", "a b", "10.0.0.0/33", "server", "*"])
def test_what_is_no_mask(typed: str) -> None:
    """What is no name, address or network is refused."""
    with pytest.raises(InvalidName):
        parse_mask(typed)


def test_names_fit_by_how_they_look() -> None:
    """A name in another case, or one that looks like it, is banned, too; another one is not."""
    assert fits("bill", parse_name("BILL"), ())
    assert fits("bill", parse_name("bi1l"), ())
    assert not fits("bill", ANA, ("10.0.0.1",))


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_networks_hold_their_addresses(
    network: ipaddress.IPv4Address, size: int, address: ipaddress.IPv4Address
) -> None:
    """An address fits a network that holds it, also where it is mapped into IPv6, and no other."""
    mask = parse_mask(f"{network}/{size}")
    expected = address in ipaddress.ip_network(f"{network}/{size}", strict=False)
    for shown in (str(address), f"::ffff:{address}", f"::FFFF:{address}%eth0"):
        assert fits(mask, ANA, (shown,)) == expected
        assert mask_of(shown) == str(address)


def test_what_comes_from_nowhere_fits_no_network() -> None:
    """Who is in process has no address, and is not banned by the largest network."""
    assert not fits("0.0.0.0/0", ANA, ("",))
    assert not fits("::/0", ANA, ("10.0.0.1",))
    assert mask_of("") == mask_of("ana") == ""


def test_bans_end() -> None:
    """A ban holds until its time, and not longer; one without a time holds."""
    assert find_ban([ban("ana", NOW + 1)], ANA, "", NOW) is not None
    assert find_ban([ban("ana", NOW)], ANA, "", NOW) is None
    assert find_ban([ban("ana")], ANA, "", 10**15) is not None


@given(st.text(max_size=20), st.text(max_size=20), st.text("abc123", min_size=1, max_size=8))
def test_passwords(one: str, other: str, salt: str) -> None:
    """A password fits its own hash only; nothing fits an empty one; neither password nor hash is shown."""
    kept = hash_password(one, salt)
    assert is_password(one, kept) == bool(one)
    assert is_password(other, kept) == (bool(one) and one == other)
    assert kept == "" or kept != hash_password(one, salt + "x")
    for shown in (repr(Settings(password=kept)), repr(RoomSettings("#r", "#r", password=kept))):
        assert not kept or kept not in shown


def test_who_may_enter() -> None:
    """A ban is asked first, then the invitation, which stands for the password, then the password."""
    shut = Settings(invite_only=True, password=hash_password("tea", "s"))
    known = Settings(password=shut.password)
    banned = {"ana": ban("ana", reason="spam")}
    assert enter(Rules()) is None
    assert enter(Rules(shut), password="tea") is Code.INVITE_ONLY
    assert enter(Rules(shut), is_invited=True) is None
    assert enter(Rules(known)) is Code.ROOM_PASSWORD
    assert enter(Rules(known), password="Tea") is Code.ROOM_PASSWORD
    assert enter(Rules(known), password="tea") is None
    assert enter(Rules(shut, banned), password="tea", is_invited=True) is Code.BANNED
    assert enter(Rules(bans={"m": ban("10.0.0.0/8")}), address="::ffff:10.1.2.3") is Code.BANNED
    with pytest.raises(Refused, match="banned from #red for another 2 min: spam"):
        check_entry(Rules(bans={"ana": ban("ana", NOW + 120_000, "spam")}), "#red", ANA, "", "", NOW, is_invited=False)


def test_who_may_speak() -> None:
    """The muted may not, until it has ended; in a moderated room a voice is needed; deleting is no speaking."""
    kinds = ("message", "react", "unreact", "edit", "topic", "typing")
    muted = Rules(mutes={"ana": RoomMute("#red", "#red", "ana", "op", 1, NOW + 1)})
    over = Rules(mutes={"ana": RoomMute("#red", "#red", "ana", "op", 1, NOW)})
    moderated = Rules(Settings(moderated=True))
    for kind in kinds:
        assert speak(muted, kind, Rank.OWNER) is Code.MUTED
        assert speak(over, kind) is None
        assert speak(moderated, kind) is Code.MODERATED
        assert speak(moderated, kind, Rank.VOICE) is None
        assert speak(Rules(leaving=frozenset({"ana"})), kind) is Code.NOT_IN_ROOM
    assert speak(muted, "delete") is speak(moderated, "delete") is None
    reserved = Rules(Settings(open_topic=False))
    assert speak(reserved, "topic", Rank.VOICE) is Code.NOT_PERMITTED
    assert speak(reserved, "topic", Rank.OPERATOR) is speak(reserved) is None


def test_what_facts_change() -> None:
    """Each changes what it tells of, and nothing else."""
    rules = changed(Rules(), RoomSettings("#red", "#red", secret=True, open_topic=False))
    rules = changed(rules, RoomSettings("#red", "#red", secret=False))
    assert rules.settings == Settings(open_topic=False)
    rules = changed(rules, ban("bill"))
    rules = changed(rules, RoomMute("#red", "#red", "ana"))
    rules = changed(rules, Member("#red", "#red", "ana", "voice"))
    assert (set(rules.bans), set(rules.mutes), rules.rank("ana")) == ({"bill"}, {"ana"}, Rank.VOICE)
    rules = changed(rules, RoomBan("#red", "#red", "bill", is_on=False))
    rules = changed(rules, RoomMute("#red", "#red", "ana", is_on=False))
    rules = changed(rules, Member("#red", "#red", "ana", "voice", is_in=False))
    assert rules == Rules(Settings(open_topic=False), leaving=frozenset({"ana"}))
    assert changed(rules, Known("ana", "Ana", 1)) is rules

"""Commands about the own name: another one, a password, devices."""

from __future__ import annotations

from pathlib import Path

import libchat
from libchat.hub import Hub
from libchat.security.device_keys import new_device_key
from support.signing import PASSWORD
from support.typist import Typist


def test_nick(ana: Typist, hub: Hub) -> None:
    """Another name is taken through the shell; one's own, what is none, and what is taken, are refused."""
    assert ana.says("/nick") == "you are ana; /nick NAME takes another name"
    assert ana.fails("/nick ana") == "you are ana already"
    assert "cannot be a name" in ana.fails("/nick a*b")
    assert "it is reserved" in ana.fails("/nick server")
    hub.connect("bo")
    ana.desk.reconnect = hub.connect
    assert "bo is taken" in ana.fails("/nick bo")
    assert ana.says("/nick anna") == "you are anna now"


def test_password(ana: Typist) -> None:
    """The password is asked for twice, unseen; what does not fit, or is too short, changes nothing."""
    ana.surface.answers = [PASSWORD, "another"]
    assert ana.fails("/password") == "the two were not the same; nothing was changed"
    ana.surface.answers = ["short", "short"]
    assert "8 characters at least" in ana.fails("/password")
    assert "nothing was typed for a while" in ana.fails("/password")
    ana.surface.answers = [PASSWORD, PASSWORD]
    assert ana.says("/password").startswith("the password of ana is set")
    assert all(is_secret for _, is_secret in ana.surface.questions)
    assert not any(PASSWORD in reply for reply in ana.surface.replies)
    assert "one word too many" in ana.fails(f"/password '{PASSWORD}'")


def test_devices_of_a_guest(ana: Typist) -> None:
    """A guest is told how to have some."""
    assert ana.fails("/devices") == "a guest has no devices; set a password first (/password)"


def test_devices(tmp_path: Path) -> None:
    """The devices of an account stand in a table, and one that is signed out is gone."""
    with (
        libchat.serve(host="127.0.0.1", port=0, data=tmp_path) as server,
        libchat.connect(server.invite(), "ana", password=PASSWORD, key=new_device_key()) as first,
    ):
        other = libchat.connect(server.invite(), "ana", password=PASSWORD, key=new_device_key())
        ana = Typist(first)
        heading, *lines = ana.says("/devices").split("\n")
        assert heading.split() == ["ID", "DEVICE", "SIGNED", "IN", "LAST", "SEEN"]
        assert [line.endswith("this one") for line in lines] == [True, False]
        ids = [line.split()[0] for line in lines]
        assert ana.offers("/revoke ") == ids
        assert ana.says(f"/revoke {ids[1]}") == f"device {ids[1]} is signed out"
        assert len(ana.says("/devices").split("\n")) == 2
        assert "none of your devices" in ana.fails(f"/revoke {ids[1]}")
        assert "DEVICE is missing" in ana.fails("/revoke")
        other.close()
        ana.close()


def test_the_present_password(hub: Hub) -> None:
    """Who has not shown to be the account's owner is asked for the present password, too."""
    chat = hub.connect("ana")
    chat.set_password(PASSWORD)
    chat._session.address, chat._session.has_proven = "192.0.2.1", False  # as somebody who comes over the network
    ana = Typist(chat)
    ana.surface.answers = ["another long one", "another long one", "wrong"]
    assert "do not fit" in ana.fails("/password")
    ana.surface.answers = ["another long one", "another long one", PASSWORD]
    assert ana.says("/password").startswith("the password of ana is set")
    assert ana.surface.questions[-1] == ("present password: ", True)
    ana.close()

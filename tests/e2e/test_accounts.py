"""Accounts and devices, over real TLS sockets: who may have a name, and who may not."""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import libchat
from libchat import messages as m
from libchat.claims import Added, Admit, Granted, NewInvite
from libchat.client.patience import Patience
from libchat.hub import Hub
from libchat.names import target_key
from libchat.security.device_keys import DeviceKey, new_device_key
from libchat.server.server import Server
from support.oracle import Oracle
from support.proxy import Proxy
from support.signing import PASSWORD, quick_accounts
from support.wire import Wire, open_plain, open_tls

SECONDS = 20
"""How long anything may take on a slow machine."""

Connect = Callable[[], Wire]
Come = Callable[..., libchat.Client]


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a chat with accounts in memory."""
    with Server(port=0, accounts=quick_accounts()) as server:
        yield server


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    """Return a function that connects to the server by hand."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(open_tls(server))


@pytest.fixture
def come(server: Server) -> Iterator[Come]:
    """Return a function that connects to the server as a program does."""
    with ExitStack() as opened:

        def come(name: str, **options: object) -> libchat.Client:
            client = libchat.connect(server.address, name, pin=server.pin, **options)  # type: ignore[arg-type]
            return opened.enter_context(client)

        yield come


def hello(wire: Wire) -> str:
    """Greet a server, and return what a proof must sign."""
    wire.tell("hello")
    nonce = wire.hear("welcome")["nonce"]
    assert isinstance(nonce, str)
    return nonce


def show_key(wire: Wire, key: DeviceKey, nonce: str, pin: str, *, name: str = "ana", **more: object) -> None:
    """Claim a name with a device's proof over a nonce and a pin."""
    proof = key.prove(nonce, pin, target_key(name), "d")
    wire.tell("register", name=name, device="d", key=key.public, proof=proof, **more)


# --- signing in -----------------------------------------------------------------------------------------------------


def test_password_once_then_the_key(come: Come) -> None:
    """Who has given the password on a device comes back with its key only, also after the password has changed."""
    key = new_device_key()
    with come("ana", password=PASSWORD, key=key) as first:
        (device,) = first.devices()
        assert (device.id, device.is_current) == (key.key_id, True)
        first.set_password("another horse battery", PASSWORD)
    assert come("Ana", key=key).name == "ana"


def test_program_is_asked_for_the_password_until_it_is_right(come: Come) -> None:
    """A function is asked when a password is needed, and again with the reason when it is wrong."""
    come("ana", password=PASSWORD).close()
    reasons: list[str] = []

    def ask(reason: str) -> str:
        reasons.append(reason)
        return PASSWORD if len(reasons) == 2 else "wrong horse battery"

    assert come("ana", password=ask).name == "ana"
    assert "is an account" in reasons[0]
    assert "do not fit" in reasons[1]


def test_program_may_give_up_or_fail(come: Come) -> None:
    """Without a password, the refusal is raised; what the function raises is, too; no thread is left."""
    come("ana", password=PASSWORD).close()
    patience = Patience(linger=0.1)  # who gives up waits as long for the server
    with pytest.raises(libchat.PasswordNeeded):
        come("ana", password=lambda why: "", patience=patience)
    with pytest.raises(ZeroDivisionError):
        come("ana", password=lambda why: str(1 // 0), patience=patience)
    with pytest.raises(libchat.Refused, match="character"):
        come("ana", password=lambda why: "\ud800 half a character", patience=patience)


def test_wrong_password(come: Come) -> None:
    """A wrong one is refused for what it is, whether the name is somebody's or the password."""
    come("ana", password=PASSWORD).close()
    with pytest.raises(libchat.WrongPassword):
        come("ana", password="wrong horse battery")
    with pytest.raises(libchat.PasswordNeeded):
        come("ana")


def test_program_without_a_key_shows_its_password_again(server: Server) -> None:
    """A lost connection is made again with the password that was given, or set meanwhile."""
    with Proxy(server.address) as proxy:
        patience = Patience(delays=lambda: iter([0.01] * 100))
        with libchat.connect(proxy.address, "ana", pin=server.pin, password=PASSWORD, patience=patience) as ana:
            for new in (PASSWORD, "another horse battery"):
                ana.set_password(new)
                proxy.cut()
                while not isinstance(ana.receive_event(SECONDS), m.Resumed):
                    pass


def test_password_over_the_classic_dialect(connect: Connect) -> None:
    """By hand: a name becomes an account, is refused without its password, and is had with it after that."""
    first, second = connect(), connect()
    first.send(f"server:register Ana {PASSWORD}", "who")
    first.expect("server: welcome Ana", "server: online (1): Ana")
    second.send("server:register Ana")
    second.expect("server: error password-needed: Ana is an account, write `server:register Ana PASSWORD`")
    second.send("server:register Ana wrong horse battery", "who")
    assert second.line().startswith("server: error wrong-password: ")
    assert second.line().startswith("server: error not-registered: ")
    second.send(f"server:register Ana {PASSWORD}", "join team", "hello", "server:leave", "who")
    second.expect("server: welcome Ana", "server: joined team", "server: left team", "server: online (1): Ana")


def test_guest_becomes_an_account_by_hand(connect: Connect) -> None:
    """`server:password` makes a guest an account, in its room; what is typed behind it waits, and is said there."""
    ana, bo = connect(), connect()
    for wire, name in ((ana, "Ana"), (bo, "Bo")):
        wire.send(f"server:register {name}", "join team")
        wire.expect(f"server: welcome {name}", "server: joined team")
    ana.expect("server: Bo joined team")
    ana.send("server:password horse-battery", "still here?", "server:password horse-battery wrong", "server:exit")
    ana.expect("server: the password of Ana is set")
    assert ana.line().startswith("server: error wrong-password: ")
    ana.expect("server: bye")
    bo.expect("Ana (in team): still here?")
    again = connect()
    again.send("server:register Ana")
    assert again.line().startswith("server: error password-needed: ")


def test_lines_behind_a_password_wait_in_order(connect: Connect) -> None:
    """Everything that comes in one piece with it is answered behind it, in order, in the light of its answer."""
    wire = connect()
    wire.send(f"server:register Ana {PASSWORD}", *["who"] * 600)
    wire.expect("server: welcome Ana", *["server: online (1): Ana"] * 600)


@pytest.mark.parametrize("behind", [(), ("who",)], ids=["nothing", "a line"])
def test_socket_is_left_alone_while_the_password_is_checked(behind: tuple[str, ...]) -> None:
    """Nothing is read meanwhile, so that nobody fills the memory; and nothing turns in circles until the answer."""
    oracle, turns = Oracle(), itertools.count()
    with (
        Hub(accounts=oracle, clock=lambda: float(next(turns))) as hub,
        Server(port=0, hub=hub, plaintext=True) as server,
        open_plain(server) as wire,
    ):
        wire.send(f"server:register Ana {PASSWORD}", *behind)
        assert oracle.has_asked.wait(SECONDS)
        wire.socket.settimeout(0.5)
        begun = next(turns)
        with pytest.raises(TimeoutError):
            wire.send_bytes(b"who\n" * 10_000_000)
        assert next(turns) - begun < 10
        wire.socket.settimeout(SECONDS)
        oracle.answer(Granted(is_account=True))
        wire.expect("server: welcome Ana", "server: online (1): Ana", "server: online (1): Ana")


def test_connection_that_ends_while_the_password_is_checked(server: Server, connect: Connect) -> None:
    """It is dealt with when the answer is there: the account is made, and the goodbye is said."""
    wire = connect()
    wire.send(f"server:register Ana {PASSWORD}")
    wire.finish()
    assert wire.rest()[0] == "server: welcome Ana"


# --- who is not let in ----------------------------------------------------------------------------------------------


def test_forged_proof(server: Server, connect: Connect, come: Come) -> None:
    """A signature by another key, or of something else, is refused; the connection may try again."""
    key = new_device_key()
    come("ana", password=PASSWORD, key=key).close()
    wire = connect()
    nonce = hello(wire)
    forged = new_device_key().prove(nonce, server.pin, "ana", "d")
    wire.tell("register", name="ana", device="d", key=key.public, proof=forged)
    assert wire.hear("error")["code"] == "bad-proof"
    wire.tell("register", name="ana", device="d", key=key.public)
    assert wire.hear("error")["code"] == "bad-proof"
    show_key(wire, key, nonce, server.pin)
    assert wire.hear("registered")["account"] is True


def test_replayed_proof_on_another_connection(server: Server, connect: Connect, come: Come) -> None:
    """What proved it on one connection proves nothing on the next: the nonce is another one."""
    key = new_device_key()
    come("ana", password=PASSWORD, key=key).close()
    first, second = connect(), connect()
    nonce = hello(first)
    assert nonce != hello(second)
    show_key(first, key, nonce, server.pin)
    first.hear("registered")
    show_key(second, key, nonce, server.pin)
    assert second.hear("error")["code"] == "bad-proof"


def test_proof_without_a_greeting(server: Server, connect: Connect, come: Come) -> None:
    """Who has not asked for a nonce has none to sign."""
    key = new_device_key()
    come("ana", password=PASSWORD, key=key).close()
    wire = connect()
    show_key(wire, key, "", server.pin)
    assert wire.hear("error")["code"] == "bad-proof"


@pytest.mark.parametrize("pin", ["", "sha256:" + "00" * 32])
def test_proof_for_another_pin(pin: str, connect: Connect, come: Come) -> None:
    """A man in the middle, who shows another key, cannot pass a proof on."""
    key = new_device_key()
    come("ana", password=PASSWORD, key=key).close()
    wire = connect()
    show_key(wire, key, hello(wire), pin)
    assert wire.hear("error")["code"] == "bad-proof"


def test_proof_for_another_name_or_device(server: Server, connect: Connect, come: Come) -> None:
    """It is good for what it was made for, and nothing else."""
    key = new_device_key()
    come("ana", password=PASSWORD, key=key).close()
    wire = connect()
    nonce = hello(wire)
    for name, device in (("bo", "d"), ("ana", "e")):
        proof = key.prove(nonce, server.pin, name, device)
        wire.tell("register", name="ana", device="d", key=key.public, proof=proof)
        assert wire.hear("error")["code"] == "bad-proof"


def test_key_of_another_account(server: Server, connect: Connect, come: Come) -> None:
    """A right proof of a key that is not the account's is worth nothing without the password."""
    come("ana", password=PASSWORD, key=new_device_key()).close()
    wire = connect()
    show_key(wire, new_device_key(), hello(wire), server.pin)
    assert wire.hear("error")["code"] == "password-needed"


@pytest.mark.parametrize("name", ["ana", "ANA", "аna", "ana\u0301"], ids=["same", "case", "confusable", "other"])
def test_accounts_name_is_protected(name: str, connect: Connect, come: Come) -> None:
    """Nobody has it as a guest, in any case, nor what looks like it; a name that only begins so is another one."""
    come("ana", password=PASSWORD).close()
    wire = connect()
    wire.tell("register", name=name)
    if name.casefold() == "ana":
        assert wire.hear("error")["code"] == "password-needed"
    elif "\u0301" in name:
        wire.hear("registered")
    else:
        assert wire.hear("error")["code"] == "name-taken"
        wire.tell("register", name=name, password=PASSWORD)
        assert wire.hear("error")["code"] == "name-taken"


def test_ghost_is_taken_back_at_once(connect: Connect, come: Come) -> None:
    """A connection that is lost and does not know it keeps nobody from their own name."""
    ghost = connect()
    ghost.tell("register", name="ana", device="phone", password=PASSWORD)
    ghost.hear("registered")
    assert come("ana", password=PASSWORD).name == "ana"
    again = connect()
    again.tell("register", name="ana", device="phone", password=PASSWORD)
    again.hear("registered")
    assert ghost.hear("bye")["final"] is True


@pytest.mark.parametrize(("admit", "code"), [("invite", "not-admitted"), ("accounts", "password-needed")])
def test_not_everybody_is_admitted(admit: Admit, code: str) -> None:
    """A server that takes not all says whom; with an invite one is in, once."""
    with Server(port=0, accounts=quick_accounts(admit)) as server:
        with pytest.raises(libchat.Refused) as refused:
            libchat.connect(server.address, "ana", pin=server.pin)
        assert refused.value.code == code
        host = server.hub.connect("host", account=True)
        token = host.make_invite().token
        options = {"password": PASSWORD} if admit == "accounts" else {}
        with libchat.connect(server.address, "ana", pin=server.pin, token=token, **options) as ana:  # type: ignore[arg-type]
            assert ana.name == "ana"
            with pytest.raises(libchat.Refused) as refused:
                libchat.connect(server.address, "bo", pin=server.pin, token=token, **options)  # type: ignore[arg-type]
            assert refused.value.code == "invite-used-up"


# --- devices --------------------------------------------------------------------------------------------------------


def test_revoked_device_ends_and_needs_the_password(come: Come) -> None:
    """Its session ends for good, and it comes back with the password only; the other one stays."""
    lost, kept = new_device_key(), new_device_key()
    phone = come("ana", password=PASSWORD, key=lost)
    laptop = come("ana", password=PASSWORD, key=kept)
    assert [device.id for device in laptop.devices()] == [lost.key_id, kept.key_id]
    laptop.revoke(lost.key_id)
    with pytest.raises(libchat.Disconnected, match="signed out"):
        for _ in phone.events():
            pass
    with pytest.raises(libchat.PasswordNeeded):
        come("ana", key=lost)
    assert [device.id for device in laptop.devices()] == [kept.key_id]
    assert come("ana", key=lost, password=PASSWORD).name == "ana"


def test_guest_with_a_key_signs_it_in_by_setting_a_password(come: Come) -> None:
    """A guest's device that has shown its key needs no password later."""
    key = new_device_key()
    with come("ana", key=key) as guest:
        guest.set_password(PASSWORD)
    assert come("ana", key=key).name == "ana"


def test_state_folder_has_a_key_of_its_own(server: Server, tmp_path: Path) -> None:
    """A program that keeps its state gives its password once; without one, no key is made."""
    for folder, password in (("a", PASSWORD), ("a", None), ("b", None)):
        name = "ana" if folder == "a" else "bo"
        with libchat.connect(server.address, name, pin=server.pin, state=tmp_path / folder, password=password) as chat:
            assert chat.name == name
    assert (tmp_path / "a" / "device-key.pem").exists()
    assert not (tmp_path / "b" / "device-key.pem").exists()


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_accounts_outlive_the_server(tmp_path: Path) -> None:
    """A server with a folder knows its accounts again, and their rooms."""
    key = new_device_key()
    with (
        Server(port=0, data=tmp_path) as server,
        libchat.connect(server.address, "Ana", pin=server.pin, key=key) as ana,
    ):
        ana.join("#team")
        ana.set_password(PASSWORD)
    with Server(port=0, data=tmp_path) as server:
        with pytest.raises(libchat.PasswordNeeded):
            libchat.connect(server.address, "ana", pin=server.pin)
        with libchat.connect(server.address, "ana", pin=server.pin, key=key) as ana:
            event = ana.receive_event(SECONDS)
            assert isinstance(event, m.Entered)
            assert (ana.name, event.room) == ("Ana", "#team")


def test_no_secret_is_logged(server: Server, connect: Connect, come: Come, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes right or wrong, no log holds a password, a token or a proof."""
    caplog.set_level(logging.DEBUG)
    secret = "canary horse battery"
    come("ana", password=secret).set_password(secret + "2", secret)
    wire = connect()
    wire.send('{"type":"register","name":"ana","password":["' + secret + '"]}', '{"type":"password","old":"' + secret)
    wire.tell("register", name="ana", password=secret, token=secret, proof=secret)
    answers = [wire.line() for _ in range(3)]
    assert "canary" not in caplog.text + "".join(answers)


def test_hub_in_process_asks_its_accounts() -> None:
    """Participants in process set passwords and make invites by the same methods, without a server."""
    accounts = quick_accounts()
    with Hub(accounts=accounts) as hub:
        ana = hub.connect("ana")
        ana.set_password(PASSWORD)
        assert ana.devices() == ()
        assert accounts.load() == (Added("ana", "ana"),)
        assert NewInvite("ana").uses == ana.make_invite().uses


def test_accounts_of_a_hub_are_not_given_to_its_server() -> None:
    """A server that is given a hub looks at that hub's accounts; others, which nobody would ask, are a mistake."""
    with Hub() as hub:
        for options in ({"accounts": Oracle()}, {"admit": "invite"}):
            with pytest.raises(ValueError, match="hub"):
                Server(port=0, hub=hub, **options)


# --- devices that were away -----------------------------------------------------------------------------------------


def room_news(client: libchat.Client) -> list[m.Event]:
    """Return what a program is told of rooms that it is in, or is not, up to the next entry."""
    events: list[m.Event] = []
    while not isinstance(event := client.receive_event(SECONDS), m.Entry):
        if isinstance(event, m.Kicked | m.Exited | m.Entered | m.Resumed):
            events.append(event)
    return events


def test_device_that_was_away_hears_where_its_account_is_no_more(server: Server, come: Come, tmp_path: Path) -> None:
    """A program that starts again, and one whose connection comes back, hear of a kick, a ban and a leaving: once.

    What was said in the rooms where the account still is comes to both without a gap.
    """
    bo = come("bo")
    rooms = ("#kicked", "#banned", "#left", "#kept")
    with Proxy(server.address) as proxy:
        one = functools.partial(come, "ana", password=PASSWORD, key=new_device_key(), state=tmp_path)
        patience = Patience(delays=lambda: iter([0.01] * 1000))
        two = libchat.connect(proxy.address, "ana", pin=server.pin, password=PASSWORD, patience=patience)
        with two:
            first = one()
            for room in rooms:
                bo.join(room)
                first.join(room)
            bo.send("#kept", "before").accepted(SECONDS)
            for each in (first, two):
                room_news(each)
            first.close()
            proxy.refuse()
            bo.kick("#kicked", "ana", "be kind")
            bo.ban("#banned", "ana", reason="be gone")
            with come("ana", password=PASSWORD) as three:
                three.leave("#left")
                bo.send("#kept", "hi").accepted(SECONDS)
            proxy.admit()
            told = [
                m.Kicked("#banned", "ana", "bo", "be gone"),
                m.Kicked("#kicked", "ana", "bo", "be kind"),
                m.Exited("#left"),
            ]
            for again in (two, one()):
                news = room_news(again)
                ended = [event for event in news if isinstance(event, m.Kicked | m.Exited)]
                assert sorted(ended, key=lambda event: event.room) == told
                assert [event.room for event in news if isinstance(event, m.Entered)] == ["#kept"]
                with pytest.raises(libchat.Refused):
                    again.send("#kicked", "hi").accepted(SECONDS)
            proxy.cut()
            bo.send("#kept", "ho").accepted(SECONDS)
            assert not [event for event in room_news(two) if isinstance(event, m.Kicked | m.Exited)]

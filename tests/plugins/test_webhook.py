"""The webhook: where it may send, what it sends, and that no secret is told."""

from __future__ import annotations

import json
import threading

import pytest

from libchat.plugins import Message, PluginError
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins.webhook import QUEUE, Config, body_of, check_url, number_of, post, sign, waits
from support.coming import finish_threads, plugin
from support.web import Answer, Request, Web, web_server

MESSAGE = Message("ana", "#ops", "a <b> & *c*", seq=7, time=1_795_305_600_000)
ALLOWED = ("hooks.example.org", "other.example.org:8443")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/services/T0/B0/secret",
        "https://HOOKS.example.org:443/x",
        "https://other.example.org:8443/x",
    ],
)
def test_hosts_of_the_list_may_be_sent_to(url: str) -> None:
    """A host is allowed by its name, and by its port where that is not the usual one."""
    assert check_url(url, ALLOWED, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://evil.example.org/s3cret", "evil.example.org is not on the list"),
        ("https://hooks.example.org.evil.org/s3cret", "is not on the list"),
        ("https://hooks.example.org:8443/s3cret", "hooks.example.org:8443 is not on the list"),
        ("https://other.example.org/s3cret", "is not on the list"),
        ("http://hooks.example.org/s3cret", "must begin with https"),
        ("http://localhost/s3cret", "must begin with https"),
        ("ftp://hooks.example.org/s3cret", "must begin with https"),
        ("https://ana:s3cret@hooks.example.org/", "is no address"),
        ("https://hooks.example.org/s3cret\r\nX: y", "is no address"),
        ("https://[::1/s3cret", "is no address"),
        ("s3cret", "is no address"),
    ],
)
def test_no_other_address_is_sent_to(url: str, why: str) -> None:
    """What is refused is told without the address, which may be a secret."""
    with pytest.raises(ValueError, match=why) as caught:
        Config(url=url, allow=ALLOWED)
    assert "s3cret" not in str(caught.value)


def test_http_is_for_this_machine_alone() -> None:
    """Plain http is taken to loopback, if that is allowed and listed, and nowhere else."""
    assert check_url("http://127.0.0.1:8000/", ("127.0.0.1:8000",), allow_loopback=True)
    with pytest.raises(ValueError, match="https"):
        check_url("http://hooks.example.org/", ALLOWED, allow_loopback=True)


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the specification of Standard Webhooks has its signature."""
    secret, number = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    signature = sign(secret, number, 1_614_265_330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_not_in_what_is_printed() -> None:
    """Neither the secret nor the address is in the representation of the settings, or in an error about them."""
    config = Config(url="https://hooks.example.org/s3cret", allow=ALLOWED, secret="s3cret")
    assert "s3cret" not in repr(config)
    with pytest.raises(ValueError, match="whsec_") as caught:
        Config(secret="whsec_s3cret!")
    assert "s3cret" not in str(caught.value)


def test_bodies_are_what_services_take() -> None:
    """A message is JSON of our own, or what Slack and Discord take; nobody is pinged by what somebody wrote."""
    assert json.loads(body_of(MESSAGE, "json")) == {
        "type": "message",
        "time": MESSAGE.time,
        "room": "#ops",
        "sender": "ana",
        "text": "a <b> & *c*",
        "seq": 7,
    }
    assert json.loads(body_of(MESSAGE, "slack")) == {"text": "*ana* (#ops): a &lt;b&gt; &amp; *c*"}
    assert json.loads(body_of(MESSAGE, "discord"))["allowed_mentions"] == {"parse": []}


def test_waits_grow_and_end() -> None:
    """Each wait is twice the last one, up to five minutes; there is one fewer than tries."""
    assert list(waits(5, 1.0)) == [1.0, 2.0, 4.0, 8.0]
    assert list(waits(12, 1.0))[-1] == 300.0
    assert list(waits(1, 1.0)) == []


def test_a_message_keeps_its_number() -> None:
    """A second try has the number of the first, so that the other side can tell; another message has another."""
    assert number_of(MESSAGE) == number_of(Message("ana", "#ops", "a <b> & *c*", seq=7, time=1_795_305_600_000))
    assert number_of(MESSAGE) != number_of(Message("ana", "#ops", "a <b> & *c*", seq=8, time=1_795_305_600_000))


def test_a_body_is_posted_once_and_no_redirect_is_followed() -> None:
    """What arrives is signed, and where else the server points to is not asked."""
    with web_server(lambda request: Answer(302, headers={"Location": "/other"})) as web:
        address = f"127.0.0.1:{web.port}"
        config = Config(url=f"http://{address}/hook?a=b", allow=(address,), secret="key", allow_loopback=True)
        assert post(config, "msg_1", 1_614_265_330, b'{"a": 1}') == 302
        request = web.requests.get(timeout=5)
        assert web.requests.empty()
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["webhook-timestamp"] == "1614265330"
    assert request.headers["webhook-signature"] == sign("key", "msg_1", 1_614_265_330, b'{"a": 1}')


@pytest.fixture
def bot(make_stage: MakeStage) -> Stage:
    """Give a bot's stage."""
    return make_stage("bot")


def load(stage: Stage, web: Web, **settings: object) -> None:
    """Load the webhook, with an address that holds a secret."""
    address = f"127.0.0.1:{web.port}"
    base = {"url": f"http://{address}/s3cret", "allow": [address], "allow_loopback": True, "first_wait": 0.001}
    stage.load(plugin("webhook"), **{**base, **settings})


def test_messages_of_rooms_are_sent(bot: Stage) -> None:
    """In their order, signed; private ones are not."""
    with web_server(lambda request: Answer(204)) as web:
        load(bot, web, secret="key", rooms=["Team"])
        assert bot.play("one") == "one"
        bot.play("private", target="ana")
        bot.play("elsewhere", target="#other")
        bot.play("two", sender="cy")
        requests = [web.requests.get(timeout=5) for _ in range(2)]
        finish_threads("webhook")
        assert web.requests.empty()
        assert bot.run("webhook") == ["127.0.0.1: 2 sent, 0 waiting, 0 failed, 0 dropped"]
    bodies = [json.loads(request.body) for request in requests]
    assert [(body["sender"], body["text"]) for body in bodies] == [("bo", "one"), ("cy", "two")]
    assert all(request.headers["webhook-signature"].startswith("v1,") for request in requests)


def test_it_goes_on_after_a_pause(bot: Stage) -> None:
    """When everything was sent there is no thread; the next message has one again. Private ones are never sent."""
    with web_server(lambda request: Answer(204)) as web:
        load(bot, web)
        for text in ("one", "two"):
            bot.play("private", target="ana")
            bot.play(text)
            assert json.loads(web.requests.get(timeout=5).body)["text"] == text
            finish_threads("webhook")
        assert web.requests.empty()


def test_what_fails_is_tried_again(bot: Stage) -> None:
    """With the same number, until it is taken."""
    answers = iter((Answer(500), Answer(429), Answer(200)))
    with web_server(lambda request: next(answers)) as web:
        load(bot, web)
        bot.play("one")
        numbers = {web.requests.get(timeout=5).headers["webhook-id"] for _ in range(3)}
        finish_threads("webhook")
        assert "1 sent, 0 waiting, 0 failed" in bot.run("webhook")[0]
    assert len(numbers) == 1


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (404, 1), (302, 1)])
def test_tries_have_an_end(bot: Stage, status: int, tries: int) -> None:
    """What will never be taken is given up, and counted; so is what is never taken."""
    with web_server(lambda request: Answer(status, headers={"Location": "/other"})) as web:
        load(bot, web, tries=3)
        bot.play("one")
        finish_threads("webhook")
        assert web.requests.qsize() == tries
        (told,) = bot.run("webhook status")
    assert told == f"127.0.0.1: 0 sent, 0 waiting, 1 failed, 0 dropped; the last failure: the answer was {status}"


def test_the_queue_has_an_end(bot: Stage) -> None:
    """When the other side is slow the oldest goes, and is counted."""
    go_on = threading.Event()

    def answer(request: Request) -> Answer:
        go_on.wait(10)
        return Answer(200)

    with web_server(answer) as web:
        load(bot, web)
        bot.play("first")
        web.requests.get(timeout=5)
        for number in range(QUEUE + 3):
            bot.play(str(number))
        assert f"0 sent, {QUEUE} waiting, 0 failed, 3 dropped" in bot.run("webhook")[0]
        go_on.set()
        texts = [json.loads(web.requests.get(timeout=5).body)["text"] for _ in range(QUEUE)]
        finish_threads("webhook")
    assert texts == [str(number) for number in range(3, QUEUE + 3)]


def test_nothing_secret_is_told(bot: Stage) -> None:
    """Not in answers, not in errors, and not when nobody listens at the address."""
    with web_server(lambda request: Answer(200)) as web:
        pass
    load(bot, web, secret="s3cret", tries=1)
    bot.play("one")
    finish_threads("webhook")
    told = "\n".join([*bot.run("webhook"), *bot.told, *bot.errors, *bot.replies])
    assert "1 failed" in told
    assert "s3cret" not in told


def test_a_test_can_be_sent(bot: Stage) -> None:
    """Who has set it up sees whether it works."""
    with web_server(lambda request: Answer(200)) as web:
        load(bot, web, style="slack")
        assert "on its way" in bot.run("webhook test")[0]
        assert "a test of the webhook" in json.loads(web.requests.get(timeout=5).body)["text"]
        finish_threads("webhook")


def test_an_address_that_is_not_allowed_is_told_at_once(bot: Stage) -> None:
    """The plugin is not loaded, and the address is not told."""
    with pytest.raises(PluginError, match="is not on the list") as caught:
        bot.load(plugin("webhook"), url="https://example.org/s3cret")
    assert "s3cret" not in str(caught.value)


def test_without_an_address_nothing_is_sent(bot: Stage) -> None:
    """And the command says how to set one."""
    bot.load(plugin("webhook"))
    bot.play("one")
    assert "[plugins.webhook]" in bot.run("webhook")[0]


def test_a_slow_server_does_not_hold_the_plugin(bot: Stage) -> None:
    """Who unloads it does not wait for the answer."""
    go_on = threading.Event()

    def answer(request: Request) -> Answer:
        go_on.wait(30)
        return Answer(200)

    with web_server(answer) as web:
        load(bot, web)
        bot.play("one")
        web.requests.get(timeout=5)
        bot.host.unload("webhook")
        try:
            assert not [thread for thread in threading.enumerate() if thread.name == "plugin webhook"]
            assert bot.errors == []
        finally:
            go_on.set()
        assert web.requests.empty()


def test_a_waiting_webhook_can_be_unloaded(bot: Stage) -> None:
    """Who waits for the next try does not wait any more."""
    with web_server(lambda request: Answer(500)) as web:
        load(bot, web, first_wait=300.0)
        bot.play("one")
        bot.play("two")
        web.requests.get(timeout=5)
        bot.host.unload("webhook")
        finish_threads("webhook")
        assert web.requests.empty()

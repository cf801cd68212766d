"""Previews of links: nowhere unasked, nowhere private, never for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from libchat.plugins import PluginError
from libchat.security.identity import CERTIFICATE_FILE
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins._net import Bounds, Page, Unreachable, check_url, fetch, is_public
from libchat_plugins.previews import TITLE, Config, is_wanted, links_of, preview, title_of
from support.coming import finish_threads, plugin
from support.web import Answer, Request, Web, trusting, web_server

HTML = {"Content-Type": "text/html; charset=utf-8"}


class Site:
    """A web site with good and bad pages."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, request: Request) -> Answer:
        match request.path.split("?")[0]:
            case "/page":
                return Answer(200, b"<title>Tea &amp; cake\n for all</title>", HTML)
            case "/moved":
                return Answer(302, headers={"Location": "/page"})
            case "/loop":
                return Answer(302, headers={"Location": "/loop"})
            case "/away":
                return Answer(302, headers={"Location": "http://localhost/page"})
            case "/big":
                return Answer(200, b"<title>big</title>" + b"x" * 500_000, HTML)
            case "/late":
                return Answer(200, b" " * 5_000 + b"<title>too late</title>", HTML)
            case "/picture":
                return Answer(200, b"GIF89a", {"Content-Type": "image/gif"})
            case "/chunks":
                chunked = b"7\r\n<title>\r\n4\r\ncake\r\n8\r\n</title>\r\n0\r\n\r\n"
                return Answer(200, chunked, {**HTML, "Transfer-Encoding": "chunked"})
            case "/drips":
                return Answer(200, b"", HTML, drips_until=self.go_on)
            case "/slow":
                self.go_on.wait(30)
                return Answer(200, b"", HTML)
        return Answer(404)


@pytest.fixture
def site() -> Iterator[Site]:
    """Give what the web site answers; who still waits goes on at the end."""
    pages = Site()
    yield pages
    pages.go_on.set()


@pytest.fixture
def web(tmp_path: Path, site: Site) -> Iterator[Web]:
    """Give a web site over TLS."""
    with web_server(site, folder=tmp_path) as server:
        try:
            yield server
        finally:
            site.go_on.set()


@pytest.fixture
def bounds(web: Web, tmp_path: Path) -> Bounds:
    """Give bounds within which the site may be looked at."""
    return Bounds(seconds=5, size=4_096, allow_private=True, context=trusting(tmp_path))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("page", "Tea & cake for all (localhost)"),
        ("moved", "Tea & cake for all (localhost)"),
        ("big", "big (localhost)"),
        ("chunks", "cake (localhost)"),
        ("late", "localhost has no title to show (text/html)"),
        ("picture", "localhost has no title to show (image/gif)"),
    ],
)
def test_a_title_is_fetched(web: Web, bounds: Bounds, path: str, title: str) -> None:
    """Redirects are followed, long pages are read to their bound, and what is no page says so."""
    assert preview(f"https://localhost:{web.port}/{path}", bounds) == title


@pytest.mark.parametrize(
    ("path", "why"),
    [("loop", "redirected more than 3 times"), ("away", "only https"), ("nothing", "answers 404")],
)
def test_what_leads_astray_is_not_followed(web: Web, bounds: Bounds, path: str, why: str) -> None:
    """A redirect is checked as the first address was, and there are not many of them."""
    with pytest.raises(Unreachable, match=why):
        fetch(f"https://localhost:{web.port}/{path}", bounds)


def test_private_addresses_are_not_asked(web: Web, tmp_path: Path) -> None:
    """Without leave, an address of this machine gets no request at all: not by number, not by name."""
    bounds = Bounds(context=trusting(tmp_path))
    for host in ("localhost", "127.0.0.1"):
        with pytest.raises(Unreachable, match="private network"):
            fetch(f"https://{host}:{web.port}/page", bounds)
    assert web.requests.empty()


def test_a_certificate_must_be_trusted(web: Web) -> None:
    """A server that cannot show who it is is asked nothing."""
    with pytest.raises(Unreachable, match="certificate"):
        fetch(f"https://localhost:{web.port}/page", Bounds(allow_private=True))
    assert web.requests.empty()


@pytest.mark.parametrize("path", ["slow", "drips"])
def test_a_slow_server_is_left(web: Web, tmp_path: Path, path: str) -> None:
    """The time is over when it is over, also if the other side never says a word, or always one more."""
    bounds = Bounds(seconds=0.4, allow_private=True, context=trusting(tmp_path))
    with pytest.raises(Unreachable, match="takes too long"):
        fetch(f"https://localhost:{web.port}/{path}", bounds)


def test_nothing_about_the_person_is_sent(web: Web, bounds: Bounds) -> None:
    """A request says what is wanted, and nothing about who wants it."""
    fetch(f"https://localhost:{web.port}/page?q=ü", bounds)
    request = web.requests.get(timeout=5)
    assert request.path == "/page?q=%C3%BC"
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    """Loopback, private, link-local, shared and multicast networks are not public, nor when IPv6 wraps them."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_known(address: str) -> None:
    """What everybody can reach may be looked at."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "file:///etc/passwd",
        "https://",
        "https://ana:secret@example.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/a b",
        "https://example.org/\r\nHost: x",
        "",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Other schemes, passwords and nonsense are no addresses to look at."""
    with pytest.raises(Unreachable):
        check_url(url)


def html(body: str, kind: str = "text/html", charset: str = "utf-8") -> Page:
    """Return a page."""
    return Page("https://example.org/", kind, charset, body.encode())


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<title>one</title><title>two</title>", "one"),
        ("<svg><title>picture</title></svg>", "picture"),
        ("<body><svg><title>picture</title></svg>", ""),
        ('<title>x</title><meta property="og:title" content="better">', "better"),
        ("<TITLE> a \n b </TITLE>", "a b"),
        ("<title>\x1b]0;owned\x07\u202etxt.exe</title>", "]0;ownedtxt.exe"),
        ("<title>&#x1b;[2J&#8238;red</title>", "[2Jred"),
        ("<title>" + "x" * 500, "x" * (TITLE - 1) + "…"),
        ("<title></title>", ""),
        ("no html", ""),
    ],
)
def test_the_title_of_a_page(body: str, title: str) -> None:
    """It is on one line, cleaned of everything that a terminal obeys, and not too long."""
    assert title_of(html(body)) == title


def test_strange_encodings_are_no_trouble() -> None:
    """A page in an encoding that nobody knows is read as well as it can be."""
    assert title_of(html("<title>tea</title>", charset="no-such")) == "tea"


def test_links_are_found_in_texts() -> None:
    """Links end before the punctuation of the sentence, and other schemes are none."""
    text = "see https://a.org/x?y=1, (https://b.org/w_(z)) <https://c.org> http://d.org https://e.org."
    assert list(links_of(text)) == ["https://a.org/x?y=1", "https://b.org/w_(z)", "https://c.org", "https://e.org"]


def test_hosts_may_be_chosen() -> None:
    """A host on the list covers all below it, and nothing that merely ends alike."""
    assert is_wanted("https://www.example.org/", ("example.org",))
    assert is_wanted("https://EXAMPLE.org/", ("example.org",))
    assert not is_wanted("https://badexample.org/", ("example.org",))
    assert not is_wanted("https://[", ("example.org",))
    assert is_wanted("https://anything.org", ())


def test_previews_are_off_by_default() -> None:
    """Nothing goes to the network before somebody has asked for it."""
    assert not Config().enabled
    assert not Config().allow_private


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": 60.0}, {"size": 1}])
def test_bounds_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    """Settings without sense are told when they are read."""
    with pytest.raises(ValueError, match="is between"):
        Config(**wrong)  # type: ignore[arg-type]


def test_nothing_is_fetched_unasked(stage: Stage, web: Web, tmp_path: Path) -> None:
    """A link in a message is a text, as long as nobody has switched previews on."""
    stage.load(plugin("previews"), allow_private=True, ca_file=str(tmp_path / CERTIFICATE_FILE))
    stage.play(f"https://localhost:{web.port}/page")
    finish_threads("previews")
    assert web.requests.empty()
    assert stage.replies == []


def test_a_title_is_shown_on_demand(stage: Stage, web: Web, tmp_path: Path) -> None:
    """Only who asked for it sees it."""
    stage.load(plugin("previews"), allow_private=True, ca_file=str(tmp_path / CERTIFICATE_FILE))
    url = f"https://localhost:{web.port}"
    assert stage.run(f"preview {url}/page") == ["Tea & cake for all (localhost)"]
    assert stage.run(f"preview {url}/nothing") == ["no preview: the server answers 404"]
    assert stage.said == []


def test_links_of_messages_are_shown_when_that_is_wanted(stage: Stage, web: Web, tmp_path: Path) -> None:
    """Each link of the rooms and hosts that were chosen, once; the message itself does not wait."""
    stage.load(
        plugin("previews"),
        enabled=True,
        allow_private=True,
        ca_file=str(tmp_path / CERTIFICATE_FILE),
        rooms=["Team"],
        hosts=["localhost"],
    )
    url = f"https://localhost:{web.port}"
    text = f"see {url}/page, {url}/page and https://127.0.0.1:{web.port}/page"
    assert stage.play(text) == text
    finish_threads("previews")
    assert stage.replies == ["Tea & cake for all (localhost)"]
    stage.play(text, target="#other")
    stage.play(f"{url}/nothing")
    finish_threads("previews")
    assert len(stage.replies) == 1
    assert web.requests.qsize() == 2


def test_few_pages_are_fetched_at_a_time(stage: Stage, web: Web, site: Site, tmp_path: Path) -> None:
    """Who sends many links has few of them looked at, and memory has an end."""
    stage.load(plugin("previews"), enabled=True, allow_private=True, ca_file=str(tmp_path / CERTIFICATE_FILE))
    for number in range(10):
        stage.play(f"https://localhost:{web.port}/slow?{number}")
    for _ in range(3):
        web.requests.get(timeout=5)
    site.go_on.set()
    finish_threads("previews")
    assert web.requests.empty()


def test_a_slow_page_does_not_hold_the_plugin(stage: Stage, web: Web, tmp_path: Path) -> None:
    """Who unloads it waits for no server."""
    stage.load(plugin("previews"), enabled=True, allow_private=True, ca_file=str(tmp_path / CERTIFICATE_FILE))
    stage.play(f"https://localhost:{web.port}/slow")
    web.requests.get(timeout=5)
    stage.host.unload("previews")
    assert not [thread for thread in threading.enumerate() if thread.name == "plugin previews"]
    assert stage.errors == []
    assert stage.replies == []


def test_a_server_fetches_nothing_for_others(make_stage: MakeStage) -> None:
    """What is behind the server's firewall is nobody's business."""
    server = make_stage("server")
    server.load(plugin("previews"), enabled=True)
    assert "a server looks at no pages" in server.run("preview https://example.org", sender="bo")[0]


def test_a_wrong_file_of_certificates_is_told(stage: Stage, tmp_path: Path) -> None:
    """The mistake is told when the plugin is loaded, not when a link comes."""
    with pytest.raises(PluginError, match="ca_file"):
        stage.load(plugin("previews"), ca_file=str(tmp_path / "none.pem"))

"""Show the titles of links: /preview URL.

Off until you ask: nothing goes to the network by itself unless `enabled = true` is set, because whoever sends a link
would learn from it when you read it, and from where. Only https, only public addresses, five seconds and 256 kB at
most, and of all that comes the title alone, cleaned.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from libchat.names import target_key
from libchat.plugins import Context, Message, UsageError, command, hook
from libchat.text import clean_line
from libchat_plugins._net import Bounds, Page, Unreachable, fetch

LIBCHAT_API = 1

TITLE: Final = 120
"""Characters of a title."""
AT_ONCE: Final = 3
"""Pages that are fetched at a time; links that come meanwhile are not looked at."""
PER_MESSAGE: Final = 2

_LINK: Final = re.compile(r"https://[^\s<>\"'`]+", re.IGNORECASE)


@dataclass(frozen=True)
class Config:
    """Settings in `[plugins.previews]`."""

    enabled: bool = False
    """Whether links in messages are looked at by themselves."""
    rooms: tuple[str, ...] = ()
    """In which rooms. None: in all, and in private conversations."""
    hosts: tuple[str, ...] = ()
    """Which hosts are looked at by themselves, with all below them. None: all."""
    allow_private: bool = False
    """Whether addresses of private networks are looked at, as wikis of the office."""
    seconds: float = 5.0
    size: int = 262_144
    ca_file: str = ""
    """A file of certificates to trust besides the system's, for hosts of the own network."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0.1 <= self.seconds <= 8:
            raise ValueError("seconds is between 0.1 and 8")
        if not 1_024 <= self.size <= 4_194_304:
            raise ValueError("size is between 1024 and 4194304 bytes")
        try:
            self.bounds()
        except OSError as error:
            raise ValueError(f"ca_file {self.ca_file} is no file of certificates: {error.strerror}") from error

    def bounds(self, ending: threading.Event | None = None) -> Bounds:
        """Return how far a fetch may go, and until when."""
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return Bounds(self.seconds, self.size, self.allow_private, context, ending or threading.Event())


# --- pure -----------------------------------------------------------------------------------------------------------


class _TitleParser(HTMLParser):
    """Finds what a page calls itself: `og:title` if it has one, else its first `title`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.named = ""
        self.title: list[str] = []
        self._state = "before"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and self._state == "before":
            self._state = "in"
        elif tag == "meta" and not self.named:
            values = dict(attrs)
            if values.get("property") == "og:title":
                self.named = values.get("content") or ""
        elif tag == "body":
            self._state = "after"  # a title further down is of a picture

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._state == "in":
            self._state = "after"

    def handle_data(self, data: str) -> None:
        if self._state == "in":
            self.title.append(data)


def title_of(page: Page) -> str:
    """Return the title of a page on one line, cleaned and not too long; nothing if it has none."""
    if page.kind not in ("text/html", "application/xhtml+xml"):
        return ""
    parser = _TitleParser()
    parser.feed(_decoded(page))
    title = " ".join(clean_line(parser.named or "".join(parser.title)).split())
    return title if len(title) <= TITLE else title[: TITLE - 1].rstrip() + "…"


def _decoded(page: Page) -> str:
    try:
        return page.body.decode(page.charset, "replace")
    except LookupError:
        return page.body.decode("utf-8", "replace")


def links_of(text: str) -> Iterator[str]:
    """Yield the https links of a text, without the punctuation behind them."""
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,;:!?…")
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(".,;:!?…")
        yield link


def is_wanted(link: str, hosts: tuple[str, ...]) -> bool:
    """Return whether a link is of one of these hosts, or below one; without any, all are."""
    try:
        host = (urlsplit(link).hostname or "").lower()
    except ValueError:
        return False
    return not hosts or any(host == one.lower() or host.endswith("." + one.lower()) for one in hosts)


def preview(url: str, bounds: Bounds) -> str:
    """Fetch a page, and return `title (host)`. Raises `Unreachable`."""
    page = fetch(url, bounds)
    title = title_of(page)
    host = clean_line(urlsplit(page.url).hostname or "")
    return f"{title} ({host})" if title else f"{host} has no title to show ({clean_line(page.kind)})"


# --- the plugin -----------------------------------------------------------------------------------------------------


@command("preview", rate="10/60s")
def show(ctx: Context, url: str) -> str:
    """Look up the title of a page: `preview https://example.org/page`."""
    if ctx.surface == "server":
        raise UsageError("a server looks at no pages for others; use it in a shell or a bot")
    try:
        return preview(url, ctx.config.bounds())
    except Unreachable as error:
        raise UsageError(f"no preview: {error}") from error


@hook("message")
def look(message: Message, ctx: Context) -> None:
    """Look at the links of a message, if that was asked for, and show their titles when they have come."""
    config: Config = ctx.config
    if not config.enabled or ctx.surface == "server" or not _is_looked_at(message.room, config):
        return
    links = [link for link in links_of(message.text) if is_wanted(link, config.hosts)][:PER_MESSAGE]
    slots = _slots(ctx)
    for link in dict.fromkeys(links):
        if slots.acquire(blocking=False):
            ctx.thread(lambda link=link: _look_at(ctx, link, slots))  # type: ignore[misc]


def _is_looked_at(room: str, config: Config) -> bool:
    return not config.rooms or target_key(room) in {target_key("#" + one.removeprefix("#")) for one in config.rooms}


def _slots(ctx: Context) -> threading.Semaphore:
    """Return what counts the fetches under way."""
    slots = ctx.state.setdefault("slots", threading.BoundedSemaphore(AT_ONCE))
    assert isinstance(slots, threading.Semaphore)
    return slots


def _look_at(ctx: Context, link: str, slots: threading.Semaphore) -> None:
    """Show one title; a page that cannot be had is not worth a line that nobody asked for."""
    try:
        shown = preview(link, ctx.config.bounds(ctx.ending))
    except Unreachable:
        return
    finally:
        slots.release()
    if not ctx.ending.is_set():
        ctx.reply(shown)

"""Refuse messages with unwanted words and say why, or mask the words.

It belongs on the server, where nobody gets around it; in a shell or a bot it filters what you are shown. Words are
found whole, in capital or small letters, with look-alikes of other scripts (a Cyrillic а), digits and signs instead of
letters (1d10t), accents piled up, invisible characters between, or spaces between all letters. Moderators are let be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from libchat import ChatError
from libchat.names import look_of, target_key
from libchat.plugins import Context, Drop, Message, UsageError, command, hook

LIBCHAT_API = 1

WORDS: Final = 5_000
"""Words of a list. Each message's words are looked up, so the number costs memory and no time."""

_TOKEN: Final = re.compile(r"[\w@$!|+*\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufeff'’]+")
_LEET: Final = str.maketrans("013457@$!|+", "oleastasllt")
_TRIMMED: Final = "'’!|+*@$_"


@dataclass(frozen=True)
class Config:
    """Settings in `[plugins.word_filter]`."""

    words: tuple[str, ...] = ()
    """Words, phrases, and beginnings as `stup*`."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Words with a reason of their own."""
    action: Literal["drop", "mask"] = "drop"
    reason: str = "a word of it is not wanted here"
    """What the sender is told about words without a reason of their own. `{word}` is the word."""
    exempt: tuple[str, ...] = ()
    """Names and rooms that are not filtered."""
    exempt_moderators: bool = True
    """Owners and operators of a room say there what they want."""

    def __post_init__(self) -> None:
        """Refuse what cannot be looked for."""
        if len(self.words) + len(self.reasons) > WORDS:
            raise ValueError(f"{WORDS:,} words are the most; list fewer")
        for word in (*self.words, *self.reasons):
            if not any(char.isalnum() for char in fold(word.removesuffix("*"))):
                raise ValueError(f"'{word}' has no letter or digit to look for; take it off the list")


# --- how words are compared -----------------------------------------------------------------------------------------


@lru_cache(4096)
def fold(text: str) -> str:
    """Return a text as it is compared: in small letters, without what is not seen, look-alikes as what they look like.

    ASCII letters stay as they are: `rn` looks like `m` too, but who filters one word must not lose another one.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii():
        text = "".join(char if char.isascii() else _plain(char) for char in text)
    return text


def _plain(char: str) -> str:
    """Return the ASCII letter that another character looks like, or itself; nothing for what only adds to another."""
    if char == "’":
        return "'"
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return ""
    look = look_of(char)
    return look if look.isascii() and len(look) == 1 else char


def _leet(folded: str) -> str:
    """Return a word with letters for its digits and signs; what looks like an i is an l, on both sides."""
    return folded.translate(_LEET).replace("i", "l")


def _forms(folded: str) -> tuple[str, ...]:
    """Return what a word may be without the signs around and within it: `idiot's` and `l'idiot` hold one."""
    if folded.isalnum():
        return (folded,)
    bare = folded.strip(_TRIMMED)
    parts = bare.split("'")
    return (folded, bare, "".join(parts), *parts) if len(parts) > 1 else (folded, bare)


def _is_disguised(folded: str) -> bool:
    return any(char.isalpha() for char in folded) and not folded.isalpha()


# --- the list -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """A word of the list in a text: which, and from where to where."""

    word: str
    start: int
    end: int


class Token(NamedTuple):
    """A word of a text."""

    folded: str
    start: int
    end: int


class WordList:
    """Words to look for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._exact: dict[str, str] = {}
        self._leet: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        """By their first word."""
        for word in words:
            self._add(word)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})

    def _add(self, word: str) -> None:
        parts = tuple(token.folded for token in tokens_of(word.removesuffix("*")))
        if len(parts) > 1:
            self._phrases.setdefault(parts[0], []).append((parts, word))
        elif word.endswith("*"):
            self._beginnings["".join(parts)] = word
        else:
            self._exact["".join(parts)] = word
            self._leet[_leet("".join(parts))] = word

    def hits(self, text: str) -> list[Hit]:
        """Return what is found in a text, in its order; never two at one place."""
        tokens = list(tokens_of(text))
        found = [*self._single(tokens), *self._single(_joined(tokens)), *self._in_phrases(tokens)]
        kept: list[Hit] = []
        for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
            if not kept or hit.start >= kept[-1].end:
                kept.append(hit)
        return kept

    def _single(self, tokens: Iterable[Token]) -> Iterator[Hit]:
        for token in tokens:
            word = self._word_of(token.folded)
            if word:
                yield Hit(word, token.start, token.end)

    def _word_of(self, folded: str) -> str:
        for form in _forms(folded):
            word = self._exact.get(form) or self._beginning_of(form)
            if not word and _is_disguised(form):
                word = self._leet.get(_leet(form), "")
            if word:
                return word
        return ""

    def _beginning_of(self, folded: str) -> str:
        return next((found for end in self._lengths if (found := self._beginnings.get(folded[:end]))), "")

    def _in_phrases(self, tokens: list[Token]) -> Iterator[Hit]:
        for start, token in enumerate(tokens if self._phrases else ()):
            for phrase, word in self._phrases.get(token.folded.strip(_TRIMMED), ()):
                part = tokens[start : start + len(phrase)]
                if tuple(one.folded.strip(_TRIMMED) for one in part) == phrase:
                    yield Hit(word, token.start, part[-1].end)


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the words of a text."""
    for match in _TOKEN.finditer(text):
        folded = fold(match[0])
        if folded:
            yield Token(folded, match.start(), match.end())


def _joined(tokens: list[Token]) -> Iterator[Token]:
    """Yield what single letters in a row spell: `b a d`."""
    run: list[Token] = []
    for token in (*tokens, Token("", 0, 0)):
        if len(token.folded) == 1:
            run.append(token)
            continue
        if len(run) > 2:
            yield Token("".join(one.folded for one in run), run[0].start, run[-1].end)
        run = []


def mask(text: str, hits: Iterable[Hit]) -> str:
    """Return the text with stars in place of what was found."""
    for hit in reversed(list(hits)):
        text = text[: hit.start] + "*" * (hit.end - hit.start) + text[hit.end :]
    return text


# --- the plugin -----------------------------------------------------------------------------------------------------


def word_list(ctx: Context) -> WordList:
    """Return the list of the settings, made once."""
    if "list" not in ctx.state:
        ctx.state["list"] = WordList((*ctx.config.words, *ctx.config.reasons))
    made: WordList = ctx.state["list"]
    return made


@hook("message", order=-50)
def check(message: Message, ctx: Context) -> Message | Drop | None:
    """Refuse a message with an unwanted word, or mask the word."""
    config: Config = ctx.config
    hits = word_list(ctx).hits(message.text)
    if not hits or _is_exempt(message, config, ctx):
        return None
    if config.action == "mask":
        return message.replace(text=mask(message.text, hits))
    return Drop(reason_for(hits[0].word, config))


def reason_for(word: str, config: Config) -> str:
    """Return what the sender is told."""
    return config.reasons.get(word, config.reason).replace("{word}", word)


def _is_exempt(message: Message, config: Config, ctx: Context) -> bool:
    """Return whether the sender may say it. The chat is asked for roles only when something was found."""
    free = {target_key(one) for one in config.exempt}
    if free & {target_key(message.sender), target_key(message.target)}:
        return True
    if not (config.exempt_moderators and message.room):
        return False
    try:
        people = ctx.chat.who(message.room)
    except ChatError:
        return False  # nobody says who moderates there: then nobody is exempt
    key = target_key(message.sender)
    return any(target_key(one.name) == key and one.role in ("owner", "operator") for one in people)


@command("words")
def words(ctx: Context, *text: str) -> str:
    """Say what the filter makes of a text, or how many words are on its list."""
    config: Config = ctx.config
    if not (config.words or config.reasons):
        raise UsageError('no words are listed; put words = ["..."] into [plugins.word_filter]')
    if not text:
        done = "masked" if config.action == "mask" else "refused"
        return f"{len(config.words) + len(config.reasons)} words are on the list; a message with one of them is {done}"
    hits = word_list(ctx).hits(" ".join(text))
    return "\n".join(f"{hit.word}: {reason_for(hit.word, config)}" for hit in hits) or "nothing is found in it"

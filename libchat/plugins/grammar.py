"""The grammar of a command: what its signature says about the line behind its name.

Positional parameters are words, `*args` are all further words, a `Text` is the rest of the line as it was typed, and
keyword-only parameters are `--options`, which may stand anywhere before a `Text`. `--` ends them. Parsing and
completing read the line with the same eyes: `_Filling` says of each word which parameter it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from libchat.errors import UsageError
from libchat.near import did_you_mean
from libchat.plugins.kinds import Kind, Names, RestOfLine, shown
from libchat.plugins.scope import Scope
from libchat.plugins.signature import Parameter, parameters_of
from libchat.plugins.words import Token, quote, tokens

__all__ = ["Grammar", "Parameter", "Slot", "quote"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the cursor is: in a word that begins at `start`, of which `prefix` is typed, for a parameter of a kind.

    `parameter` is None where the name of an option is being typed; `kind` completes this as well.
    """

    kind: Kind
    prefix: str
    start: int
    parameter: Parameter | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a command takes."""

    parameters: tuple[Parameter, ...]
    takes_context: bool

    @classmethod
    def of(cls, function: Callable[..., object]) -> Grammar:
        """Return the grammar that a signature states. Raises TypeError for one that no line can fill."""
        takes_context, parameters = parameters_of(function)
        return cls(parameters, takes_context)

    def usage(self, name: str) -> str:
        """Return how the command is written: `/ban NAME [REASON ...] [--minutes N]`. Options come before a text."""
        in_order = sorted(self.parameters, key=lambda each: each.shape == "text")
        return " ".join([name, *(each.usage for each in in_order)])

    def parse(self, text: str, scope: Scope, name: str = "") -> tuple[list[object], dict[str, object]]:
        """Return the arguments in what stands behind the command's name. Raises `UsageError`."""
        try:
            return _parse(self, text, scope)
        except UsageError as error:
            raise UsageError(error.reason, self.usage(name).strip()) from error

    def slot(self, text: str, cursor: int) -> Slot | None:
        """Return what is being typed at the cursor, None where there is nothing to complete."""
        head = text[:cursor]
        filling = _Filling(self)
        last = Token("", cursor, cursor)
        for token in tokens(head):
            if token.end == len(head):
                last = token
                break
            if filling.take(token).use == "text":
                return filling.slot_in_text(head, token.start)
        return filling.slot(last, head)


Use = Literal["word", "words", "text", "option", "value", "end", "extra", "unknown"]


@dataclass(frozen=True, slots=True)
class _Role:
    """What a word of the line is for. `value` is what an option has behind its `=`, None without."""

    use: Use
    parameter: Parameter | None = None
    value: str | None = None


class _Filling:
    """How far a line has filled the parameters."""

    def __init__(self, grammar: Grammar) -> None:
        self._words = [each for each in grammar.parameters if each.shape == "word"]
        self._tail = next((each for each in grammar.parameters if each.shape in ("words", "text")), None)
        self._options = {each.flag: each for each in grammar.parameters if each.shape == "option"}
        self._has_options = bool(self._options)
        self._awaits: Parameter | None = None
        self._filled = 0
        self.given: set[str] = set()

    def take(self, token: Token) -> _Role:
        """Return what a word is for, and go on behind it."""
        if self._awaits is not None:
            awaiting, self._awaits = self._awaits, None
            return _Role("value", awaiting)
        if self._has_options and token.is_option:
            role = self._take_option(token)
            if role is not None:
                return role
        return self._take_word()

    def _take_option(self, token: Token) -> _Role | None:
        if token.text == "--":
            self._has_options = False
            return _Role("end")
        flag, equals, value = token.text.partition("=")
        option = self._options.get(flag) if equals else self._find(flag)
        if option is None:
            return None if self._is_at_text else _Role("unknown")
        self.given.add(option.name)
        if not equals and not option.is_switch:
            self._awaits = option
        return _Role("option", option, value if equals else None)

    def _find(self, flag: str) -> Parameter | None:
        if flag in self._options:
            return self._options[flag]
        positive = self._options.get("--" + flag.removeprefix("--no-"))
        return positive if flag.startswith("--no-") and positive is not None and positive.is_switch else None

    @property
    def _is_at_text(self) -> bool:
        return self._filled == len(self._words) and self._tail is not None and self._tail.shape == "text"

    def _take_word(self) -> _Role:
        if self._filled < len(self._words):
            self._filled += 1
            return _Role("word", self._words[self._filled - 1])
        if self._tail is None:
            return _Role("extra")
        return _Role("text" if self._tail.shape == "text" else "words", self._tail)

    def missing(self) -> Parameter | None:
        """Return the first required parameter that nothing has been given for."""
        words = [each for each in self._words[self._filled :] if each.is_required]
        tail = [self._tail] if self._tail is not None and self._tail.is_required else []
        options = [each for each in self._options.values() if each.is_required]
        return next((each for each in [*words, *tail, *options] if each.name not in self.given), None)

    @property
    def awaits(self) -> Parameter | None:
        """The option whose value is to come."""
        return self._awaits

    @property
    def flags(self) -> list[str]:
        """What can be written for options."""
        return list(self._options)

    # --- completing -------------------------------------------------------------------------------------------------

    def slot(self, token: Token, head: str) -> Slot | None:
        """Return what the last word is for, of which the beginning is there."""
        if self._awaits is None and self._has_options and token.is_option:
            flag, equals, value = token.text.partition("=")
            if not equals:
                return None if self._is_at_text and not self._matching(flag) else self._slot_of_flag(token)
            option = self._options.get(flag)
            return Slot(option.kind, value, token.start + len(flag) + 1, option) if option is not None else None
        role = self.take(token)
        if role.use == "text":
            return self.slot_in_text(head, token.start)
        if role.parameter is not None:
            return Slot(role.parameter.kind, token.text, token.start, role.parameter)
        return self._slot_of_flag(token) if self._has_options and not token.text else None

    def slot_in_text(self, head: str, begin: int) -> Slot:
        """Return the slot in a text, where quotes mean nothing: its last word, or for a kind of its own all of it."""
        assert self._tail is not None
        start = begin
        if isinstance(self._tail.kind, RestOfLine):
            start = max((at + 1 for at, char in enumerate(head) if char.isspace()), default=0)
        return Slot(self._tail.kind, head[start:], start, self._tail)

    def _matching(self, begun: str) -> bool:
        return any(flag.startswith(begun) for flag in self._options)

    def _slot_of_flag(self, token: Token) -> Slot:
        left = [each for each in self._options.values() if each.name not in self.given]
        words = [(f"--no-{each.flag[2:]}" if _is_on(each) else each.flag, each.help) for each in left]
        return Slot(Names(words), token.text, token.start)


def _is_on(option: Parameter) -> bool:
    return option.is_switch and option.default is True


def _parse(grammar: Grammar, line: str, scope: Scope) -> tuple[list[object], dict[str, object]]:
    filling = _Filling(grammar)
    arguments: list[object] = []
    options: dict[str, object] = {}
    for token in tokens(line):
        role = filling.take(token)
        parameter = role.parameter
        if role.use == "text":
            assert parameter is not None
            arguments.append(_value(parameter, line[token.start :].rstrip(), scope))
            filling.given.add(parameter.name)
            break
        _check(role, token, filling)
        if parameter is None:
            continue
        if role.use == "option":
            _take_switch(parameter, role, token, options, scope)
        elif role.use == "value":
            _put(options, parameter, token.text, scope)
        else:
            arguments.append(_value(parameter, token.text, scope))
    _check_end(filling)
    for option in grammar.parameters:
        if option.is_switch:
            options.setdefault(option.name, option.default)
    return arguments, options


def _check(role: _Role, token: Token, filling: _Filling) -> None:
    if token.is_open:
        raise UsageError(f"{_who(role)}the quote before {shown(token.text)} is not closed; put one behind it, too")
    if role.use == "extra":
        raise UsageError(f"{shown(token.text)} is one word too many; put words that belong together in quotes")
    if role.use == "unknown":
        flag = token.text.partition("=")[0]
        hint = did_you_mean(flag, filling.flags, "{}") or f"there are: {', '.join(filling.flags)}"
        raise UsageError(f"there is no option {shown(flag)[1:-1]}; {hint}")


def _who(role: _Role) -> str:
    return f"{role.parameter.label}: " if role.parameter is not None else ""


def _take_switch(option: Parameter, role: _Role, token: Token, options: dict[str, object], scope: Scope) -> None:
    """Take an option that has its value with it, or needs none."""
    if role.value is not None:
        _put(options, option, role.value, scope)
    elif option.is_switch:
        _put(options, option, "off" if token.text != option.flag else "on", scope)


def _put(options: dict[str, object], option: Parameter, word: str, scope: Scope) -> None:
    if option.name in options:
        raise UsageError(f"{option.flag} is there twice; once is enough")
    options[option.name] = _value(option, word, scope)


def _value(parameter: Parameter, word: str, scope: Scope) -> object:
    try:
        return parameter.kind.parse(word, scope)
    except UsageError as error:
        raise UsageError(f"{parameter.label}: {error.reason}") from error
    except ValueError as error:
        raise UsageError(f"{parameter.label}: {error}") from error


def _check_end(filling: _Filling) -> None:
    if filling.awaits is not None:
        raise UsageError(f"{filling.awaits.label}: its value is missing")
    missing = filling.missing()
    if missing is not None:
        raise UsageError(f"{missing.label} is missing")

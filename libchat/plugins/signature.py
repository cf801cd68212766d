"""From a function's signature to the parameters of its command."""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Union, get_args, get_origin, get_type_hints

from libchat.plugins.kinds import (
    Choice,
    Completed,
    File,
    Kind,
    Real,
    Reference,
    RestOfLine,
    Somebody,
    SomeRoom,
    Switch,
    Whole,
    Word,
    choices_of,
)
from libchat.plugins.types import Arg, Member, Ref, Room, Text

Shape = Literal["word", "words", "text", "option"]

_KINDS: Final[dict[object, Callable[[], Kind]]] = {
    str: Word,
    int: Whole,
    float: Real,
    bool: Switch,
    Path: File,
    Text: RestOfLine,
    Member: Somebody,
    Room: SomeRoom,
    Ref: Reference,
}
_KNOWN: Final = "str, int, float, bool, Path, Literal, an Enum, Member, Room, Ref, Text, or one of these with | None"
_PLAIN: Final = (Word, Whole, Real, Somebody, Reference, File, Completed)
"""Kinds of which the parameter's name tells more than they do."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command: a word, all further words, the rest of the line as typed, or an option."""

    name: str
    shape: Shape
    kind: Kind
    default: object = None
    is_required: bool = True
    help: str = ""

    @property
    def flag(self) -> str:
        """What an option is called on the line."""
        return "--" + self.name.strip("_").replace("_", "-")  # `for_` is how Python has one write `for`

    @property
    def is_switch(self) -> bool:
        """Whether it is an option without a value."""
        return self.shape == "option" and isinstance(self.kind, Switch)

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.flag if self.shape == "option" else self.name.strip("_").upper().replace("_", "-")

    @property
    def usage(self) -> str:
        """How it is written, in brackets if it may be left out."""
        text = self._word
        if self.shape == "option":
            text = self._option
        elif self.shape == "words":
            return f"[{text} ...]"
        return text if self.is_required else f"[{text}]"

    @property
    def _word(self) -> str:
        if isinstance(self.kind, SomeRoom):
            return "#" + self.label
        return self.label if isinstance(self.kind, _PLAIN) else self.kind.placeholder or self.label

    @property
    def _option(self) -> str:
        if not self.is_switch:
            return f"{self.flag} {self.kind.placeholder}"
        return self.flag if self.default is not True else f"--no-{self.flag[2:]}"


def parameters_of(function: Callable[..., object]) -> tuple[bool, tuple[Parameter, ...]]:
    """Return whether a function takes the context first, and its other parameters. Raises TypeError if it cannot be."""
    given = list(inspect.signature(function).parameters.values())
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # annotations are the author's code: they may raise anything
        raise TypeError(f"the annotations of {function.__name__} cannot be read: {error}") from error
    takes_context = bool(given) and given[0].name == "ctx" and given[0].kind in _POSITIONAL
    found = tuple(_parameter(each, hints.get(each.name, str)) for each in given[takes_context:])
    _check_order(found)
    return takes_context, found


_WRAPPING: Final = (Annotated, Union, types.UnionType)
_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _parameter(given: inspect.Parameter, hint: object) -> Parameter:
    if given.kind is inspect.Parameter.VAR_KEYWORD:
        raise TypeError(f"'**{given.name}' cannot be typed on a line; name the options one by one")
    if given.name == "ctx":
        raise TypeError("'ctx' has to be the first parameter")
    try:
        kind, text = kind_of(hint)
    except TypeError as error:
        raise TypeError(f"parameter '{given.name}': {error}") from None
    shape = _shape(given, is_text=_is_text(hint))
    has_default = given.default is not given.empty
    if shape == "option" and isinstance(kind, Switch):
        return Parameter(given.name, shape, kind, given.default if has_default else False, False, text)
    return Parameter(given.name, shape, kind, given.default, not has_default and shape != "words", text)


def _shape(given: inspect.Parameter, *, is_text: bool) -> Shape:
    if given.kind in _POSITIONAL:
        return "text" if is_text else "word"
    if is_text:
        raise TypeError(f"parameter '{given.name}': Text is for the last positional parameter; take str")
    return "words" if given.kind is given.VAR_POSITIONAL else "option"


def _check_order(found: tuple[Parameter, ...]) -> None:
    positional = [each for each in found if each.shape != "option"]
    for each in positional[:-1]:
        if each.shape == "text":
            raise TypeError(f"parameter '{each.name}': Text takes the rest of the line, nothing can come behind it")


def kind_of(hint: object) -> tuple[Kind, str]:
    """Return the kind for an annotation, and the help that it holds. Raises TypeError, which says what can be one."""
    origin = get_origin(hint)
    if origin is Annotated:
        base, *extras = get_args(hint)
        return _annotated(base, extras)
    if origin in (Union, types.UnionType):
        others = [each for each in get_args(hint) if each is not type(None)]
        if len(others) == 1:
            return kind_of(others[0])
    elif origin is Literal:
        return Choice({str(word): word for word in get_args(hint)}), ""
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        return choices_of(hint), ""
    elif isinstance(hint, type) and hint in _KINDS:
        return _KINDS[hint](), ""
    raise TypeError(f"{inspect.formatannotation(hint)} is no type of a parameter; take {_KNOWN}")


def _is_text(hint: object) -> bool:
    return hint is Text or (get_origin(hint) in _WRAPPING and any(map(_is_text, get_args(hint))))


def _annotated(base: object, extras: list[object]) -> tuple[Kind, str]:
    own = next(_kinds_in(extras), None)
    kind, text = (own, "") if own is not None else kind_of(base)
    for extra in extras:
        if isinstance(extra, Arg):
            text = extra.help or text
            kind = Completed(kind, extra.complete) if extra.complete is not None else kind
    return kind, text


def _kinds_in(extras: list[object]) -> Iterator[Kind]:
    for extra in extras:
        if isinstance(extra, Kind) and not isinstance(extra, (Arg, type)):
            yield extra

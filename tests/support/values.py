"""Hypothesis strategies for commands and events, made from their types."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from libchat import messages as m
from libchat.wire.native import AnyCommand, AnyEvent

T = TypeVar("T", bound=msgspec.Struct)

INT_53 = 2**53 - 1
YEAR_9999 = 253_402_300_799_999
"""The last millisecond that the calendar of Python knows."""

COMMAND_TYPES: tuple[type[m.Command], ...] = AnyCommand.__args__
EVENT_TYPES: tuple[type[m.Event], ...] = AnyEvent.__args__


def structs(kind: type[T]) -> st.SearchStrategy[T]:
    """Return a strategy for values of a struct, all fields drawn within what their types allow."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return st.builds(kind, **{field.name: _field(field) for field in info.fields})


def commands() -> st.SearchStrategy[m.Command]:
    """Return a strategy for every command."""
    return st.one_of([structs(kind) for kind in COMMAND_TYPES])


def events() -> st.SearchStrategy[m.Event]:
    """Return a strategy for every event that a wire may carry."""
    return st.one_of([structs(kind) for kind in EVENT_TYPES])


def _field(field: inspect.Field) -> st.SearchStrategy[Any]:
    return st.integers(0, YEAR_9999) if field.name == "time" else _values(field.type)


def _values(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StrType():
            return st.text(max_size=20 if info.max_length is None else info.max_length)
        case inspect.IntType():
            least = -INT_53 if info.ge is None else info.ge
            return st.integers(least, INT_53 if info.le is None else info.le)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.UnionType():
            return st.one_of([_values(each) for each in info.types])
        case inspect.VarTupleType():
            return st.lists(_values(info.item_type), max_size=3).map(tuple)
        case inspect.StructType():
            return structs(info.cls)
    raise AssertionError(f"no strategy for {info}")

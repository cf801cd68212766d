"""Tests that pages name: whether they are there, and run."""

from __future__ import annotations

import ast
import re
from functools import cache

from support.pages import ROOT


def is_test(named: str) -> bool:
    """Return whether `path::name` is a test that pytest runs."""
    path, _, name = named.partition("::")
    return name in names_of_tests(path)


@cache
def names_of_tests(path: str) -> frozenset[str]:
    """Return the names of the tests of a file, without those that never run."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in found if node.name.startswith("test_") and not _is_skipped(node))


def _is_skipped(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.search(r"\.(skip|xfail)\b(?!if)", ast.unparse(each)) for each in function.decorator_list)

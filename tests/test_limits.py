"""Limits: each has a reason, is a bound of a server where it is one, and is documented as it is."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

from libchat import limits
from libchat.server.bounds import Bounds

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "topics" / "limits.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([\d,.]+|no|yes) \|", PAGE, re.MULTILINE))


def test_every_bound_is_documented_with_its_default() -> None:
    """The table has a row for each field of the bounds, with the number that it has, and no others."""
    words = {"no": False, "yes": True}
    told = {name: words[value] if value in words else float(value.replace(",", "")) for name, value in ROWS.items()}
    assert told == {field.name: field.default for field in dataclasses.fields(Bounds)}


def test_every_limit_has_a_reason() -> None:
    """Behind each limit, or the last one of a group, there is a text that says where the number comes from."""
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    names = [node for node in body if isinstance(node, ast.AnnAssign)]
    assert len(names) > 40
    for node, following in zip(body, [*body[1:], ast.Pass()]):
        if isinstance(node, ast.AnnAssign):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            assert is_text or isinstance(following, ast.AnnAssign), ast.unparse(node)

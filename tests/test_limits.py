"""Limits: each has a reason."""

from __future__ import annotations

import ast
from pathlib import Path

from libchat import limits


def test_every_limit_has_a_reason() -> None:
    """Behind each limit, or the last one of a group, there is a text that says where the number comes from."""
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    names = [node for node in body if isinstance(node, ast.AnnAssign)]
    assert len(names) > 40
    for node, following in zip(body, [*body[1:], ast.Pass()]):
        if isinstance(node, ast.AnnAssign):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            assert is_text or isinstance(following, ast.AnnAssign), ast.unparse(node)

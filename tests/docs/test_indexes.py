"""Every page is found from its index, with a line about it."""

from __future__ import annotations

import re

import pytest

from support.pages import DOCS, read


@pytest.mark.parametrize("folder", ["reference", "topics"])
def test_every_page_has_a_line(folder: str) -> None:
    """The list and the table of contents of an index have each page of the folder once, in the same order."""
    index = read(f"{folder}/index.md")
    listed = re.findall(r"^- \[[^]]+\]\(([\w-]+)\.md\): \S", index, re.MULTILINE)
    _, _, toctree = index.partition("```{toctree}\n:hidden:\n")
    assert toctree.removesuffix("```\n").split() == listed
    assert sorted(listed) == sorted(page.stem for page in (DOCS / folder).glob("*.md") if page.stem != "index")

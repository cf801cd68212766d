"""Write libchat/security/_words.py anew from the English word list of BIP-39.

The list comes from the package mnemonic 0.21, the standard's reference implementation. It is part of the standard and
never changes: a pin has the same words for everybody. Run this after `pip install mnemonic==0.21`:

    python tests/generate_words.py > libchat/security/_words.py
"""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import distribution
from importlib.resources import files

SOURCE = "mnemonic"
LINE_LENGTH = 120

HEADER = '''"""The English word list of BIP-39, in its order. Generated: do not edit.

Made by tests/generate_words.py from the list of the standard (Bitcoin Improvement Proposal 39, "Mnemonic code for
generating deterministic keys"), as carried by the package {source} {version}. It has 2048 words of 3 to 8 letters; the
first four letters of each are nobody else's.

The list is under this license:

{license}
"""

from __future__ import annotations

from typing import Final

LIST: Final = """\\
{words}
"""
'''


def main() -> None:
    """Print the module."""
    module = HEADER.format(
        source=SOURCE, version=distribution(SOURCE).version, license=read_license(), words="\n".join(lines())
    )
    sys.stdout.write(module)


def read_license() -> str:
    """Return the license of the list, which has to go where the list goes."""
    return (distribution(SOURCE).read_text("LICENSE") or "").strip()


def lines() -> list[str]:
    """Return the words, as many on a line as fit."""
    words = files(SOURCE).joinpath("wordlist/english.txt").read_text(encoding="utf-8").split()
    return textwrap.wrap(" ".join(words), LINE_LENGTH)


if __name__ == "__main__":
    main()

"""Kill a server as often as you like while people talk, and see that nobody notices.

    python tests/bench/soak.py --kills 200

The exit code is 1 if anything was lost, shown twice or out of order. The same seed has the same people say the same
things, though not at the same time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.soak import soak


def main() -> None:
    """Soak as often as was said on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how often the server is killed (default: 100)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="who says what to whom")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(soak(Path(folder), options.kills, seed=options.seed))


if __name__ == "__main__":
    main()

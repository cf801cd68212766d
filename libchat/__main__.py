"""`python -m libchat` is the `libchat` program."""

from __future__ import annotations

import sys

from libchat.cli import main

sys.exit(main())

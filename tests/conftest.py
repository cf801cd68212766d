"""What all tests share: locks that check their order, and how hard hypothesis tries."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["LIBCHAT_DEBUG_LOCKS"] = "1"  # read whenever a lock is made

settings.register_profile("ci", deadline=None, print_blob=True, max_examples=60, stateful_step_count=40)
settings.register_profile(
    "thorough",
    deadline=None,
    print_blob=True,
    max_examples=1000,
    stateful_step_count=80,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

"""What all tests share: locks that check their order, and how hard hypothesis tries."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

os.environ["LIBCHAT_DEBUG_LOCKS"] = "1"  # read whenever a lock is made

# Programs inherit which signals are ignored. Whoever starts the tests in the background (`nohup`, `&`) has ignored
# some, and a server that a test ends by Ctrl-C would go on.
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    number = getattr(signal, name, None)  # Windows has no SIGHUP
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)

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


@pytest.fixture(scope="session", autouse=True)
def _own_place_for_sessions_in_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have every session of pytest that a test starts keep its files below ours.

    Otherwise it would clean up what earlier sessions have left in the place that all share, however long that takes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path_factory.mktemp("sessions")))
        yield

"""What all tests share: how hypothesis looks for examples, and what begins first."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

# No test may depend on how fast the machine is. In CI the examples are the same every time, so
# that red means a change; on a desk they differ, and find more.
settings.register_profile(
    "harness",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("harness")

# A shell that starts the tests in the background has them ignore SIGINT, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An assertion that fails shows what it compared, also outside of the files of tests.
pytest.register_assert_rewrite(
    "tests.polling", *(f"tests.{one.parent.name}" for one in HERE.glob("*/__init__.py"))
)


@pytest.fixture
def heeds_hangup() -> Iterator[None]:
    """SIGHUP as it is where nobody has asked for it to be ignored, as `nohup` does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: it mostly waits, and the others run beside it."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)

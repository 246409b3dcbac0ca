"""The selection that asks for more: what is a variant as a rule is a fault there, and is listed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.devices.test_published import NEEDED, require_process
from tests.devices.whole import Run, in_turn

STRICT = "9.1-messages-of-others/hello[label=strict]"
USUAL = "9.1-messages-of-others/hello[label=by-default]"

pytestmark = pytest.mark.devices


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """The devices, side by side."""
    every = [
        Run(one, ("tag:security",), partial(require_process, one), tmp_path_factory.mktemp(one))
        for one in NEEDED
    ]
    with in_turn(every, len(every)) as runs:
        yield runs


@pytest.mark.parametrize("device", NEEDED)
def test_messages_of_another_host_are_a_fault_for_whoever_asks(
    runs: dict[str, Run], device: str
) -> None:
    code, summary, told = runs[device].finished()
    assert code == 0, told
    assert (summary["unexpected"], summary["stale"]) == ([], [])
    verdicts = runs[device].verdicts()
    assert verdicts[STRICT] == ("fail", "xfail")
    assert verdicts[USUAL] == ("pass", "expected")

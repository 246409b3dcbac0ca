"""The selections that ask for more: what is a variant as a rule, and what takes minutes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.devices.whole import NEEDED, Run, in_turn, require_process

WORDS = ("tag:security", "tag:endurance")
STRICT = "9.1-messages-of-others/hello[label=strict]"
USUAL = "9.1-messages-of-others/hello[label=by-default]"
LONG = "5.5-hello/stays-for-minutes"

pytestmark = [pytest.mark.devices, pytest.mark.longest]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """The devices, side by side."""
    every = [
        Run(one, WORDS, partial(require_process, one), tmp_path_factory.mktemp(one))
        for one in NEEDED
    ]
    with in_turn(every, len(every)) as runs:
        yield runs


@pytest.mark.parametrize("device", NEEDED)
def test_what_only_a_selection_asks_for(runs: dict[str, Run], device: str) -> None:
    code, summary, told = runs[device].finished()
    assert code == 0, told
    assert (summary["unexpected"], summary["stale"]) == ([], [])
    verdicts = runs[device].verdicts()
    assert verdicts[STRICT] == ("fail", "xfail")
    assert verdicts[USUAL] == ("pass", "expected")
    assert verdicts[LONG] == ("pass", "expected")

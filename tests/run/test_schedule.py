"""Cases side by side: order, places, exclusive ones, and what a run leaves behind when it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.lease import Lease
from harness.errors import DeviceError, HarnessError
from harness.peer.network import Address
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Event,
    Expectation,
    Frame,
    Verdict,
)
from harness.run.select import Selected
from harness.suite.model import Case
from tests.run.fakes import Rules
from tests.run.stage import StageRunner, cases_of, device, play_all, puppet, told

WAITS = """
- send: SCCRQ
- expect: SCCRP
- wait: "${seconds}"
- alive:
"""


def waiting(*seconds: str, extra: str = "seconds: ${seconds}") -> list[Case]:
    """Cases that wait for so long each."""
    listed = ", ".join(seconds)
    return list(cases_of(WAITS, f"each: {{seconds: [{listed}]}}\n{extra}"))


def runner(rules: Rules | None = None, kind: type[StageRunner] = StageRunner) -> StageRunner:
    """A runner of puppets."""
    return kind(device(), puppet(rules or {}), 0.0005, 0)


def started(events: list[Event]) -> list[str]:
    """The axis of each case in the order in which they began."""
    return [one.case.partition("=")[2][:-1] for one in events if isinstance(one, CaseStart)]


def test_the_longest_begin_first() -> None:
    cases = waiting("1s", "7s", "3s", "9s", "2s")
    one = play_all([Selected(case) for case in cases], runner(), jobs=1)
    assert started(one) == ["9s", "7s", "3s", "2s", "1s"]
    all_at_once = runner()
    events = play_all([Selected(case) for case in cases], all_at_once, jobs=9)
    assert started(events) == ["9s", "7s", "3s", "2s", "1s"]
    ends = [one for one in events if isinstance(one, CaseEnd)]
    assert max(one.at for one in ends) == pytest.approx(9.0, abs=0.1)


@pytest.mark.parametrize("jobs", [1, 2, 3, 100])
def test_no_more_cases_than_places(jobs: int) -> None:
    cases = waiting(*(f"{number}s" for number in range(1, 12)))
    stage = runner()
    play_all([Selected(case) for case in cases], stage, jobs=jobs)
    assert stage.most == min(jobs, len(cases))
    assert sorted(stage.leased) == sorted(case.id for case in cases)
    assert stage.now == {}


def test_exclusive_cases_run_alone_behind_the_others() -> None:
    shared, alone = waiting("1s", "2s", "3s"), waiting("4s", "5s", extra="exclusive: true")
    alone = [replace(case, id=case.id.replace("one", "alone")) for case in alone]
    together: list[tuple[str, int]] = []

    class Counting(StageRunner):
        async def lease(
            self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
        ) -> Lease:
            lease = await super().lease(case, peer, configuration)
            together.append((case.partition("=")[2], len(self.now)))
            return lease

    plan = [Selected(case) for case in (*alone, *shared)]
    events = play_all(plan, runner(kind=Counting), jobs=9)
    assert [name for name, _ in together] == ["3s]", "2s]", "1s]", "4s]", "5s]"]
    assert [number for _, number in together] == [1, 2, 3, 1, 1]
    assert all(one.verdict is Verdict.PASS for one in events if isinstance(one, CaseEnd))


def test_skipped_cases_are_told_and_never_leased() -> None:
    first, second = waiting("1s", "2s")
    stage = runner()
    events = play_all([Selected(first, "the ICS says so"), Selected(second)], stage)
    end = told(events, first.id).end
    assert (end.verdict, end.reason, end.checks) == (Verdict.SKIP, "the ICS says so", 0)
    assert end.expectation is Expectation.EXPECTED
    assert stage.leased == [second.id]


def test_a_device_that_does_not_start_costs_only_its_case() -> None:
    class Failing(StageRunner):
        async def lease(
            self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
        ) -> Lease:
            if "2s" in case:
                raise DeviceError("device.not-ready", "it was not ready", hint="look at its log")
            return await super().lease(case, peer, configuration)

    cases = waiting("1s", "2s", "3s")
    events = play_all([Selected(case) for case in cases], runner(kind=Failing), jobs=3)
    assert [told(events, case.id).verdict.value for case in cases] == ["pass", "error", "pass"]
    reason = told(events, cases[1].id).end.reason
    assert reason == "it was not ready [device.not-ready]\n  hint: look at its log"


def test_a_device_that_does_not_stop_is_an_error_of_its_case() -> None:
    class Stuck(StageRunner):
        async def release(self, lease: Lease) -> None:
            stuck = "2s" in self.now[id(lease)]
            await super().release(lease)
            if stuck:
                raise DeviceError("device.stuck", "it is still there")

    cases = waiting("1s", "2s", "3s")
    events = play_all([Selected(case) for case in cases], runner(kind=Stuck), jobs=3)
    assert [told(events, case.id).verdict.value for case in cases] == ["pass", "error", "pass"]


def test_how_long_a_device_takes_to_end_is_not_its_case_s_time() -> None:
    class Lingering(StageRunner):
        async def release(self, lease: Lease) -> None:
            await asyncio.sleep(5.0)
            await super().release(lease)

    events = play_all([Selected(case) for case in waiting("1s")], runner(kind=Lingering))
    (end,) = (one for one in events if isinstance(one, CaseEnd))
    assert end.seconds == pytest.approx(1.0, abs=0.1)
    assert end.at == pytest.approx(6.0, abs=0.1)


def test_when_nothing_can_be_recorded_any_more_all_leases_end() -> None:
    stage = runner()

    def full(event: Event) -> None:
        if isinstance(event, CaseEnd):
            raise HarnessError("record.unwritable", "the disk is full")

    cases = waiting("1s", "2s", "300s")
    with pytest.raises(ExceptionGroup) as caught:
        play_all([Selected(case) for case in cases], stage, jobs=3, emit=full)
    assert caught.group_contains(HarnessError, match="the disk is full")
    assert stage.now == {}


def test_every_case_has_addresses_of_its_own() -> None:
    cases = waiting(*(f"{number}s" for number in range(1, 30)))
    events = play_all([Selected(case) for case in cases], runner(), jobs=30)
    addresses: dict[str, set[str]] = {}
    for frame in (one for one in events if isinstance(one, Frame)):
        ours = frame.source if frame.direction.value == "sent" else frame.destination
        addresses.setdefault(ours[0], set()).add(frame.case)
    assert all(len(who) == 1 for who in addresses.values())
    assert len(addresses) == len(cases)

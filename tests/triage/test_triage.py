"""Who killed a shared device, and what a device that cannot be started does to a run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import EmbeddedRunner, Factory
from harness.device.lease import Lease, Runner
from harness.device.shared import SharingRunner
from harness.errors import DeviceError
from harness.peer import clock
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.run.baseline import Baseline
from harness.run.events import CaseEnd, CaseStart, DeviceLog, Event, Verdict
from harness.run.hosts import MemoryHosts
from harness.run.run import names_of
from harness.run.schedule import run_all
from harness.run.select import Selected
from harness.run.setting import Setting
from harness.run.together import TOGETHER
from harness.run.triage import FIRST_STARTS
from harness.suite.model import Case
from harness.wire import parse
from tests.run.fakes import Crashing, Mute
from tests.run.stage import Story, cases_of, device, of_class, table, told

INNOCENT = """
- establish: tunnel
- wait: "${pause}"
- alive: tunnel
- alive:
"""
KILLER = """
- establish: tunnel
- wait: 3s
- send: WEN
- silence: 1s
- alive:
"""


class DiesOfWen(Crashing):
    """It dies of a WAN-Error-Notify."""

    dies_of = 15


class HangsOfWen(Endpoint):
    """It says nothing any more once it has got a WAN-Error-Notify."""

    hung = False

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        self.hung = self.hung or (packet is not None and packet.message_type == 15)
        if not self.hung:
            super().receive(data, source, now)

    def tick(self, now: float) -> None:
        if not self.hung:
            super().tick(now)

    def next_deadline(self) -> float | None:
        return None if self.hung else super().next_deadline()


def crowded(most: int) -> type[Endpoint]:
    """An endpoint that dies when it has more tunnels than so many."""

    class Crowded(Endpoint):
        def receive(self, data: bytes, source: Address, now: float) -> None:
            super().receive(data, source, now)
            if len(self.tunnels) > most:
                raise MemoryError("too many tunnels")

    return Crowded


@dataclass
class Played:
    """A run in virtual time. error: what ended it, if anything."""

    events: list[Event] = field(default_factory=list)
    error: Exception | None = None

    def story(self, case: Case | str) -> Story:
        return told(self.last(case), case if isinstance(case, str) else case.id)

    def last(self, case: Case | str) -> Sequence[Event]:
        """The events from the last beginning of a case on."""
        name = case if isinstance(case, str) else case.id
        starts = [
            number
            for number, one in enumerate(self.events)
            if isinstance(one, CaseStart) and one.case == name
        ]
        return self.events[starts[-1] :]

    def attempts(self, case: Case) -> int:
        return sum(isinstance(one, CaseStart) and one.case == case.id for one in self.events)

    def fates(self, case: Case | str) -> list[str]:
        name = case if isinstance(case, str) else case.id
        lines = [one for one in self.last(case) if isinstance(one, DeviceLog)]
        return [one.code for one in lines if one.code and one.case == name]


class Counting(SharingRunner):
    """It counts how often it was revived, and can be told to fail at it."""

    revived = 0
    fails = False

    async def revive(self, instance: str) -> None:
        self.revived += 1
        if self.fails:
            raise DeviceError("device.stuck", "it does not end", hint="pull the plug")
        await super().revive(instance)


def shared(factory: Factory, kind: type[SharingRunner] = Counting) -> SharingRunner:
    """One instance for all cases."""
    return kind(EmbeddedRunner(device(), table(), factory=factory))


def play(cases: Sequence[Case], runner: Runner, jobs: int = 9) -> Played:
    """Run cases in virtual time as those of a real device are run."""
    played = Played()

    async def main() -> None:
        setting = Setting(
            device=device(),
            runner=runner,
            hosts=MemoryHosts(),
            specification=table(),
            baseline=Baseline(),
            emit=played.events.append,
            names=names_of(table()),
            started=asyncio.get_running_loop().time(),
            seed=0,
            diagnoses=True,
        )
        try:
            await run_all(setting, [Selected(case) for case in cases], jobs)
        except* DeviceError as group:
            played.error = group.exceptions[0]

    clock.run(main(), virtual=True)
    return played


def innocents(*pauses: str) -> list[Case]:
    return list(cases_of(INNOCENT, f"each: {{pause: [{', '.join(pauses)}]}}"))


def killer() -> Case:
    (case,) = cases_of(KILLER)
    return replace(case, id="sample/killer")


def test_the_killer_fails_alone_and_the_others_pass() -> None:
    others, guilty = innocents("1s", "7s", "20s"), killer()
    runner = shared(of_class(DiesOfWen))
    played = play([*others, guilty], runner)
    assert played.error is None
    story = played.story(guilty)
    assert story.verdict is Verdict.FAIL
    assert played.fates(guilty) == ["device.crashed"]
    assert story.check("survival").actual.startswith("ZeroDivisionError")
    assert "> WEN" in story.evidence(story.check("survival"))
    assert {played.story(case).verdict for case in others} == {Verdict.PASS}
    assert [played.fates(case) for case in others] == [[], [], []]
    assert played.attempts(others[2]) == 2
    assert all(one.case != TOGETHER for one in played.events if isinstance(one, CaseEnd))
    assert isinstance(runner, Counting)
    assert runner.revived >= 2


def test_a_case_ends_once_however_often_it_begins() -> None:
    cases = [*innocents("1s", "7s", "20s"), killer()]
    played = play(cases, shared(of_class(DiesOfWen)))
    ends = [one.case for one in played.events if isinstance(one, CaseEnd)]
    assert sorted(ends) == sorted(case.id for case in cases)


def test_a_hang_is_found_by_asking_and_dealt_with_alike() -> None:
    others, guilty = innocents("1s", "30s"), killer()
    played = play([*others, guilty], shared(of_class(HangsOfWen)))
    assert played.story(guilty).verdict is Verdict.FAIL
    assert played.fates(guilty) == ["device.hung"]
    survival = played.story(guilty).check("survival")
    assert survival.actual.startswith("runs, but answers no fresh SCCRQ within 10 s")
    assert {played.story(case).verdict for case in others} == {Verdict.PASS}


def test_what_none_does_alone_is_a_result_of_its_own() -> None:
    cases = innocents("5s", "6s", "7s", "8s")
    played = play(cases, shared(of_class(crowded(3))))
    assert {played.story(case).verdict for case in cases} == {Verdict.PASS}
    story = played.story(TOGETHER)
    assert story.verdict is Verdict.FAIL
    assert sum(case.id in story.checks[0].note for case in cases) > 1
    assert set(played.fates(TOGETHER)) == {"device.crashed"}


def test_what_earlier_cases_have_left_behind_is_not_blamed_on_the_last() -> None:
    """Tunnels stay for a while after their case: the fourth case finds three of them."""
    (case,) = cases_of("- establish: tunnel\n- alive: tunnel")
    cases = [replace(case, id=f"sample/{number}") for number in range(6)]
    played = play(cases, shared(of_class(crowded(3))), jobs=1)
    assert {played.story(one).verdict for one in cases} == {Verdict.PASS}
    assert played.story(TOGETHER).verdict is Verdict.FAIL


def test_a_device_that_cannot_be_revived_ends_the_run_with_what_was_measured() -> None:
    early, late, guilty = *innocents("10ms", "60s"), killer()
    runner = shared(of_class(DiesOfWen))
    assert isinstance(runner, Counting)
    runner.fails = True
    played = play([early, late, replace(guilty, seconds=0.0)], runner)
    assert isinstance(played.error, DeviceError)
    assert played.error.code == "device.cannot-restart"
    assert "could not be restarted: it does not end" in played.error.cause
    assert played.error.hint == "pull the plug"
    assert played.story(early).verdict is Verdict.PASS
    assert played.story(late).ends == []


def test_a_runner_that_cannot_revive_says_so() -> None:
    class NotReviving:
        def __init__(self, sharing: SharingRunner) -> None:
            self.lease, self.release = sharing.lease, sharing.release
            self.parallel = None

    played = play([killer()], NotReviving(shared(of_class(DiesOfWen))))  # type: ignore[arg-type]
    assert isinstance(played.error, DeviceError)
    assert "the harness cannot restart it" in played.error.cause


def test_one_that_is_restarted_and_does_not_serve_is_not_tried_for_ever() -> None:
    played = play([killer(), *innocents("60s")], shared(of_class(DiesOfWen, Mute)))
    assert isinstance(played.error, DeviceError)
    assert "answers no SCCRQ since" in played.error.cause


# -- an instance of its own --------------------------------------------------------------------

BURST = """
- establish: tunnel
- send: HELLO
- send: WEN
- send: HELLO
- silence: 1s
"""


def test_several_suspects_are_sent_one_by_one() -> None:
    (case,) = cases_of(BURST)
    played = play([case], EmbeddedRunner(device(), table(), factory=of_class(DiesOfWen)))
    assert played.attempts(case) == 2
    story = played.story(case)
    assert "after #" in story.check("survival").note
    (frames,) = [one.frames for one in story.events if isinstance(one, DeviceLog) and one.frames]
    by_number = {one.number: one for one in story.frames}
    packet = parse(by_number[frames[0]].data).packet
    assert len(frames) == 1
    assert packet is not None
    assert packet.message_type == 15


def test_a_crash_that_does_not_come_again_is_still_a_failure() -> None:
    (case,) = cases_of(BURST)
    played = play([case], EmbeddedRunner(device(), table(), factory=of_class(DiesOfWen, Endpoint)))
    story = played.story(case)
    assert story.verdict is Verdict.FAIL
    assert "it survived them one by one" in story.check("survival").note
    assert played.fates(case) == ["device.crashed"]


# -- starts ------------------------------------------------------------------------------------


class Failing(EmbeddedRunner):
    """It does not start in some configurations; it counts how often it was asked."""

    fails: tuple[str, ...] = (DEFAULT_CONFIGURATION,)
    asked = 0

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> Lease:
        if configuration in self.fails:
            self.asked += 1
            raise DeviceError("device.not-ready", "it was not ready", hint="look at its log")
        return await super().lease(case, peer, configuration)


@pytest.mark.parametrize("jobs", [1, 9])
def test_one_that_never_starts_ends_the_run(jobs: int) -> None:
    runner = Failing(device(), table())
    cases = innocents(*(f"{number}s" for number in range(1, 30)))
    played = play(cases, runner, jobs)
    assert isinstance(played.error, DeviceError)
    assert played.error.code == "device.cannot-start"
    assert "it was not ready [device.not-ready]" in played.error.cause
    assert FIRST_STARTS <= runner.asked < len(cases)
    ends = [one for one in played.events if isinstance(one, CaseEnd)]
    assert len(ends) >= FIRST_STARTS
    assert {one.verdict for one in ends} == {Verdict.ERROR}


def test_a_configuration_that_never_starts_costs_only_its_own_cases() -> None:
    runner = Failing(device(), table())
    runner.fails = ("authenticated",)
    good = innocents("1s", "20s")
    bad = [
        replace(case, id=f"sample/{number}", configuration="authenticated")
        for number, case in enumerate(innocents("1s") * 10)
    ]
    played = play([*good, *bad], runner, 2)
    assert played.error is None
    assert runner.asked == FIRST_STARTS
    assert {played.story(case).verdict for case in good} == {Verdict.PASS}
    assert {played.story(case).verdict for case in bad} == {Verdict.ERROR}
    assert "not tried" in played.story(bad[-1]).end.reason
    # why is told of each, for those who ask: none of them had a device
    assert {tuple(played.fates(case)) for case in bad} == {("device.not-ready",)}

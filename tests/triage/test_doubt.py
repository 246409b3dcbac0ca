"""What is red while the harness was late is run again; a harness in time is believed at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from harness.device import Device, load_device
from harness.device.embedded import EmbeddedLease, EmbeddedRunner
from harness.errors import Place
from harness.peer import clock
from harness.peer.endpoint import Endpoint
from harness.peer.mutants.edits import lower_ns, on_zlb
from harness.peer.variant import Variant
from harness.run.baseline import Baseline, Entry
from harness.run.events import CaseEnd, CaseStart, Check, DeviceLog, Event, Expectation, Verdict
from harness.run.hosts import MemoryHosts
from harness.run.monitoring import Monitoring
from harness.run.punctual import LATE, Punctuality
from harness.run.run import names_of
from harness.run.schedule import run_all
from harness.run.select import Selected
from harness.run.setting import Setting
from harness.run.triage import MOST_TRIES
from harness.run.verdicts import SURVIVAL
from harness.spec.model import Severity
from harness.spec.monitor import RuleId
from harness.suite.model import Case
from harness.wire import Packet
from tests.device.bench import PEERS
from tests.monitor.talk import rules
from tests.run.fakes import Crashing, Mute
from tests.run.stage import cases_of, device, of_class, table

ALIVE = "- alive:\n"
CONNECTS = "- send: SCCRQ\n- expect: SCCRP\n- send: SCCCN\n- alive:\n"


class Late(Punctuality):
    """So late always. asked: for which spans."""

    def __init__(self, late: float) -> None:
        super().__init__()
        self.seconds = late
        self.asked: list[tuple[float, float]] = []

    def late(self, since: float, until: float) -> float:
        self.asked.append((since, until))
        return self.seconds


def mute_at_first(times: int) -> type[Endpoint]:
    """A peer of which the first instances say nothing, as if no processor were theirs."""
    made = []

    class Slow(Mute):
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)  # type: ignore[arg-type]
            made.append(self)
            self.mute = len(made) <= times

        def receive(self, *arguments: object) -> None:
            if self.mute:
                super().receive(*arguments)  # type: ignore[arg-type]
            else:
                Endpoint.receive(self, *arguments)  # type: ignore[arg-type]

    return Slow


def play(
    cases: Sequence[Case],
    punctuality: Punctuality | None,
    endpoint: type[Endpoint],
    baseline: Baseline | None = None,
    monitoring: Monitoring | None = None,
    tested: Device | None = None,
    remarks: list[str] | None = None,
) -> list[Event]:
    """The events of cases against such a peer."""
    events: list[Event] = []

    async def main() -> None:
        setting = Setting(
            device=tested or device(),
            runner=EmbeddedRunner(device(), table(), factory=of_class(endpoint)),
            hosts=MemoryHosts(),
            specification=table(),
            baseline=baseline or Baseline(),
            emit=events.append,
            names=names_of(table()),
            started=asyncio.get_running_loop().time(),
            seed=0,
            punctuality=punctuality,
            monitoring=monitoring,
            remarks=[] if remarks is None else remarks,
        )
        await run_all(setting, [Selected(case) for case in cases], len(cases))

    clock.run(main(), virtual=True)
    return events


def verdicts(events: Sequence[Event]) -> list[Verdict]:
    return [one.verdict for one in events if isinstance(one, CaseEnd)]


def attempts(events: Sequence[Event]) -> int:
    return sum(isinstance(one, CaseStart) for one in events)


def test_a_red_case_is_run_again_when_the_harness_was_late() -> None:
    late = Late(2 * LATE)
    events = play(cases_of(ALIVE), late, mute_at_first(1))
    assert (verdicts(events), attempts(events)) == ([Verdict.PASS], 2)
    (told,) = [one.text for one in events if isinstance(one, DeviceLog)][-1:]
    assert told.startswith("run again alone, for the harness was 0.20 s late: it was fail")
    (since, until), *_ = late.asked
    assert until - since >= 2


@pytest.mark.parametrize(("pause", "together"), [(50, True), (30, False)])
def test_those_that_only_wait_are_run_again_side_by_side(pause: int, together: bool) -> None:
    (case,) = cases_of(f"- wait: {pause}s\n{ALIVE}")
    pair = [replace(case, id=name) for name in ("one", "other")]
    events = play(pair, Late(1.0), mute_at_first(2))
    assert (verdicts(events), attempts(events)) == ([Verdict.PASS, Verdict.PASS], 4)
    _, _, *again = [one.at for one in events if isinstance(one, CaseStart)]
    assert (again[1] - again[0] < pause) == together


def test_a_case_that_is_red_whenever_it_is_run_is_red() -> None:
    events = play(cases_of(ALIVE), Late(1.0), mute_at_first(9))
    assert (verdicts(events), attempts(events)) == ([Verdict.FAIL], MOST_TRIES)


def test_it_is_run_again_until_there_is_no_doubt() -> None:
    for mute in range(1, MOST_TRIES):
        events = play(cases_of(ALIVE), Late(1.0), mute_at_first(mute))
        assert (verdicts(events), attempts(events)) == ([Verdict.PASS], mute + 1)


def test_what_a_device_did_not_show_while_it_was_kept_waiting_may_be_there() -> None:
    (case,) = cases_of(ALIVE)
    known = Baseline([Entry(case.id, None, Verdict.FAIL, "known", "", Place("b", 1, 1))])
    remarks: list[str] = []
    for late, expectation in ((1.0, Expectation.EXPECTED), (0.0, Expectation.XPASS)):
        events = play([case], Late(late), mute_at_first(0), known, remarks=remarks)
        (end,) = [one for one in events if isinstance(one, CaseEnd)]
        assert (end.verdict, end.expectation) == (Verdict.PASS, expectation)
    why = "in doubt after 4 attempts, for the harness was 1.00 s late"
    assert remarks == [f"{case.id}: {why}"]


@pytest.mark.parametrize("punctuality", [None, Late(0.0), Late(LATE)])
def test_a_harness_in_time_is_believed(punctuality: Punctuality | None) -> None:
    events = play(cases_of(ALIVE), punctuality, mute_at_first(1))
    assert (verdicts(events), attempts(events)) == ([Verdict.FAIL], 1)


def waits(growth: float | None) -> tuple[type[EmbeddedLease], list[float]]:
    """A lease that says of its instance, at each look, that it has waited so much longer."""
    looks: list[float] = []

    class Waiting(EmbeddedLease):
        def starved(self) -> float | None:
            looks.append(0.0)
            return None if growth is None else 5.0 + growth * len(looks)

    return Waiting, looks


@pytest.mark.parametrize(
    ("growth", "late", "tried"),
    [(2 * LATE, 0.0, 2), (LATE / 2, 0.0, 1), (None, 0.0, 1), (2 * LATE, None, 1)],
)
def test_a_red_case_is_run_again_when_the_device_was_kept_waiting(
    monkeypatch: pytest.MonkeyPatch, growth: float | None, late: float | None, tried: int
) -> None:
    lease, looks = waits(growth)
    monkeypatch.setattr("harness.device.embedded.EmbeddedLease", lease)
    punctuality = None if late is None else Late(late)
    events = play(cases_of(ALIVE), punctuality, mute_at_first(1))
    assert verdicts(events) == [Verdict.PASS if tried == 2 else Verdict.FAIL]
    assert attempts(events) == tried
    told = [one.text for one in events if isinstance(one, DeviceLog)]
    wanted = "run again alone, for the device waited 0.20 s for a processor: it was fail"
    assert any(text.startswith(wanted) for text in told) == (tried == 2)
    # before and behind each attempt
    assert len(looks) == 2 * tried


@pytest.mark.parametrize(("crashes", "late", "tried"), [(1, 1.0, 2), (9, 1.0, 2), (9, 0.0, 1)])
def test_a_death_in_doubt_is_looked_at_again_and_stays(
    crashes: int, late: float, tried: int
) -> None:
    made = []

    class Dying(Crashing):
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)  # type: ignore[arg-type]
            made.append(self)
            self.dies_of = None if len(made) <= crashes else -1

    events = play(cases_of(ALIVE), Late(late), Dying)
    assert (verdicts(events), attempts(events)) == ([Verdict.FAIL], tried)
    (death,) = [
        one for one in last_attempt(events) if isinstance(one, Check) and one.name == SURVIVAL
    ]
    assert ("it survived the case alone" in death.note) == (crashes < tried)


def last_attempt(events: Sequence[Event]) -> Sequence[Event]:
    """What was said since a case began for the last time."""
    return events[max(at for at, one in enumerate(events) if isinstance(one, CaseStart)) :]


def test_what_is_expected_is_not_run_again() -> None:
    (case,) = cases_of(ALIVE)
    entry = Entry(case.id, None, Verdict.FAIL, "known", "", Place("b", 1, 1))
    events = play([case], Late(1.0), mute_at_first(9), Baseline([entry]))
    assert attempts(events) == 1
    assert attempts(play([case], Late(1.0), mute_at_first(0))) == 1
    # nor is what the baseline lists and a late device did not show believed at once
    events = play([case], Late(1.0), mute_at_first(0), Baseline([entry]))
    assert attempts(events) == MOST_TRIES


def test_what_a_device_does_by_chance_is_no_matter_of_the_case() -> None:
    (case,) = cases_of(ALIVE)
    place = Place("b", 1, 1)
    entry = Entry("monitor/avp-value", None, Verdict.FAIL, "drawn", "", place, by_chance=True)
    baseline = Baseline([entry])

    def ends(monitoring: Monitoring, times: int, known: Baseline = baseline) -> tuple[Verdict, int]:
        events = play([case], None, mute_at_first(times), known, monitoring)
        (end,) = [one for one in events if isinstance(one, CaseEnd) and one.case == case.id]
        return end.verdict, sum(isinstance(e, CaseStart) and e.case == case.id for e in events)

    def seen(rule: str, where: str, severity: Severity = "fail") -> Monitoring:
        monitoring = Monitoring(rules(), device())
        monitoring.seen_in[RuleId(rule), severity] = {where}
        return monitoring

    assert ends(seen("avp-value", case.id), 1) == (Verdict.PASS, 2)
    assert ends(seen("avp-value", case.id), 9) == (Verdict.FAIL, MOST_TRIES)
    # elsewhere, something else, or nothing that is known to be chance
    assert ends(seen("avp-value", "another"), 1) == (Verdict.FAIL, 1)
    assert ends(seen("avp-value", case.id, "warn"), 1) == (Verdict.FAIL, 1)
    assert ends(seen("tunnel-id", case.id), 1) == (Verdict.FAIL, 1)
    assert ends(seen("avp-value", case.id), 1, Baseline()) == (Verdict.FAIL, 1)


def mistaken(made: list[Variant], times: int) -> type[Endpoint]:
    """A peer of which the first instances send ZLBs with the Ns before the next one."""

    class Wrong(Variant):
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)  # type: ignore[arg-type]
            made.append(self)
            self.wrong = len(made) <= times

        def alter(self, packet: Packet) -> Iterable[Packet]:
            return (on_zlb(lower_ns)(packet) if self.wrong else packet,)

    return Wrong


KNOWN = Entry("monitor/zlb-ns", None, Verdict.FAIL, "known", "", Place("b", 1, 1))


@pytest.mark.parametrize(
    ("late", "wrong", "entries", "tried", "is_sure"),
    [
        # it is tried again, and what is not found then is doubtful
        (2 * LATE, 1, [], 2, False),
        (2 * LATE, 9, [], 2, True),
        (2 * LATE, 9, [replace(KNOWN, seen_in=("elsewhere",))], 2, True),
        # an entry expects it there, or the harness was in time
        (2 * LATE, 9, [KNOWN], 1, False),
        (0.0, 1, [], 1, True),
    ],
)
def test_what_a_monitor_found_in_a_case_in_doubt_is_looked_for_again(
    late: float, wrong: int, entries: list[Entry], tried: int, is_sure: bool
) -> None:
    (case,) = cases_of(CONNECTS)
    made: list[Variant] = []

    class AtFirst(Punctuality):
        def late(self, since: float, until: float) -> float:
            return late if len(made) == 1 else 0.0

    punctuality = AtFirst()
    monitoring = Monitoring(rules(), device(), late=lambda since: punctuality.late(since, since))
    events = play([case], punctuality, mistaken(made, wrong), Baseline(entries), monitoring)
    ends = [one for one in events if isinstance(one, CaseEnd) and one.case == case.id]
    assert [one.verdict for one in ends] == [Verdict.PASS]
    assert len(made) == tried
    (result,) = [one for one in monitoring.results(0.0) if one.start.case == KNOWN.case]
    (found,) = [check for check in result.checks if check.verdict is Verdict.FAIL]
    assert found.seen_in == (case.id,)
    assert found.late_in == (() if is_sure else (case.id,))


@pytest.mark.parametrize(("late", "tried"), [(0.0, 1), (2 * LATE, MOST_TRIES)])
def test_what_a_monitor_did_not_find_in_a_case_in_doubt_is_looked_for_again(
    late: float, tried: int
) -> None:
    (case,) = cases_of(CONNECTS)
    known = Baseline([replace(KNOWN, seen_in=(case.id,))])
    for wrong, expected in ((0, tried), (1, 1)):
        monitoring = Monitoring(rules(), device(), late=lambda _since: late)
        events = play([case], Late(late), mistaken([], wrong), known, monitoring)
        assert attempts(events) == expected


def test_what_is_red_in_a_crowded_guest_is_run_again() -> None:
    one, other = [replace(case, id=name) for case in cases_of(ALIVE) for name in ("one", "other")]
    in_a_guest = load_device(PEERS / "uml-xl2tpd-lns")
    events = play([one, other], None, mute_at_first(1), tested=in_a_guest)
    assert (verdicts(events), attempts(events)) == ([Verdict.PASS, Verdict.PASS], 3)
    events = play([one, other], None, mute_at_first(9), tested=in_a_guest)
    assert (verdicts(events), attempts(events)) == ([Verdict.FAIL, Verdict.FAIL], 4)
    # alone in it, or not in a guest
    assert attempts(play([one], None, mute_at_first(9), tested=in_a_guest)) == 1
    assert attempts(play([one, other], None, mute_at_first(9))) == 2


def test_the_clock_tells_how_late_the_loop_was() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        punctuality = Punctuality()
        punctuality.start()
        await asyncio.sleep(0.2)
        before = loop.time()
        time.sleep(0.5)
        await asyncio.sleep(0.2)
        punctuality.stop()
        return punctuality.late(before, loop.time())

    assert asyncio.run(main()) > 0.3


def test_only_what_overlaps_counts() -> None:
    async def main() -> list[float]:
        punctuality = Punctuality()
        punctuality._late.extend([(10.0, 10.5), (20.0, 20.2)])
        spans = [(0, 9), (0, 10.1), (10.4, 11), (10.6, 19), (5, 30), (20.1, 20.1), (21, 22)]
        return [punctuality.late(since, until) for since, until in spans]

    assert asyncio.run(main()) == pytest.approx([0, 0.5, 0.5, 0, 0.5, 0.2, 0])

"""What several shards say of one rule of the monitors is what one run would have said of it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import Place
from harness.run.baseline import Baseline, Entry
from harness.run.events import CaseEnd, CaseStart, Check, Expectation, Verdict
from harness.run.gathering import Gathered, Results

RULE = "monitor/udp-checksum"
ROW = "RFC2661-8.1-09"
KNOWN = Entry(RULE, None, Verdict.FAIL, "known", "", Place("b", 1, 1), seen_in=("one",))
UNSEEN = "it takes CAP_NET_RAW"


def found(
    *seen_in: str, late_in: Sequence[str] = (), verdict: Verdict = Verdict.FAIL
) -> tuple[Check, ...]:
    """The rule is broken in these cases; in some of them only where the harness was late."""
    return (
        Check(
            case=RULE,
            step=None,
            at=1.0,
            name="udp-checksum",
            rows=(ROW,),
            level="MUST",
            verdict=verdict,
            expected="UDP datagrams have a checksum",
            actual="none",
            count=len(seen_in) or 1,
            first_case=seen_in[0] if seen_in else "",
            seen_in=seen_in,
            late_in=tuple(late_in),
        ),
    )


KEPT = found(verdict=Verdict.PASS)


def merged(*shards: Sequence[Check], baseline: Baseline, whole: bool = True) -> Results:
    """What shards come to that have these checks of the rule; none: it could not be seen."""
    gathered = Gathered()
    for part, checks in enumerate(shards):
        start = CaseStart(RULE, "monitor", "", "", "", 0, (ROW,), 0.0, monitor=True)
        gathered.add(part, start)
        for check in checks:
            gathered.add(part, check)
        verdict = checks[0].verdict if checks else Verdict.SKIP
        end = CaseEnd(RULE, 1.0, verdict, Expectation.EXPECTED, "" if checks else UNSEEN, 0.0, 1)
        gathered.add(part, end)
    return gathered.results(baseline, whole=whole)


def end_of(results: Results) -> CaseEnd:
    (end,) = [one for one in results.events if isinstance(one, CaseEnd)]
    return end


def test_what_no_shard_could_see_is_skipped() -> None:
    results = merged((), (), baseline=Baseline([KNOWN]))
    end = end_of(results)
    assert (end.verdict, end.expectation, end.reason) == (
        Verdict.SKIP,
        Expectation.EXPECTED,
        UNSEEN,
    )
    assert results.stale == ()


def test_what_one_shard_could_not_see_makes_nothing_stale() -> None:
    for shards, stale in (([KEPT, ()], False), ([KEPT, KEPT], True)):
        results = merged(*shards, baseline=Baseline([KNOWN]))
        assert end_of(results).verdict is Verdict.PASS
        assert bool(results.stale) == stale


def test_what_was_found_only_in_doubt_stays_so() -> None:
    known, late = found("one"), found("two", late_in=("two",))
    (check,) = [
        one
        for one in merged(known, late, baseline=Baseline([KNOWN])).events
        if isinstance(one, Check)
    ]
    assert (check.seen_in, check.late_in) == (("one", "two"), ("two",))
    end = end_of(merged(known, late, baseline=Baseline([KNOWN])))
    assert (end.expectation, end.reasons) == (Expectation.XFAIL, ("known",))
    end = end_of(merged(known, found("two"), baseline=Baseline([KNOWN])))
    assert end.expectation is Expectation.UNEXPECTED


def test_reasons_and_chance_are_those_of_the_whole() -> None:
    entry = Entry(
        RULE, None, Verdict.FAIL, "drawn", "", Place("b", 1, 1), rows=(ROW,), by_chance=True
    )
    end = end_of(merged(KEPT, found("one"), baseline=Baseline([entry])))
    assert (end.expectation, end.reasons, end.by_chance) == (Expectation.XFAIL, ("drawn",), True)
    results = merged(KEPT, KEPT, baseline=Baseline([entry]))
    assert (end_of(results).expectation, results.stale) == (Expectation.EXPECTED, ())

"""The results of monitors: one for each rule, with the frames that show what was found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.peer.made import Made
from harness.run.events import Direction, Frame, Verdict
from harness.run.monitoring import Monitoring, Result
from harness.spec.monitor import RuleId
from tests.monitor.plants import PLANTS
from tests.monitor.talk import LAC, LNS, Talk, rules
from tests.run.stage import device

CASE = "a/case"


def results(
    talk: Talk,
    *,
    iut: str,
    late: float = 0.0,
    checksum: bool | None = None,
    unseen: Mapping[RuleId, str] | None = None,
) -> dict[str, Result]:
    """What the monitors of a run with one case say about a conversation."""
    monitoring = Monitoring(rules(), device(), late=lambda _since: late, unseen=dict(unseen or {}))
    monitor = monitoring.watch(CASE, iut, None)
    for seen in talk.frames:
        ours = seen.source[0] != iut
        monitor.frame(
            Frame(
                case=CASE,
                number=seen.number,
                at=seen.at,
                direction=Direction.SENT if ours else Direction.RECEIVED,
                source=seen.source,
                destination=seen.destination,
                data=seen.data,
                summary="",
                step=2,
            ),
            Made.REGULAR if ours else Made.FOREIGN,
            checksum=None if ours else checksum,
        )
    monitor.end(talk.at)
    return {result.start.case: result for result in monitoring.results(talk.at)}


@pytest.fixture(name="planted")
def _planted() -> Talk:
    talk = Talk()
    next(plant for plant in PLANTS if plant.name == "window-two_where_one_fits").build(talk)
    return talk


def test_a_rule_that_the_iut_breaks_shows_its_frames(planted: Talk) -> None:
    result = results(planted, iut=LAC[0])["monitor/window"]
    assert result.start.monitor
    (check,) = (check for check in result.checks if check.verdict is not Verdict.PASS)
    assert (check.case, check.first_case) == ("monitor/window", CASE)
    shown = {frame.number: frame for frame in result.frames}
    assert shown.keys() >= set(check.frames)
    assert all(frame.again and frame.case == "monitor/window" for frame in result.frames)
    assert shown[check.frames[0]].data == planted.frames[check.frames[0] - 1].data


def test_a_rule_that_our_own_peer_breaks_is_an_error(planted: Talk) -> None:
    result = results(planted, iut=LNS[0])
    own = result["monitor/own-peer"]
    assert [(check.name, check.verdict) for check in own.checks] == [("window", Verdict.ERROR)]
    assert {frame.number for frame in own.frames} >= set(own.checks[0].frames)
    assert "monitor/window" not in result or not result["monitor/window"].frames


def test_a_rule_that_is_kept_is_a_result_too() -> None:
    result = results(Talk().tunnel().call(), iut=LNS[0])
    assert len(result) > 20
    for one in result.values():
        assert {check.verdict for check in one.checks} == {Verdict.PASS}
        assert one.frames == ()


def test_a_finding_names_the_cases_in_which_it_was_made(planted: Talk) -> None:
    result = results(planted, iut=LAC[0])["monitor/window"]
    assert [check.seen_in for check in result.checks if check.seen_in] == [(CASE,)]


@pytest.mark.parametrize(("late", "found"), [(0.0, True), (0.05, True), (0.3, False)])
def test_a_harness_that_was_late_says_nothing_of_intervals(late: float, found: bool) -> None:
    talk = Talk()
    plant = next(one for one in PLANTS if one.name.startswith("retransmission-backoff-"))
    plant.build(talk)
    judged = [
        check.verdict
        for host in (LAC[0], LNS[0])
        for name, result in results(talk, iut=host, late=late).items()
        for check in result.checks
        if name == "monitor/retransmission-backoff"
    ]
    assert (Verdict.FAIL in judged) is found


def test_a_harness_that_was_late_still_sees_what_time_has_no_part_in(planted: Talk) -> None:
    result = results(planted, iut=LAC[0], late=1.0)["monitor/window"]
    assert Verdict.FAIL in [check.verdict for check in result.checks]


@pytest.mark.parametrize("severity", ["fail", "warn", "note"])
def test_our_own_peer_breaks_no_rule_but_what_is_only_noted(severity: str) -> None:
    plant = next(one for one in PLANTS if one.live == severity and not one.options)
    talk = Talk()
    culprit = plant.build(talk).source
    iut = LNS if culprit == LAC else LAC
    found = results(talk, iut=iut[0])
    assert ("monitor/own-peer" in found) is (severity != "note")


CHECKSUMS = "monitor/udp-checksum"


def test_a_run_fails_a_device_that_makes_no_checksums() -> None:
    (check,) = results(Talk().tunnel().call(), iut=LNS[0], checksum=False)[CHECKSUMS].checks
    assert (check.verdict, check.policy) == (Verdict.FAIL, "P-81")
    assert check.rows == ("RFC2661-8.1-09", "RFC2661-8.1-11")
    assert "without a UDP checksum" in check.actual


def test_data_without_a_checksum_breaks_the_row_for_both_alone() -> None:
    talk = Talk()
    talk.put(bytes.fromhex("000200070001ff03c021"), LNS, LAC)
    (check,) = results(talk, iut=LNS[0], checksum=False)[CHECKSUMS].checks
    assert (check.verdict, check.rows) == (Verdict.FAIL, ("RFC2661-8.1-09",))


def test_checksums_that_are_there_are_a_result_as_well() -> None:
    result = results(Talk().tunnel().call(), iut=LNS[0], checksum=True)[CHECKSUMS]
    assert [check.verdict for check in result.checks] == [Verdict.PASS]


def test_checksums_that_nobody_sees_are_no_result() -> None:
    assert CHECKSUMS not in results(Talk().tunnel().call(), iut=LNS[0])


def test_what_a_run_cannot_see_is_said_with_its_reason() -> None:
    unseen = {RuleId.UDP_CHECKSUM: "it takes root"}
    result = results(Talk().tunnel().call(), iut=LNS[0], unseen=unseen)[CHECKSUMS]
    assert (result.checks, result.unseen) == ((), "it takes root")
    seen = results(Talk().tunnel().call(), iut=LNS[0], unseen=unseen, checksum=False)[CHECKSUMS]
    assert [check.verdict for check in seen.checks] == [Verdict.FAIL]

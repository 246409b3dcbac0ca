"""What a check counts as, what a case earns, and what its checks tell."""

from __future__ import annotations

import pytest

from harness.run import script
from harness.run.context import Context
from harness.run.events import Expectation, Verdict
from harness.run.select import Selected
from harness.suite.model import Step
from tests.run.fakes import DEAF, say
from tests.run.stage import (
    ASK,
    MAY,
    MUST,
    SHOULD,
    StageRunner,
    cases_of,
    device,
    play,
    play_all,
    puppet,
    told,
)


@pytest.mark.parametrize(
    ("covers", "verdict", "level"),
    [
        (MUST, Verdict.FAIL, "MUST"),
        (SHOULD, Verdict.WARN, "SHOULD"),
        (MAY, Verdict.PASS, "MAY (lower case)"),
        (f"{MAY}, {SHOULD}", Verdict.WARN, "SHOULD"),
        (f"{SHOULD}, {MUST}, {MAY}", Verdict.FAIL, "MUST"),
    ],
)
def test_a_failed_check_counts_as_the_strictest_of_its_rows(
    covers: str, verdict: Verdict, level: str
) -> None:
    story = play(ASK, DEAF, extra=f"covers: [{covers}]")
    assert story.verdict is verdict
    assert (story.last.verdict, story.last.level) == (verdict, level)
    assert story.last.actual == "nothing of it came within 2.5 s"


def test_rows_of_a_step_go_before_those_of_the_case() -> None:
    story = play(ASK + f"  rows: [{SHOULD}]\n", DEAF)
    assert story.verdict is Verdict.WARN
    assert story.last.rows == (SHOULD,)
    story = play(ASK, DEAF, extra=f"covers: [{MUST}, {SHOULD}]")
    assert story.last.rows == (MUST, SHOULD)


@pytest.mark.parametrize("word", ["fail", "warn", "note", "inconc"])
def test_otherwise_goes_before_the_rows(word: str) -> None:
    verdict = Verdict.PASS if word == "note" else Verdict(word)
    for covers in (MUST, SHOULD, MAY):
        story = play(ASK + f"  otherwise: {word}\n", DEAF, extra=f"covers: [{covers}]")
        assert story.verdict is verdict
        assert story.notes == (
            ["expect ack: nothing of it came within 2.5 s"] if word == "note" else []
        )


@pytest.mark.parametrize("word", ["pass", "fail", "warn", "note", "inconc"])
def test_the_verdict_of_an_alternative_is_that_of_the_check(word: str) -> None:
    steps = ASK.replace(
        "expect: ack", f"expect: [{{message: ack, verdict: {word}, note: why, policy: P-8}}]"
    )
    story = play(steps, {})
    assert story.verdict is (Verdict.PASS if word == "note" else Verdict(word))
    assert story.last.policy == "P-8"
    assert story.last.note == "why"
    assert story.notes == (["why"] if word == "note" else [])


def test_the_first_alternative_that_fits_counts() -> None:
    steps = """
- send: SCCRQ
- expect:
    - {message: SCCRP, where: {host_name: nobody}, verdict: fail}
    - {message: SCCRP, header: {ns: 0}, verdict: warn, note: second}
    - {message: SCCRP, note: third}
"""
    story = play(steps, {})
    assert (story.verdict, story.last.note) == (Verdict.WARN, "second")


def test_a_bad_check_ends_the_case_and_a_warning_of_an_alternative_does_not() -> None:
    goes_on = """
- send: SCCRQ
- expect: [{message: SCCRP, verdict: warn}]
- send: SCCCN
- expect: ack
"""
    assert [one.verdict for one in play(goes_on, {}).checks] == [Verdict.WARN, Verdict.PASS]
    for verdict in ("fail", "inconc"):
        ends = goes_on.replace("verdict: warn", f"verdict: {verdict}")
        story = play(ends, {})
        assert [one.verdict.value for one in story.checks] == [verdict]
        assert not story.sent("SCCCN")


def test_what_a_check_tells() -> None:
    steps = """
- send: SCCRQ
- expect: [{message: SCCRP, where: {host_name: nobody}}, StopCCN]
  within: 2s
  note: said
  policy: P-21
"""
    story = play(steps, {})
    check = story.last
    assert check.name == "expect SCCRP or StopCCN"
    assert check.expected == "SCCRP with host_name 'nobody' or StopCCN within 2 s"
    assert check.actual.startswith("SCCRP: host_name is 'tester'")
    assert (check.note, check.policy, check.step) == ("said", "P-21", 1)
    assert story.evidence(check) == ["> SCCRQ", "< SCCRP"]
    assert story.end.reason == f"{check.name}: expected {check.expected}, got {check.actual}"


@pytest.mark.parametrize(
    ("alternatives", "expected"),
    [
        ("[StopCCN, {message: SCCRP, verdict: fail}]", "StopCCN within 2.5 s"),
        (
            "[StopCCN, silence, {message: SCCRP, verdict: warn}]",
            "StopCCN or silence, with a warning SCCRP, within 2.5 s",
        ),
        ("[{message: SCCRP, verdict: warn}]", "SCCRP within 2.5 s"),
        ("[{message: SCCRP, verdict: fail}]", "SCCRP within 2.5 s"),
        ("[ack, {message: SCCRP, verdict: note}]", "ack or SCCRP within 2.5 s"),
    ],
)
def test_what_is_forbidden_is_not_what_is_expected(alternatives: str, expected: str) -> None:
    story = play(f"- send: SCCRQ\n- expect: {alternatives}\n", {})
    assert story.last.expected == expected


def test_a_comparison_tells_what_it_wants_and_no_key_of_the_step() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
  save: {theirs: tie_breaker}
- compare: {theirs: present}
  otherwise: warn
"""
    check = play(steps, {}).last
    assert (check.expected, check.actual) == (
        "theirs present",
        "theirs is absent, expected present",
    )


def test_evidence_is_what_provoked_it_not_the_acknowledgement_beside_it() -> None:
    steps = """
- establish: tunnel
- send: ICRQ
- expect: ICRP
- silence: 1s
"""
    story = play(steps, {"ICRQ": [say("ICRP"), say("OCRP", after=0.5)]})
    assert story.evidence(story.check("silence")) == ["> ICRQ", "< OCRP"]
    assert story.last.actual.startswith("OCRP tid=")


def test_evidence_names_the_tunnel_that_the_step_is_about() -> None:
    steps = """
- send: SCCRQ
  tunnel: first
- send: SCCRQ
  tunnel: second
  set: {host_name: second}
- expect: SCCRP
  tunnel: first
"""
    story = play(steps, {})
    sent = next(one for one in story.frames if one.number in story.last.frames)
    assert b"second" not in sent.data
    assert story.evidence(story.last) == ["> SCCRQ", "< SCCRP"]


def test_a_message_that_never_went_out_is_no_evidence_but_its_retransmission_is() -> None:
    steps = """
- establish: tunnel
- link: {drop: 1, direction: sent, message: HELLO}
- send: HELLO
- expect: ack
"""
    story = play(steps, {})
    assert story.verdict is Verdict.PASS
    assert story.evidence(story.last) == ["> HELLO", "< ZLB"]
    assert len(story.sent("HELLO")) == 1


# -- cases that say nothing, and cases that could not be run ----------------------------------


def test_a_case_without_a_check_earns_nothing() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
  unless: [SCCRP]
- wait: 1s
- expect: SCCRP
  unless: [SCCRP]
"""
    story = play(steps.replace("- expect: SCCRP\n  unless: [SCCRP]\n", "", 1), {})
    assert story.verdict is Verdict.NONE
    assert story.end.expectation is Expectation.UNEXPECTED
    assert story.end.checks == 0
    assert story.end.reason == "no check ran: the case says nothing"


@pytest.mark.parametrize(
    ("rules", "actual"),
    [
        ({"SCCRQ": []}, "nothing within 10 s"),
        ({"SCCRQ": [say("StopCCN")]}, "StopCCN tid="),
        ({"SCCCN": [], "again": []}, "none came"),
        ({"SCCRQ": [say("SCCRP", ns=1)]}, "nothing within 10 s but, out of sequence"),
        ({"SCCRQ": [say("SCCRP", tunnel=9)]}, "nothing within 10 s but, out of sequence"),
    ],
)
def test_a_preamble_that_fails_makes_the_case_inconclusive(
    rules: dict[str, list[object]], actual: str
) -> None:
    story = play("- establish: tunnel\n- send: HELLO\n- expect: ack\n", rules)  # type: ignore[arg-type]
    assert story.verdict is Verdict.INCONC
    assert story.last.name == "preamble"
    assert story.last.actual.startswith(actual)
    assert not story.sent("HELLO")


def test_a_defect_of_the_harness_is_an_error_and_costs_no_other_case_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_step = script.run_step

    async def broken(context: Context, step: Step) -> None:
        if step.note == "break":
            raise KeyError("a defect")
        await run_step(context, step)

    monkeypatch.setattr(script, "run_step", broken)
    steps = "- send: SCCRQ\n- expect: SCCRP\n  note: ${mark}\n- send: SCCCN\n- expect: ack\n"
    cases = cases_of(steps, "each: {mark: [well, break, good]}")
    runner = StageRunner(device(), puppet({}), 0.0005, 0)
    events = play_all([Selected(one) for one in cases], runner, jobs=3)
    verdicts = [told(events, one.id).verdict.value for one in cases]
    assert verdicts == ["pass", "error", "pass"]
    end = told(events, cases[1].id).end
    assert end.reason.startswith("a defect of the harness: KeyError: 'a defect' (broken in ")
    assert end.expectation is Expectation.UNEXPECTED
    assert runner.now == {}


def test_a_defect_while_a_datagram_is_taken_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("cannot take it")

    monkeypatch.setattr("harness.peer.scripted_tunnel.ScriptedTunnel._learn", broken)
    story = play("- send: SCCRQ\n- expect: [SCCRP, silence]\n", {})
    assert story.verdict is Verdict.ERROR
    assert "RuntimeError: cannot take it" in story.end.reason


def test_a_defect_in_a_retransmission_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("cannot send it")

    monkeypatch.setattr("harness.peer.scripted_tunnel.ScriptedTunnel._retransmit", broken)
    story = play("- send: SCCRQ\n- silence: 2s\n", {"SCCRQ": []})
    assert story.verdict is Verdict.ERROR
    assert "RuntimeError: cannot send it" in story.end.reason


def test_a_value_that_fits_no_field_is_an_error_at_the_step() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
  save: {name: host_name}
- send: SCCRQ
  set: {receive_window_size: "${name}"}
- expect: ack
"""
    story = play(steps, {})
    assert story.verdict is Verdict.ERROR
    assert "sample.yaml:" in story.end.reason


def test_a_time_out_inside_a_case_is_not_the_limit_of_the_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(context: Context, step: Step) -> None:
        raise TimeoutError("of something else")

    monkeypatch.setattr(script, "run_step", broken)
    story = play("- send: SCCRQ\n- expect: SCCRP\n", {})
    assert story.verdict is Verdict.ERROR
    assert "TimeoutError: of something else" in story.end.reason


@pytest.mark.parametrize(("scale", "shown"), [(1.0, "900"), (2.0, "1800")])
def test_a_case_that_exceeds_its_limit_is_an_error(scale: float, shown: str) -> None:
    story = play("- wait: 901s\n- send: SCCRQ\n- expect: SCCRP\n", {}, time_scale=scale)
    assert story.verdict is Verdict.ERROR
    assert story.end.reason == f"the case did not end within {shown} s"
    assert story.end.seconds == pytest.approx(900.0 * scale)


def test_a_missing_action_is_an_error() -> None:
    story = play("- device: fly\n- send: SCCRQ\n- expect: SCCRP\n", {})
    assert story.verdict is Verdict.ERROR
    assert "cannot 'fly'" in story.end.reason


# -- what the device said ----------------------------------------------------------------------


def test_the_log_of_the_device_is_kept_when_a_case_does_not_pass() -> None:
    assert play(ASK).log == []
    steps = "- send: SCCRQ\n- expect: StopCCN\n"
    assert any("SCCRP queued" in line for line in play(steps).log)
    error = "- send: SCCRQ\n- expect: SCCRP\n- device: fly\n- expect: ack\n"
    assert play(error).log

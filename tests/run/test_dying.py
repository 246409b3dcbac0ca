"""An IUT that dies or hangs: whose failure that is, whatever the case is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import DeviceError
from harness.run.baseline import load_baseline
from harness.run.events import Expectation, Verdict
from harness.run.select import Selected
from harness.run.verdicts import SURVIVAL
from tests.run.fakes import DEAF, Crashing, Mute, Puppet, Tiring
from tests.run.stage import (
    ASK,
    MAY,
    MUST,
    SHOULD,
    StageRunner,
    cases_of,
    device,
    of_class,
    play,
    play_all,
    puppet,
    told,
)

# -- an IUT that dies --------------------------------------------------------------------------

ALIVE = "- send: SCCRQ\n- expect: [SCCRP, silence]\n  within: 1s\n"


@pytest.mark.parametrize("tail", ["", "- alive:\n", "- silence: 1s\n", "- wait: 1s\n"])
@pytest.mark.parametrize("covers", [MUST, SHOULD, MAY])
def test_a_crash_is_a_failure_whatever_the_case_is_about(tail: str, covers: str) -> None:
    story = play(ALIVE + tail, factory=of_class(Crashing), extra=f"covers: [{covers}]")
    assert story.verdict is Verdict.FAIL
    assert story.check(SURVIVAL).verdict is Verdict.FAIL
    assert story.end.reason.startswith(
        "survival: expected the IUT survives the case, got ZeroDivisionError: the IUT divides"
    )


def test_a_crash_in_the_preamble_is_a_failure_not_inconclusive() -> None:
    story = play(ASK, factory=of_class(Crashing))
    assert story.verdict is Verdict.FAIL
    assert [one.name for one in story.checks] == ["preamble", SURVIVAL]


def test_the_crash_of_an_iut_that_is_told_to_dial_is_a_failure() -> None:
    class Falling(Puppet):
        def open_tunnel(self, *_: object) -> Any:
            raise ZeroDivisionError("at the first step")

    steps = "- device: dial\n- expect: [SCCRQ, silence]\n  within: 1s\n- device: dial\n- alive:\n"
    story = play(steps, factory=puppet({}, Falling), role="lac")
    assert story.verdict is Verdict.FAIL
    assert "ZeroDivisionError: at the first step" in story.end.reason


def test_an_action_that_a_dead_device_cannot_do_is_its_failure() -> None:
    class Dead(StageRunner):
        async def lease(self, *given: object, **named: object) -> object:  # type: ignore[override]
            lease = await super().lease(*given, **named)  # type: ignore[arg-type]

            async def action(name: str, values: object) -> None:
                try:
                    raise ZeroDivisionError("died of something else")
                except ZeroDivisionError as error:
                    lease.server.crash = error  # type: ignore[attr-defined]
                raise DeviceError("device.dead", "gone")

            class Leased:
                address, network = lease.address, lease.network
                death, examine, log = lease.death, lease.examine, lease.log

            leased = Leased()
            leased.action = action  # type: ignore[attr-defined]
            self.now[id(leased)] = self.now.pop(id(lease))
            return leased

    (case,) = cases_of("- device: dial\n- send: SCCRQ\n- expect: SCCRP\n")
    runner = Dead(device(), puppet({}), 0.0005, 0)
    story = told(play_all([Selected(case)], runner), case.id)
    assert story.verdict is Verdict.FAIL
    assert story.check(SURVIVAL).verdict is Verdict.FAIL


def test_an_error_of_a_device_that_lives_stays_an_error() -> None:
    story = play("- device: call-out\n- send: SCCRQ\n- expect: SCCRP\n", {})
    assert story.verdict is Verdict.ERROR
    assert "there is no tunnel to call in" in story.end.reason


# -- an IUT that hangs -------------------------------------------------------------------------


@pytest.mark.parametrize("covers", [MUST, SHOULD, MAY])
def test_a_hang_is_a_failure_whatever_the_case_is_about(covers: str) -> None:
    story = play(ALIVE + "- alive:\n", factory=of_class(Mute), extra=f"covers: [{covers}]")
    assert story.verdict is Verdict.FAIL
    assert story.end.reason == "alive: expected a fresh SCCRQ is answered, got nothing within 2.5 s"
    assert story.evidence(story.last) == ["> SCCRQ", "> SCCRQ"]


def test_a_case_can_say_that_a_hang_counts_for_less() -> None:
    story = play(ALIVE + "- alive:\n  otherwise: warn\n", factory=of_class(Mute))
    assert story.verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("covers", "names"),
    [(MUST, ["fail", "fail"]), (SHOULD, ["warn", "fail"]), (MAY, ["pass", "fail"])],
)
def test_a_hang_shows_after_a_failed_check_as_well(covers: str, names: list[str]) -> None:
    steps = "- send: SCCRQ\n- expect: SCCRP\n  within: 1s\n- send: SCCCN\n- alive:\n"
    story = play(steps, factory=of_class(Mute), extra=f"covers: [{covers}]")
    assert story.verdict is Verdict.FAIL
    assert [one.verdict.value for one in story.checks] == names
    assert story.last.name == "alive"
    assert not story.sent("SCCCN")


def test_after_a_failed_check_an_iut_that_lives_is_not_blamed_twice() -> None:
    story = play(ASK + "- send: SCCRQ\n- alive:\n", DEAF, extra=f"covers: [{SHOULD}]")
    assert story.verdict is Verdict.WARN
    assert [one.name for one in story.checks] == ["expect ack", "alive"]
    assert story.last.verdict is Verdict.PASS


def test_an_inconclusive_case_does_not_go_on_to_ask_for_life() -> None:
    story = play(ASK + "- alive:\n", factory=of_class(Mute))
    assert story.verdict is Verdict.INCONC
    assert [one.name for one in story.checks] == ["preamble"]


# -- the baseline ------------------------------------------------------------------------------


def test_a_known_deviation_does_not_hide_a_crash_or_a_hang(tmp_path: Path) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text("- {case: sample/one, check: expect ack, verdict: fail, reason: it is known}\n")
    baseline = load_baseline(path, ["sample/one"])
    story = play(ASK + "- alive:\n", DEAF, baseline=baseline)
    assert story.end.expectation is Expectation.XFAIL
    story = play(ASK + "- alive:\n", factory=puppet(DEAF, Tiring), baseline=baseline)
    assert story.end.expectation is Expectation.UNEXPECTED
    assert "check alive: fail is not in the baseline" in story.end.reason

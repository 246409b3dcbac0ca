"""How long a case lasts is read off its steps, and a quick case is one that cannot last long."""

from __future__ import annotations

import pytest

from harness.suite.duration import MOST_ANSWERS, QUICK, is_quick, longest, waits
from harness.suite.model import Case
from tests.suite.reading import ROW, suite_of

SCCRQ = "{send: SCCRQ}"


def case_of(*steps: str, more: str = "") -> Case:
    suite = suite_of(
        f"title: S\nspec: rfc2661\ndefaults: {{covers: {ROW}, iut: [lac, lns]{more}}}\n"
        f"cases:\n  c: {{purpose: x, steps: [{', '.join(steps)}]}}\n"
    )
    return suite.cases[0]


@pytest.mark.parametrize(
    ("steps", "certain", "most"),
    [
        # what is answered at once costs nothing, what is not ends the case
        (["{expect: SCCRP, within: 2s}"], 0, 2),
        (["{expect: SCCRP, within: 2s}", "{expect: ICRP, within: 1s}"], 0, 2),
        # an answer that is late is waited for where nothing is as good
        (["{expect: SCCRP, within: 1s}"], 0, 2),
        (["{expect: [StopCCN, {message: silence, verdict: warn}], within: 1s}"], 1, 2),
        # and the case may go on without it
        (
            ["{expect: [StopCCN, {message: ack, verdict: warn}], within: 1s}", "{silence: 1s}"],
            *(2, 3),
        ),
        (["{expect: [StopCCN, {message: ack, verdict: fail}], within: 1s}", "{wait: 1s}"], 2, 2),
        (["{silence: 1s}", "{expect: ICRP, within: 2s}"], 1, 3),
        (["{expect: ICRP, within: 2s}", "{silence: 1s}"], 1, 2),
        # silence is known at the end, and so is that nothing follows an acknowledgement
        (["{expect: [StopCCN, silence], within: 1s}"], 1, 1),
        (["{expect: [StopCCN, ack], within: 1s}"], 1, 2),
        (["{expect: [ack, ZLB], within: 1s}"], 0, 1),
        (["{expect: [ack, CDN, {message: silence, within: 2s}], within: 1s}"], 1, 2),
        (["{expect: [ack, {message: silence, within: 2s}], within: 1s}"], 0, 2),
        (["{expect: [{message: SCCRP, within: 4s}, StopCCN], within: 1s}"], 0, 4),
        (["{wait: 1s}", "{wait: 1500ms}", "{alive: }"], 2.5, 2.5),
        (["{alive: tunnel, within: 2s}"], 0, 2),
        (["{outstanding: {within: 1s, at_most: 2}}"], 1, 1),
        (["{retransmissions: {of: SCCRP, within: 70s}}"], 70, 70),
        (["{link: {delay: 1, seconds: 500ms}}", "{alive: }"], 0.5, 0.5),
        (["{device: restart}", "{alive: }"], 1, 1),
        (["{device: hangup}", "{alive: }"], 0, 0),
        (["{ppp: up}"], 0, 10),
        (["{ppp: up, otherwise: inconc}", "{alive: }"], 0, 0),
        (["{repeat: {count: 3, steps: [{silence: 1s}, {expect: ack, within: 2s}]}}"], 3, 5),
    ],
)
def test_what_a_case_waits_for(steps: list[str], certain: float, most: float) -> None:
    case = case_of(SCCRQ, *steps)
    assert waits(case) == pytest.approx(certain)
    assert longest(case) == pytest.approx(most)


def test_what_a_case_says_of_itself_counts_if_it_is_more() -> None:
    assert longest(case_of("{alive: tunnel, within: 2s}", more=", seconds: 9s")) == 9
    assert longest(case_of("{silence: 20s}", more=", seconds: 9s")) == 20


def test_many_hellos_take_a_while() -> None:
    assert not is_quick(case_of("{establish: tunnel}", "{advance: {to: 65535}}", "{alive: }"))


def test_a_quick_case() -> None:
    assert is_quick(case_of("{expect: SCCRP}"))
    assert not is_quick(case_of("{silence: 2s}", "{expect: SCCRP}"))
    assert not is_quick(case_of("{expect: SCCRP}", more=", exclusive: true"))
    assert QUICK < 3


def test_many_answers_one_after_the_other_are_not_quick() -> None:
    def asking(times: int) -> Case:
        return case_of(
            f"{{repeat: {{count: {times}, steps: [{{send: SCCRQ}}, {{expect: SCCRP}}]}}}}"
        )

    assert is_quick(asking(MOST_ANSWERS))
    assert not is_quick(asking(MOST_ANSWERS + 1))

"""What no axis makes different is read once for all the instances of a case."""

from __future__ import annotations

import pytest

from harness.errors import DataErrors
from tests.suite.reading import cases_of

ASKING = """
- send: SCCRQ
  set: {receive_window_size: "${size}"}
- expect: SCCRP
  save: {their_id: assigned_tunnel_id}
- send: SCCCN
  header: {tunnel_id: "${their_id}"}
- alive:
"""
NAMED_BY_AN_AXIS = """
- send: SCCRQ
- expect: SCCRP
  save: {"${name}": assigned_tunnel_id}
- send: SCCCN
  header: {tunnel_id: "${their_id}"}
- alive:
"""
SENT_BY_AN_AXIS = """
- send: "${message}"
- resend: SCCRQ
- alive:
"""


def test_steps_without_an_axis_are_the_very_same() -> None:
    one, other = cases_of(ASKING, "each: {size: [1, 4]}")
    assert [a is b for a, b in zip(one.steps, other.steps, strict=True)] == [False] + [True] * 3
    assert one.steps[0] != other.steps[0]


@pytest.mark.parametrize(
    ("steps", "good", "bad", "code"),
    [
        (NAMED_BY_AN_AXIS, "name: [their_id]", "name: [their_id, own_id]", "suite.undefined-name"),
        (SENT_BY_AN_AXIS, "message: [SCCRQ]", "message: [SCCRQ, StopCCN]", "suite.resend"),
    ],
)
def test_what_was_right_behind_other_steps_is_looked_at_again(
    steps: str, good: str, bad: str, code: str
) -> None:
    assert len(cases_of(steps, f"each: {{{good}}}")) == 1
    with pytest.raises(DataErrors) as raised:
        cases_of(steps, f"each: {{{bad}}}")
    assert {one.code for one in raised.value.errors} == {code}

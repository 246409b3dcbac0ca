"""Every rule finds its violation, in the right frame, and finds nothing where there is none."""

from __future__ import annotations

import pytest

from harness.spec.monitor import CAPTURE, LIVE, Finding, RuleId, View
from tests.monitor.plants import PLANTS, Plant
from tests.monitor.talk import SECRET, Seen, Talk, judge

OF_CAPTURES = {RuleId.UDP_CHECKSUM}
"""Rules that need more than the payload; tests/capture and tests/run plant them."""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
@pytest.mark.parametrize("view", [LIVE, CAPTURE], ids=["live", "capture"])
def test_the_violation_is_found(plant: Plant, view: View) -> None:
    talk = Talk()
    frame = plant.build(talk)
    severity = plant.live if view is LIVE else plant.capture
    found = judge(talk, view=view, **plant.options)
    if severity is None:
        assert found == []
        return
    by_rule: dict[RuleId, list[Finding]] = {}
    for finding in found:
        by_rule.setdefault(finding.rule, []).append(finding)
    assert set(by_rule) == {plant.rule} | plant.also, found
    (finding,) = by_rule[plant.rule]
    assert finding.frames[0] == frame.number
    assert finding.source == frame.source
    assert finding.severity == severity
    assert finding.text
    assert finding.rows
    assert finding.at == frame.at


def test_every_rule_has_a_violation() -> None:
    assert {plant.rule for plant in PLANTS} == set(RuleId) - OF_CAPTURES


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_what_is_done_on_purpose_is_not_held_against_its_sender(plant: Plant) -> None:
    talk = Talk()
    frame = plant.build(talk)
    culprit = frame.source[0]
    talk.frames = [
        Seen(
            one.number,
            one.at,
            one.source,
            one.destination,
            one.data,
            deliberate=one.source[0] == culprit,
        )
        for one in talk.frames
    ]
    found = judge(talk, **plant.options)
    assert found == []


@pytest.mark.parametrize("view", [LIVE, CAPTURE], ids=["live", "capture"])
def test_a_clean_conversation_gives_nothing(view: View) -> None:
    assert judge(clean(), view=view, secret=SECRET) == []


def clean() -> Talk:
    """What two well-behaved ends say to each other, with all that may happen."""
    talk = Talk().tunnel({"bearer_capabilities": 3, "vendor_name": "ends"}).call()
    for _ in range(3):
        talk.data(talk.lac)
        talk.data(talk.lns)
    talk.message(talk.lns, "SLI")
    talk.ack(talk.lac)
    talk.message(talk.lac, "WEN")
    talk.ack(talk.lns)
    talk.wait(60).message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    talk.hang_up(talk.lns)
    talk.lac.session_id, talk.lns.session_id = 7000, 300
    talk.outgoing()
    talk.data(talk.lns, numbered=True)
    talk.data(talk.lac, numbered=True)
    lost = talk.message(talk.lac, "CDN", arrives=False)
    for interval in (1, 2, 4):
        talk.again(lost, wait=interval)
    talk.lns.nr = talk.lac.ns
    talk.ack(talk.lns)
    return talk.close(talk.lac)

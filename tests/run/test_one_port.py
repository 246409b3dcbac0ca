"""Runs in which all has to come from one port of the harness (`source.port`)."""

from __future__ import annotations

import pytest

from harness.device.embedded import reference_endpoint
from harness.peer import clock
from harness.run.events import Direction, Verdict
from harness.run.serving import serves
from tests.run.fakes import Tiring
from tests.run.stage import UP, StageRunner, Story, cases_of, device, play, puppet, setting_of

PORT = 1710


def ports(story: Story) -> set[int]:
    """Those that we sent from."""
    return {one.source[1] for one in story.frames if one.direction is Direction.SENT}


@pytest.mark.parametrize(
    "steps",
    [
        UP + "- alive: device\n",
        UP + "- alive: device\n- alive: device\n- alive: tunnel\n",
        UP + "- close: default\n- alive: device\n",
    ],
    ids=["once", "beside-a-tunnel", "after-it-was-closed"],
)
def test_a_fresh_peer_asks_from_that_port(steps: str) -> None:
    story = play(steps, port=PORT)
    assert story.verdict is Verdict.PASS, story.last
    assert ports(story) == {PORT}


def test_a_device_that_hangs_is_found_from_that_port() -> None:
    story = play(UP + "- alive: device\n", factory=puppet({}, Tiring), port=PORT)
    assert story.verdict is Verdict.FAIL
    assert ports(story) == {PORT}


def test_a_case_that_needs_another_port_says_nothing() -> None:
    steps = UP + "- send: HELLO\n  from: other\n- expect: ack\n"
    assert play(steps).verdict is not Verdict.INCONC
    story = play(steps, port=PORT)
    assert story.verdict is Verdict.INCONC
    assert "port 1710" in story.last.actual
    assert "source.port" in story.last.actual
    assert ports(story) == {PORT}


def test_another_address_has_the_same_port() -> None:
    steps = UP + "- send: SCCRQ\n  tunnel: b\n  from: another-host\n- expect: SCCRP\n  tunnel: b\n"
    story = play(steps, port=PORT)
    assert story.verdict is Verdict.PASS, story.last
    assert ports(story) == {PORT}


@pytest.mark.parametrize("port", [PORT, None])
def test_a_device_that_was_restarted_is_asked_from_that_port(port: int | None) -> None:
    (case,) = cases_of(UP + "- alive: device\n")
    told: list[tuple[int, int]] = []

    class Noting(StageRunner):
        async def lease(self, *arguments: object) -> object:  # type: ignore[override]
            lease = await super().lease(*arguments)  # type: ignore[arg-type]
            opens = lease.network.open

            async def noted(receiver: object, address: str, port: int = 0) -> object:
                told.append((arguments[1][1], port))  # type: ignore[index]
                return await opens(receiver, address, port)  # type: ignore[arg-type]

            lease.network.open = noted  # type: ignore[method-assign, assignment]
            return lease

    async def main() -> bool:
        runner = Noting(device(), reference_endpoint, 0.0005, 0)
        await runner.open()
        return await serves(setting_of(runner, lambda _: None, port=port), case)

    assert clock.run(main(), virtual=True)
    assert set(told) == {(port or 0, port or 0)}

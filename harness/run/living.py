"""The `alive` step: the IUT still serves, or a tunnel still works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from harness.device.lease import Death
from harness.errors import Place
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.concerning import describe
from harness.run.context import CaseEndedError, Context
from harness.run.verdicts import ALIVE
from harness.suite.edits import Compose
from harness.suite.model import Alive, Severity

LOWEST: Final = bytes(8)
"""A Tie Breaker that wins, so that a fresh peer is answered while the IUT calls (4.4.3)."""

ANSWERS = frozenset({"SCCRP", "StopCCN"})


async def alive(context: Context, step: Alive) -> None:
    """Judge that the IUT, or the step's tunnel, is alive."""
    death = context.lease.death()
    if death is not None:
        _dead(context, step, "the IUT runs", death.reason, [])
    if step.what == "tunnel":
        await _tunnel(context, step)
    else:
        await _device(context, step)


async def _tunnel(context: Context, step: Alive) -> None:
    """A HELLO is acknowledged, and nothing has ended the tunnel.

    A tunnel that the IUT has ended acknowledges for a while what still comes (5.7), and yet is not
    alive. One that the scripted peer has given up has nothing left to be acknowledged.
    """
    tunnel = context.tunnel(step)
    expected = "the tunnel acknowledges a HELLO"
    if tunnel.ended is not None:
        told = describe(tunnel.ended)  # nothing may be sent there any more, not even a HELLO (6.4)
        context.failed(step, "tunnel alive", expected, told, [tunnel.ended.number])
    hello = context.assembler.assemble(
        Compose(message="HELLO"), tunnel, context.session(step), step.place
    )
    tunnel.send("HELLO", hello.packet)
    seconds = context.scaled(step.within)
    deadline = context.peer.now + seconds
    while True:
        if tunnel.ended is not None:
            told = describe(tunnel.ended)
            context.failed(step, "tunnel alive", expected, told, [tunnel.ended.number])
        if tunnel.channel.idle and not tunnel.channel.failed:
            break
        if context.peer.now >= deadline or tunnel.channel.failed:
            told = f"no acknowledgement within {seconds:g} s"
            context.failed(step, "tunnel alive", expected, told)
        await context.news(deadline)
    came = tunnel.arrivals[tunnel.arrivals_before_send :]
    frames = [one.number for one in came if tunnel.acknowledges(one)]
    context.passed(step, "tunnel alive", expected, "acknowledged", frames[:1])


async def _device(context: Context, step: Alive) -> None:
    """A fresh peer's SCCRQ is answered; the tunnel is then taken down again."""
    asked = await ask(context, step.place, context.scaled(step.within))
    expected = "a fresh SCCRQ is answered"
    if asked.death is not None:
        _dead(context, step, expected, asked.death.reason, asked.frames)
    if asked.answer is None:
        told = f"nothing within {context.scaled(step.within):g} s"
        _dead(context, step, expected, told, asked.frames)
    if asked.answer.name not in ANSWERS:
        _dead(context, step, expected, describe(asked.answer), asked.frames)
    context.passed(step, ALIVE, expected, describe(asked.answer), asked.frames)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a fresh SCCRQ: the answer and after how many seconds, or the death of the IUT.

    frames: the SCCRQ and the answer to it.
    """

    answer: Observed | None
    seconds: float
    frames: tuple[int, ...]
    death: Death | None = None


def _may_collide(context: Context) -> bool:
    """Whether the IUT waits for an answer to an SCCRQ that might win against ours (4.4.3)."""
    return any(
        one.name == "SCCRQ" and one.examined is not None and "tie_breaker" in one.examined.octets
        for tunnel in context.peer.tunnels.values()
        if "SCCRP" not in tunnel.last_sent
        for one in tunnel.arrivals
    )


async def ask(context: Context, place: Place, within: float) -> Asked:
    """Send a fresh peer's SCCRQ and wait for its answer; a tunnel that comes of it is ended."""
    name = f"alive-{len(context.peer.tunnels)}"
    link = await context.fresh_link(name)
    secret = context.secret
    tunnel = context.peer.open_tunnel(
        name,
        link,
        context.lease.address,
        secret=secret.encode() if secret else None,
        hidden_with=context.hidden_with,
    )
    session = tunnel.session("alive")
    compose = Compose(message="SCCRQ")
    if _may_collide(context):
        compose = replace(compose, set={"tie_breaker": LOWEST})
    request = context.assembler.assemble(compose, tunnel, session, place)
    tunnel.bound = True
    began = context.peer.now
    tunnel.send("SCCRQ", request.packet, request.octets)
    deadline = began + within
    death = context.lease.death()
    while not tunnel.inbox and death is None and context.peer.now < deadline:
        await context.news(deadline)
        death = context.lease.death()
    sent = () if tunnel.sent_frame is None else (tunnel.sent_frame,)
    if not tunnel.inbox:
        return Asked(None, context.peer.now - began, sent, death)
    answer = tunnel.inbox.pop(0)
    if answer.name == "SCCRP":
        _take_down(context, place, tunnel)
    return Asked(answer, answer.at - began, (*sent, answer.number))


def _dead(
    context: Context, step: Alive, expected: str, actual: str, frames: Sequence[int]
) -> NoReturn:
    """An IUT that serves nobody has failed, whatever the level of what the case is about."""
    severity = step.otherwise or Severity.FAIL
    context.settle(step, ALIVE, severity, expected, actual, frames)
    raise CaseEndedError


def _take_down(context: Context, place: Place, tunnel: ScriptedTunnel) -> None:
    stop = context.assembler.assemble(
        Compose(message="StopCCN"), tunnel, tunnel.session("alive"), place
    )
    tunnel.send("StopCCN", stop.packet)

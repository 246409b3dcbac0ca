"""The `alive` step: the IUT still serves, or a tunnel still works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from harness.peer.scripted import ScriptedTunnel
from harness.run.context import CaseEndedError, Context
from harness.run.expecting import describe
from harness.suite.model import Alive, Compose, Severity

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
    name = f"alive-{len(context.peer.tunnels)}"
    link = await context.peer.open_link(name, context.host)
    secret = context.secret
    tunnel = context.peer.open_tunnel(
        name, link, context.lease.address, secret=secret.encode() if secret else None
    )
    session = tunnel.session("alive")
    request = context.assembler.assemble(Compose(message="SCCRQ"), tunnel, session, step.place)
    tunnel.bound = True
    tunnel.send("SCCRQ", request.packet, request.octets)
    asked = [] if tunnel.sent_frame is None else [tunnel.sent_frame]
    expected = "a fresh SCCRQ is answered"
    deadline = context.peer.now + context.scaled(step.within)
    while not tunnel.inbox:
        death = context.lease.death()
        if death is not None:
            _dead(context, step, expected, death.reason, asked)
        if context.peer.now >= deadline:
            told = f"nothing within {context.scaled(step.within):g} s"
            _dead(context, step, expected, told, asked)
        await context.news(deadline)
    answer = tunnel.inbox.pop(0)
    if answer.name not in ANSWERS:
        _dead(context, step, expected, describe(answer), [*asked, answer.number])
    if answer.name == "SCCRP":
        _take_down(context, step, tunnel)
    context.passed(step, "alive", expected, describe(answer), [*asked, answer.number])


def _dead(
    context: Context, step: Alive, expected: str, actual: str, frames: Sequence[int]
) -> NoReturn:
    """An IUT that serves nobody has failed, whatever the level of what the case is about."""
    severity = step.otherwise or Severity.FAIL
    context.settle(step, "alive", severity, expected, actual, frames)
    raise CaseEndedError


def _take_down(context: Context, step: Alive, tunnel: ScriptedTunnel) -> None:
    stop = context.assembler.assemble(
        Compose(message="StopCCN"), tunnel, tunnel.session("alive"), step.place
    )
    tunnel.send("StopCCN", stop.packet)

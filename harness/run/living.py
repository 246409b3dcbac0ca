"""The `alive` step: the IUT still serves, or a tunnel still works."""

from __future__ import annotations

from harness.peer.scripted import ScriptedTunnel
from harness.run.context import Context
from harness.run.expecting import describe
from harness.suite.model import Alive, Compose

ANSWERS = frozenset({"SCCRP", "StopCCN"})


async def alive(context: Context, step: Alive) -> None:
    """Judge that the IUT, or the step's tunnel, is alive."""
    death = context.lease.death()
    if death is not None:
        context.failed(step, "alive", "the IUT runs", death.reason)
    if step.what == "tunnel":
        await _tunnel(context, step)
    else:
        await _device(context, step)


async def _tunnel(context: Context, step: Alive) -> None:
    """A HELLO is acknowledged, and nothing has ended the tunnel."""
    tunnel = context.tunnel(step)
    expected = "the tunnel acknowledges a HELLO"
    hello = context.assembler.assemble(
        Compose(message="HELLO"), tunnel, context.session(step), step.place
    )
    tunnel.send("HELLO", hello.packet)
    deadline = context.peer.now + context.scaled(step.within)
    while True:
        ended = [one for one in tunnel.inbox if one.name == "StopCCN"]
        if ended:
            context.failed(step, "tunnel alive", expected, describe(ended[0]), [ended[0].number])
        if tunnel.channel.idle:
            break
        if context.peer.now >= deadline:
            seconds = context.scaled(step.within)
            told = f"no acknowledgement within {seconds:g} s"
            context.failed(step, "tunnel alive", expected, told)
        await context.peer.news(deadline)
    context.passed(step, "tunnel alive", expected, "acknowledged")


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
    tunnel.send("SCCRQ", request.packet)
    expected = "a fresh SCCRQ is answered"
    deadline = context.peer.now + context.scaled(step.within)
    while not tunnel.inbox:
        death = context.lease.death()
        if death is not None:
            context.failed(step, "alive", expected, death.reason)
        if context.peer.now >= deadline:
            told = f"nothing within {context.scaled(step.within):g} s"
            context.failed(step, "alive", expected, told)
        await context.peer.news(deadline)
    answer = tunnel.inbox.popleft()
    if answer.name not in ANSWERS:
        context.failed(step, "alive", expected, describe(answer), [answer.number])
    if answer.name == "SCCRP":
        _take_down(context, step, tunnel)
    context.passed(step, "alive", expected, describe(answer), [answer.number])


def _take_down(context: Context, step: Alive, tunnel: ScriptedTunnel) -> None:
    stop = context.assembler.assemble(
        Compose(message="StopCCN"), tunnel, tunnel.session("alive"), step.place
    )
    tunnel.send("StopCCN", stop.packet)

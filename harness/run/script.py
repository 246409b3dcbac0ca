"""The script of a case: each step done in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.device.lease import RESTART
from harness.errors import HarnessError
from harness.peer.impair import Direction, Impairment, Kind
from harness.peer.made import Made
from harness.run.advancing import advance
from harness.run.calling import calls
from harness.run.comparing import compare
from harness.run.concerning import in_scope
from harness.run.context import CaseEndedError, Context
from harness.run.counting import outstanding, series
from harness.run.establishing import establish
from harness.run.events import StepStart, Verdict
from harness.run.expecting import expect
from harness.run.linking import ppp
from harness.run.living import alive
from harness.run.retransmitting import retransmissions
from harness.run.rounding import advance_iut
from harness.run.select import DIAL, dials_when_told
from harness.run.silent import silence
from harness.suite.match import MISSING, match
from harness.suite.model import (
    Acks,
    Advance,
    Alive,
    Calls,
    Close,
    Compare,
    DeviceAction,
    Establish,
    Expect,
    Hello,
    LinkStep,
    Outstanding,
    Ppp,
    Repeat,
    Resend,
    Retransmissions,
    Send,
    Series,
    Silence,
    Step,
    Wait,
)
from harness.suite.variables import NoValueError, resolve, substitute_text

NEVER_RELIABLE = frozenset({"ZLB", "raw", "data"})

_KINDS: Mapping[str, Kind] = {
    "drop": "drop",
    "duplicate": "duplicate",
    "delay": "delay",
    "reorder": "reorder",
}


async def run_script(context: Context) -> None:
    """Do the steps of the case. CaseEndedError: a check has settled the case.

    A case that asks at its end whether the IUT is alive asks so however it went: a device that
    hangs must not pass for one that only broke a SHOULD, or for a deviation that is known.
    """
    steps = context.case.steps
    for position, step in enumerate(steps):
        try:
            await run_steps(context, (step,))
        except CaseEndedError:
            rest = steps[position + 1 :]
            if rest and _asks_for_life(rest[-1]) and _is_open(context):
                await run_steps(context, rest[-1:])
            raise


def _asks_for_life(step: Step) -> bool:
    return isinstance(step, Alive) and step.what == "device"


def _is_open(context: Context) -> bool:
    """Whether it is worth asking: the case has said something, and the IUT not died of it."""
    judged = context.checks and context.checks[-1].verdict is not Verdict.INCONC
    return bool(judged) and not context.peer.flooded and context.lease.death() is None


async def run_steps(context: Context, steps: tuple[Step, ...]) -> None:
    """Do all steps. CaseEndedError: a check has settled the case."""
    for step in steps:
        context.step = 0 if context.step is None else context.step + 1
        try:
            if step.unless and _has_come(context, step):
                continue
            if step.when and not _fits(context, step):
                continue
            resolved = resolve(step, context.values(step))
        except NoValueError as error:
            context.inconclusive(step, "the values that the step needs", error.cause)
        context.emit(
            StepStart(
                case=context.case.id,
                index=context.step,
                at=context.at,
                text=resolved.text,
                file=step.place.file,
                line=step.place.line,
            )
        )
        await run_step(context, resolved)
        context.look_behind()


def _fits(context: Context, step: Step) -> bool:
    """Whether the saved values are such that the step makes sense."""
    values = context.values(step)
    return not any(
        match(matcher, values.get(name, MISSING), name, values)
        for name, matcher in step.when.items()
    )


def _has_come(context: Context, step: Step) -> bool:
    """Whether the IUT has sent one of the messages that make the step pointless."""
    values = context.values(step)
    tunnel = context.peer.tunnels.get(substitute_text(step.tunnel, values, step.place))
    named = replace(step, session=substitute_text(step.session, values, step.place))
    return tunnel is not None and any(
        one.name in step.unless and in_scope(named, tunnel, one, any_session=False)
        for one in tunnel.arrivals
    )


async def run_step(context: Context, step: Step) -> None:
    """Do one step, its variables filled in."""
    if isinstance(step, Send):
        await _send(context, step)
    elif isinstance(step, Expect):
        await expect(context, step)
    elif isinstance(step, Establish):
        await establish(context, step)
    elif isinstance(step, Silence):
        await silence(context, step)
    elif isinstance(step, Alive):
        await alive(context, step)
    elif isinstance(step, Ppp):
        await ppp(context, step)
    elif isinstance(step, Retransmissions):
        await retransmissions(context, step)
    elif isinstance(step, Compare):
        await compare(context, step)
    elif isinstance(step, Outstanding):
        await outstanding(context, step)
    elif isinstance(step, Series):
        series(context, step)
    elif isinstance(step, Calls):
        await calls(context, step)
    elif isinstance(step, Advance):
        await (advance_iut if step.of_iut else advance)(context, step)
    elif isinstance(step, Wait):
        await _wait(context, context.scaled(step.seconds))
    elif isinstance(step, Resend):
        _resend(context, step)
    elif isinstance(step, Close):
        _close(context, step)
    elif isinstance(step, Acks):
        _acks(context, step)
    elif isinstance(step, Hello):
        _hello(context, step)
    elif isinstance(step, LinkStep):
        _impair(context, step)
    elif isinstance(step, DeviceAction):
        await _action(context, step)
    elif isinstance(step, Repeat):
        for index in range(step.count):
            context.variables["index"] = index
            await run_steps(context, step.steps)
    else:
        raise HarnessError("run.unknown-step", f"nothing runs a {type(step).__name__} step")


async def _send(context: Context, step: Send) -> None:
    tunnel = context.tunnel(step)
    link = None
    if step.from_ is not None:
        link = await context.link(step.from_)
        if not tunnel.last_sent and (not tunnel.peer_id or step.compose.message == "SCCRP"):
            tunnel.link = link  # a tunnel belongs to the endpoint that opens or accepts it (8.1)
    tunnel.bound = True
    session = tunnel.session(step.session)
    session.counted = False
    assembled = context.assembler.assemble(step.compose, tunnel, session, step.place)
    made = Made.ODD if step.compose.is_edited or step.from_ is not None else Made.ASKED
    reliable = not step.once and assembled.name not in NEVER_RELIABLE
    if reliable and tunnel.channel.failed:
        told = "nothing was acknowledged for so long that the peer has given the tunnel up"
        context.inconclusive(step, f"a tunnel that takes the {assembled.name}", told)
    if reliable:
        tunnel.send(assembled.name, assembled.packet, assembled.octets, link, made)
    else:
        tunnel.send_once(assembled.name, assembled.packet, assembled.data, link, made)
    for _ in range(step.repeat - 1):
        if reliable:
            tunnel.resend(assembled.name)
        else:
            tunnel.send_once(assembled.name, assembled.packet, assembled.data, link, made)


def _resend(context: Context, step: Resend) -> None:
    tunnel = context.tunnel(step)
    for _ in range(step.count):
        if not tunnel.resend(step.message):
            raise HarnessError(
                "run.nothing-to-resend",
                f"{step.message} was never sent on tunnel {step.tunnel}",
                place=step.place,
            )


async def _action(context: Context, step: DeviceAction) -> None:
    context.tunnel(step)  # what the IUT opens has to find a tunnel that stands ready
    if step.action == DIAL and not dials_when_told(context.device):
        return
    values = {name: str(value) for name, value in context.values(step).items()}
    values |= {"tunnel_id": values["iut_tunnel_id"], "session_id": values["iut_session_id"]}
    if step.action == RESTART:  # by itself a LAC may dial before the action is over
        for tunnel in context.peer.tunnels.values():
            tunnel.forgotten = True
    await context.lease.action(step.action, {**values, **step.values})


def _close(context: Context, step: Close) -> None:
    if step.endpoint not in context.peer.links:
        raise HarnessError(
            "run.no-endpoint",
            f"there is no endpoint {step.endpoint!r} to close",
            hint=f"there are {', '.join(context.peer.links)}; a `from` makes another",
            place=step.place,
        )
    context.peer.close_link(step.endpoint)


def _acks(context: Context, step: Acks) -> None:
    tunnel = context.tunnel(step)
    tunnel.acks_held = step.mode == "hold"
    if tunnel.acks_held:
        tunnel.channel.hold_acks()
    else:
        tunnel.resume_acks()


def _hello(context: Context, step: Hello) -> None:
    tunnel = context.tunnel(step)
    tunnel.hello_ignored = step.mode == "ignore"
    if tunnel.hello_ignored:
        # those that have come are acknowledged already
        tunnel.inbox = [one for one in tunnel.inbox if one.name != "HELLO"]
    if not tunnel.hello_ignored and not tunnel.acks_held:
        tunnel.resume_acks()


def _impair(context: Context, step: LinkStep) -> None:
    direction: Direction = "sent" if step.direction == "sent" else "received"
    impairment = Impairment(
        _KINDS[step.impairment], direction, step.count, step.message, context.scaled(step.seconds)
    )
    context.peer.impairments.add(impairment)


async def _wait(context: Context, seconds: float) -> None:
    """Let time pass on the clock; what arrives is kept."""
    deadline = context.peer.now + seconds
    while await context.news(deadline) or context.peer.now < deadline:
        pass

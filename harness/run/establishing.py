"""Preambles: bring a tunnel or a session up, whichever side the IUT is on (RFC 2661 5.1, 5.2).

A preamble that does not work out makes the case inconclusive: its subject was never reached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from harness.peer.made import Made
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.concerning import describe, in_scope, is_background
from harness.run.context import CHALLENGED, Context
from harness.run.select import DIAL, dials_when_told
from harness.spec.model import Role
from harness.suite.edits import Compose
from harness.suite.model import Establish
from harness.wire import Value, challenge_response

PATIENCE: Final = 10.0
"""Seconds to wait for each message of a preamble."""

LOOK: Final = 0.5
"""Seconds after which a preamble looks whether the device, of which nothing comes, still runs."""

FIRST_CALL: Final = 2.0
"""Seconds in which a LAC that was told to dial sends the call for which it opened the tunnel."""

CHALLENGE: Final = bytes(range(16))

BEARERS: Final = 3
"""Digital and analog (4.4.3)."""

ENDINGS: Final = frozenset({"StopCCN", "CDN"})
"""Messages after which nothing is up, whether or not they acknowledge what was sent."""

DIALLED: Final = "dialled"
"""The session of the call for which a LAC opened the tunnel, where the case is about another."""


async def establish(context: Context, step: Establish) -> None:
    """Bring up what the step names, and what it needs below."""
    tunnel = context.peer.tunnels.get(step.tunnel)
    if tunnel is None or not tunnel.peer_id:
        tunnel = await _tunnel(context, step)
    if step.what != "tunnel":
        await _SESSIONS[context.device.role, step.what](context, step, tunnel)


async def _tunnel(context: Context, step: Establish) -> ScriptedTunnel:
    if step.before == "SCCRP" or (step.before != "SCCCN" and _dials(context)):
        return await _answer_tunnel(context, step)
    tunnel = context.tunnel(step)
    _choose_tunnel_id(step, tunnel)
    extra = _challenge(context, step)
    if step.what == "outgoing-session":
        extra["bearer_capabilities"] = BEARERS  # else no OCRQ may come (6.9)
    send(context, step, tunnel, "SCCRQ", extra)
    reply = await receive(context, step, tunnel, "SCCRP")
    if step.authenticate:
        _check_response(context, step, tunnel, reply, "SCCRQ")
    if step.before == "SCCCN":
        return tunnel
    send(context, step, tunnel, "SCCCN", {})
    await acknowledged(context, step, tunnel, "SCCCN")
    return tunnel


def _dials(context: Context) -> bool:
    """Whether it is for the IUT to open the tunnel.

    A LAC opens one for a call of its own. With that the one that the case asks it for would be the
    second in the tunnel, and not every LAC has room for it.
    """
    ics, requires = context.device.ics, context.case.requires
    wanted = "outgoing_calls" in requires and "incoming_calls" not in requires
    if wanted and ics.get("accepts_tunnel") and not ics.get("multiple_sessions"):
        return False
    return context.device.role is Role.LAC and bool(ics.get("initiates_tunnel"))


async def _answer_tunnel(context: Context, step: Establish) -> ScriptedTunnel:
    """The IUT opens the tunnel: it is told to dial, or does so by itself."""
    tunnel = await await_sccrq(context, step)
    if step.before == "SCCRP":
        return tunnel
    _choose_tunnel_id(step, tunnel)
    extra = _challenge(context, step)
    send(context, step, tunnel, "SCCRP", extra)
    connected = await receive(context, step, tunnel, "SCCCN")
    if step.authenticate:
        _check_response(context, step, tunnel, connected, "SCCRP")
    if step.before != "ICRP":
        await _answer_first_call(context, step, tunnel)
    return tunnel


async def _answer_first_call(context: Context, step: Establish, tunnel: ScriptedTunnel) -> None:
    """A LAC opens a tunnel for a call. It is answered, so that the LAC comes to rest."""
    if step.what == "outgoing-session":
        step = replace(step, session=DIALLED, local_id=None)
    deadline = context.peer.now + context.scaled(FIRST_CALL)
    looked = 0
    while not any(one.name == "ICRQ" for one in tunnel.inbox[looked:]):
        if context.peer.now >= deadline:
            return
        looked = len(tunnel.inbox)
        await context.news(deadline)
    await _incoming_by_iut(context, step, tunnel)


async def await_sccrq(context: Context, step: Establish) -> ScriptedTunnel:
    """A tunnel that stands ready, and the IUT's SCCRQ on it."""
    tunnel = context.tunnel(step)
    if dials_when_told(context.device):
        await context.lease.action(DIAL, {})
    await receive(context, step, tunnel, "SCCRQ")
    return tunnel


def _choose_tunnel_id(step: Establish, tunnel: ScriptedTunnel) -> None:
    if step.what == "tunnel" and step.local_id is not None:
        tunnel.local_id = step.local_id


def _challenge(context: Context, step: Establish) -> dict[str, Value]:
    """What a message of ours carries besides, when the IUT is to be challenged."""
    if not step.authenticate:
        return {}
    if context.secret is None:
        context.inconclusive(step, "a secret to authenticate with", "the device has none")
    return {"challenge": CHALLENGE}


def _check_response(
    context: Context, step: Establish, tunnel: ScriptedTunnel, observed: Observed, asked: str
) -> None:
    # The case may have put another challenge into the message, or none
    if tunnel.challenge is None or tunnel.secret is None:
        return
    expected = challenge_response(CHALLENGED[asked], tunnel.secret, tunnel.challenge)
    got = observed.examined.octets.get("challenge_response") if observed.examined else None
    if got != expected:
        context.inconclusive(step, "a right Challenge Response", describe(observed))


async def _incoming_by_peer(context: Context, step: Establish, tunnel: ScriptedTunnel) -> None:
    """IUT = LNS: we are the LAC with an incoming call."""
    _choose_id(step, tunnel)
    send(context, step, tunnel, "ICRQ", {})
    await receive(context, step, tunnel, "ICRP")
    if step.before == "ICCN":
        return
    send(context, step, tunnel, "ICCN", {})
    await acknowledged(context, step, tunnel, "ICCN")


async def _incoming_by_iut(context: Context, step: Establish, tunnel: ScriptedTunnel) -> None:
    """IUT = LAC: its call comes in on the tunnel that it opened, or has done so with it."""
    if tunnel.session(step.session).peer_id:
        return
    await _answer_call(context, step, tunnel, "ICRQ", ("ICRP",))
    if step.before != "ICRP":
        await receive(context, step, tunnel, "ICCN")


async def _outgoing_by_peer(context: Context, step: Establish, tunnel: ScriptedTunnel) -> None:
    """IUT = LAC: we are the LNS and ask it to place a call."""
    _choose_id(step, tunnel)
    send(context, step, tunnel, "OCRQ", {})
    await receive(context, step, tunnel, "OCRP")
    await receive(context, step, tunnel, "OCCN")


async def _outgoing_by_iut(context: Context, step: Establish, tunnel: ScriptedTunnel) -> None:
    """IUT = LNS: it is told to ask us for a call."""
    await context.lease.action("call-out", {"tunnel_id": str(tunnel.peer_id)})
    await _answer_call(context, step, tunnel, "OCRQ", ("OCRP", "OCCN"))
    await acknowledged(context, step, tunnel, step.before or "OCCN")


async def _answer_call(
    context: Context,
    step: Establish,
    tunnel: ScriptedTunnel,
    request: str,
    answers: tuple[str, ...],
) -> None:
    observed = await receive(context, step, tunnel, request)
    assigned = observed.examined.integer("assigned_session_id") if observed.examined else None
    _choose_id(step, tunnel)
    tunnel.session(step.session).peer_id = assigned or 0
    for answer in answers:
        if answer == step.before:
            return
        send(context, step, tunnel, answer, {})


def _choose_id(step: Establish, tunnel: ScriptedTunnel) -> None:
    session = tunnel.session(step.session)
    if step.what != "tunnel" and step.local_id is not None:
        session.local_id = step.local_id


def send(
    context: Context,
    step: Establish,
    tunnel: ScriptedTunnel,
    name: str,
    extra: Mapping[str, Value],
) -> None:
    """Send a message of the preamble, with the edits that the step has for it."""
    if tunnel.ended is not None:
        context.inconclusive(step, name, describe(tunnel.ended), [tunnel.ended.number])
    edits = step.messages.get(name, Compose(message=name))
    if extra:
        edits = replace(edits, set={**extra, **edits.set})
    session = tunnel.session(step.session)
    assembled = context.assembler.assemble(edits, tunnel, session, step.place)
    tunnel.bound = True
    made = Made.ODD if name in step.messages else Made.REGULAR
    tunnel.send(name, assembled.packet, assembled.octets, made=made)


async def receive(context: Context, step: Establish, tunnel: ScriptedTunnel, name: str) -> Observed:
    """The next message, which has to be this one; else the case is inconclusive."""
    deadline = context.peer.now + context.scaled(PATIENCE)
    looked = 0
    while True:
        while looked < len(tunnel.inbox):
            observed = tunnel.inbox[looked]
            if is_background(observed) or not in_scope(step, tunnel, observed, False):
                looked += 1
                continue
            del tunnel.inbox[looked]
            if observed.name != name:
                context.inconclusive(step, name, describe(observed), [observed.number])
            return observed
        if context.peer.now >= deadline:
            odd = [*tunnel.out_of_sequence(), *context.peer.strays_to(tunnel)]
            told = f"nothing within {context.scaled(PATIENCE):g} s"
            if odd:
                told += f" but, out of sequence or for no tunnel of ours: {describe(odd[-1])}"
            context.inconclusive(step, name, told, [one.number for one in odd[-1:]])
        await _news(context, step, deadline, name)


async def acknowledged(
    context: Context, step: Establish, tunnel: ScriptedTunnel, name: str
) -> None:
    """Wait until the IUT has acknowledged all that was sent, without ending what it is about."""
    deadline = context.peer.now + context.scaled(PATIENCE)
    expected = f"an acknowledgement of {name}"
    while not tunnel.channel.idle or tunnel.channel.failed:
        if context.peer.now >= deadline or tunnel.channel.failed:
            context.inconclusive(step, expected, "none came")
        await _news(context, step, deadline, expected)
    for one in tunnel.inbox:
        if one.name in ENDINGS and in_scope(step, tunnel, one, False):
            context.inconclusive(step, expected, describe(one), [one.number])


async def _news(context: Context, step: Establish, deadline: float, expected: str) -> None:
    """Wait for news, but not for those of the dead."""
    death = context.lease.death()
    if death is not None:
        context.inconclusive(step, expected, f"the device is gone: {death.reason}")
    await context.news(min(deadline, context.peer.now + LOOK))


_SESSIONS: Mapping[
    tuple[Role, str], Callable[[Context, Establish, ScriptedTunnel], Awaitable[None]]
] = {
    (Role.LNS, "session"): _incoming_by_peer,
    (Role.LAC, "session"): _incoming_by_iut,
    (Role.LAC, "outgoing-session"): _outgoing_by_peer,
    (Role.LNS, "outgoing-session"): _outgoing_by_iut,
}

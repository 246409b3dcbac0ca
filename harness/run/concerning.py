"""What a message that has come is to a step: news, background, of its session, or of another."""

from __future__ import annotations

from collections.abc import Sequence

from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.context import Context
from harness.spec.model import Role
from harness.suite.model import Step

UNASKED = frozenset({"SLI", "WEN"})
"""News about a call, which an IUT may send at any time (6.13, 6.14)."""
BACKGROUND = frozenset({"HELLO"})
"""Messages that keep a tunnel alive, and answer nothing (6.5)."""


def is_background(observed: Observed) -> bool:
    """Whether a message says nothing about what a step is about."""
    if observed.name in UNASKED and observed.header.session_id:
        return True
    return observed.is_aside


def is_next_call(context: Context, tunnel: ScriptedTunnel, observed: Observed) -> bool:
    """Whether a LAC calls again of its own accord, as it may when a call has ended."""
    return (
        observed.name == "ICRQ"
        and context.device.role is Role.LAC
        and ("CDN" in tunnel.last_sent or any(one.name == "CDN" for one in tunnel.arrivals))
    )


def in_scope(
    step: Step,
    tunnel: ScriptedTunnel,
    observed: Observed,
    any_session: bool,
) -> bool:
    """Whether a message concerns the step: those of other sessions do not."""
    examined = observed.examined
    if any_session or examined is None or examined.message is None:
        return True
    if examined.message.scope == "tunnel":
        return True
    others = {session.local_id for name, session in tunnel.sessions.items() if name != step.session}
    session_id = observed.header.session_id
    if session_id:
        return session_id not in others
    assigned = examined.integer("assigned_session_id")
    peers = {session.peer_id: name for name, session in tunnel.sessions.items() if session.peer_id}
    return assigned not in peers or peers[assigned] == step.session


def is_about_a_call(observed: Observed) -> bool:
    """Whether a message is one about a session, which its header names."""
    examined = observed.examined
    message = examined.message if examined else None
    return bool(message and message.scope == "session" and observed.header.session_id)


def strays_to(context: Context, tunnel: ScriptedTunnel) -> Sequence[Observed]:
    """Messages for no tunnel of ours that say something; the monitor judges their ids.

    A ZLB for tunnel 0 acknowledges what had our id in it so that it could not be read (4.4.3).
    """
    strays = context.peer.strays_to(tunnel)
    if tunnel.is_named_plainly:
        return strays
    return [one for one in strays if not (one.is_zlb and one.header.tunnel_id == 0)]


def undeliverable(step: Step, tunnel: ScriptedTunnel, any_session: bool) -> list[Observed]:
    """Messages in scope that came, but out of sequence."""
    return [one for one in tunnel.out_of_sequence() if in_scope(step, tunnel, one, any_session)]


def describe(observed: Observed) -> str:
    """A datagram in a few words."""
    packet = observed.parsed.packet
    if packet is None:
        return f"{len(observed.parsed.raw)} octets without a readable header"
    header = packet.header
    text = f"{observed.name} tid={header.tunnel_id} sid={header.session_id}"
    if header.ns is not None:
        text += f" Ns={header.ns} Nr={header.nr}"
    result = observed.examined.values.get("result_code") if observed.examined else None
    if result is not None:
        text += f" result {result!r}"
    return text

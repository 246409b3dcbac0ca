"""The `ppp` step: the PPP at the end of a call has come up, as far as its LCP goes (RFC 1661 5).

A data message may be lost, and the PPP of an IUT may be a program that has yet to start when the
call is up (RFC 2661 5.0 asks for nothing else): one frame without an answer says nothing. So it is
sent again, as a PPP does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from harness.peer.made import Made
from harness.peer.observed import Observed
from harness.run.concerning import describe
from harness.run.context import Context
from harness.suite.edits import Compose
from harness.suite.match import Missing, lookup, match_alternative
from harness.suite.model import Alternative, Matcher, Ppp

AGAIN: Final = 0.5
"""Seconds from one Configure-Request to the next."""

FIRST_IDENTIFIER: Final = 0x80
IDENTIFIERS: Final = 0x80
"""Those of such requests, each used once in a case: a late answer to one step is none to another.
A case that sends requests itself takes lower ones."""

LCP: Final = 0xC021
ANSWERS: Final = (2, 3, 4)
"""Configure-Ack, -Nak and -Reject."""


async def ppp(context: Context, step: Ppp) -> None:
    """Judge that the PPP answers, the first time or a later one."""
    tunnel, peer = context.tunnel(step), context.peer
    seconds = context.scaled(step.within)
    deadline = peer.now + seconds
    looked = len(peer.strays)
    expected = f"an answer of LCP to one of the Configure-Requests within {seconds:g} s"
    asked: dict[int, float] = {}
    while True:
        identifier = FIRST_IDENTIFIER + context.configure_requests % IDENTIFIERS
        context.configure_requests += 1
        _ask(context, step, identifier, len(asked))
        asked[identifier] = peer.now
        until = min(deadline, peer.now + context.scaled(AGAIN))
        while peer.now < until:
            came, looked = peer.strays[looked:], len(peer.strays)
            for observed in came:
                if _answers(context, step, observed, asked):
                    _time(context, step, observed, asked)
                    _keep(context, step, observed, len(asked))
                    frames = [observed.number]
                    context.passed(step, "ppp", expected, describe(observed), frames)
                    return
            if tunnel.ended is not None:
                told = describe(tunnel.ended)
                context.failed(step, "ppp", expected, told, [tunnel.ended.number])
            await context.news(until)
        if peer.now >= deadline:
            context.failed(step, "ppp", expected, f"none of {len(asked)} was answered")


def _ask(context: Context, step: Ppp, identifier: int, before: int) -> None:
    """Send a Configure-Request for an MRU of 1492, which every PPP answers in some way."""
    tunnel, session = context.tunnel(step), context.session(step)
    payload = bytes.fromhex(f"ff03c02101{identifier:02x}0008010405d4")
    header = step.header
    if header is not None and isinstance(header.ns, int) and not isinstance(header.ns, bool):
        header = replace(header, ns=(header.ns + before) % 65536)
    compose = Compose(message="data", payload=payload, header=header)
    assembled = context.assembler.assemble(compose, tunnel, session, step.place)
    tunnel.send_once(assembled.name, assembled.packet, assembled.data, None, Made.ODD)


def _answers(context: Context, step: Ppp, observed: Observed, asked: Collection[int]) -> bool:
    tunnel, session = context.tunnel(step), context.session(step)
    header = observed.header
    if observed.name != "data" or (header.tunnel_id, header.session_id) != (
        tunnel.local_id,
        session.local_id,
    ):
        return False
    wanted = Alternative(
        message="data",
        header={
            "protocol": Matcher(equals=LCP, has_equals=True),
            "code": Matcher(one_of=ANSWERS),
            "identifier": Matcher(one_of=tuple(asked)),
        },
    )
    return not match_alternative(wanted, context.view(observed, tunnel), {})


def _time(context: Context, step: Ppp, observed: Observed, asked: Mapping[int, float]) -> None:
    """Note how long the answer took: later ones are waited for accordingly."""
    identifier = context.view(observed, context.tunnel(step)).header["identifier"]
    asked_at = asked.get(identifier) if isinstance(identifier, int) else None
    if asked_at is not None:
        context.ppp_takes = max(context.ppp_takes, observed.at - asked_at)


def _keep(context: Context, step: Ppp, observed: Observed, requests: int) -> None:
    received = context.view(observed, context.tunnel(step))
    if step.requests is not None:
        context.variables[step.requests] = requests
    for name, path in step.save.items():
        context.variables.pop(name, None)
        value = lookup(path, received)
        if not isinstance(value, Missing):
            context.variables[name] = value

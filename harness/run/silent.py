"""The step `silence`: nothing may come.

A message that cannot be delivered, because its Ns is wrong or others are missing before it, is no
silence.
"""

from __future__ import annotations

from harness.run.concerning import (
    describe,
    in_scope,
    is_background,
    is_next_call,
    strays_to,
    undeliverable,
)
from harness.run.context import Context
from harness.suite.model import Silence


async def silence(context: Context, step: Silence) -> None:
    """Nothing may come; what has come and was never expected counts as well."""
    tunnel = context.tunnel(step)
    seconds = context.scaled(step.seconds)
    deadline = context.peer.now + seconds
    expected = f"silence for {seconds:g} s"
    if step.strict:
        expected += ", not even an acknowledgement"
    looked = tunnel.arrivals_before_send if step.strict else 0
    while True:
        over = context.peer.now >= deadline
        came = (tunnel.arrivals if step.strict else tunnel.inbox)[looked:]
        looked += len(came)
        if step.strict:
            came = [one for one in came if not tunnel.is_by_the_way(one)]
        else:
            came = [
                one
                for one in came
                if not is_background(one) and in_scope(step, tunnel, one, step.whole_tunnel)
            ]
        came = [one for one in came if not is_next_call(context, tunnel, one)]
        if over:
            # until now what is missing before them might have come
            came += undeliverable(step, tunnel, step.whole_tunnel)
        came += strays_to(context, tunnel)
        if came:
            told = describe(came[0])
            context.failed(step, "silence", expected, told, [one.number for one in came[:5]])
        if over:
            break
        await context.news(deadline)
    context.passed(step, "silence", expected, expected)

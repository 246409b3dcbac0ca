"""Steps that wait: `expect`, `silence`, `alive`, `compare`.

The next message in scope decides: it is one of the alternatives, or the check fails on it at
once. HELLOs and ZLBs are background and pass by unless an alternative names them. An
acknowledgement counts at the moment it came, not at the moment it was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.peer.channel import Arrival
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.context import CaseEndedError, Context
from harness.run.view import pick
from harness.suite.match import match, match_alternative
from harness.suite.model import Alternative, Compare, Expect, Severity, Silence, Step

BACKGROUND = frozenset({"HELLO"})
NOT_MESSAGES = frozenset({"ack", "ZLB", "silence", "data"})


async def expect(context: Context, step: Expect) -> None:
    """Wait for one of the alternatives."""
    await _Waiting(context, step).run()


class _Waiting:
    """One `expect` while it waits."""

    def __init__(self, context: Context, step: Expect) -> None:
        self.context = context
        self.step = step
        self.tunnel = context.tunnel(step)
        self.started = context.peer.now
        self.messages = [one for one in step.alternatives if one.message not in NOT_MESSAGES]
        self.frames = [one for one in step.alternatives if one.message in ("ack", "ZLB", "data")]
        self.silences = [one for one in step.alternatives if one.message == "silence"]
        self.named = {one.message for one in self.messages}
        self.deadline = self.started + max(self.limit(one) for one in step.alternatives)

    def limit(self, alternative: Alternative) -> float:
        """How long this alternative may take, in seconds from the start of the step."""
        within = alternative.within
        return self.context.scaled(self.step.within if within is None else within)

    async def run(self) -> None:
        while True:
            # An acknowledgement alone is asked for: messages are left to later steps.
            if (self.messages or self.silences) and self.take_message():
                return
            over = self.context.peer.now >= self.deadline
            # With a message among the alternatives a bare acknowledgement is only the answer
            # when nothing else comes.
            if (over or not self.messages) and self.take_frame():
                return
            if over:
                break
            await self.context.peer.news(self.deadline)
        strays = self.context.peer.strays_to(self.tunnel)
        if self.silences and not strays:
            self.matched(self.silences[0], None)
            return
        if strays:
            self.fail(f"for no tunnel of ours: {describe(strays[-1])}", [strays[-1].number])
        self.fail(f"nothing of it came within {self.deadline - self.started:g} s", [])

    def take_message(self) -> bool:
        """Judge the next message in scope; False when there is none yet."""
        if self.step.again:
            return self.take_retransmission()
        for observed in list(self.tunnel.inbox):
            if not in_scope(self.step, self.tunnel, observed, self.step.any_session):
                continue
            if observed.name in BACKGROUND and not self.named & {observed.name, "any"}:
                continue
            self.tunnel.inbox.remove(observed)
            self.judge(observed)
            return True
        return False

    def take_retransmission(self) -> bool:
        """Judge the first copy of a message that came since the last send; what else came waits."""
        for observed in self.tunnel.arrivals[self.tunnel.arrivals_before_send :]:
            if observed.name in self.named and observed.arrival is Arrival.DUPLICATE:
                self.judge(observed)
                return True
        return False

    def judge(self, observed: Observed) -> None:
        received = self.context.view(observed, self.tunnel)
        values = self.context.values(self.step)
        problems = []
        for alternative in self.messages:
            wrong = match_alternative(alternative, received, values)
            elapsed = observed.at - self.started
            if not wrong and elapsed > self.limit(alternative):
                wrong = [f"came after {elapsed:.3f} s"]
            if not wrong:
                self.matched(alternative, observed)
                return
            if alternative.message in (received.message, "any"):
                problems += wrong
        told = f"{received.message}: {'; '.join(problems)}" if problems else received.message
        self.fail(told, [observed.number])

    def take_frame(self) -> bool:
        """Look for an acknowledgement, a ZLB or data among what came since the last send."""
        pool: Sequence[Observed] = self.tunnel.arrivals[self.tunnel.arrivals_before_send :]
        if any(one.message == "data" for one in self.frames):
            pool = [*pool, *self.context.peer.strays]
        for observed in pool:
            for alternative in self.frames:
                elapsed = max(0.0, observed.at - max(self.started, self.tunnel.sent_at))
                if elapsed > self.limit(alternative):
                    continue
                if alternative.message == "ack" and not self.tunnel.acknowledges(observed):
                    continue
                received = self.context.view(observed, self.tunnel)
                if not match_alternative(alternative, received, self.context.values(self.step)):
                    self.matched(alternative, observed)
                    return True
        return False

    def matched(self, alternative: Alternative, observed: Observed | None) -> None:
        context = self.context
        if observed is not None:
            received = context.view(observed, self.tunnel)
            for name, path in self.step.save.items():
                context.variables[name] = pick(received, path)
            actual = describe(observed)
        else:
            actual = f"silence for {self.deadline - self.started:g} s"
        context.settle(
            self.step,
            f"expect {alternative.message}",
            alternative.verdict,
            self.expected(),
            actual,
            [observed.number] if observed else [],
            policy=alternative.policy,
            note=alternative.note,
        )
        if alternative.verdict in (Severity.FAIL, Severity.INCONC):
            raise CaseEndedError

    def expected(self) -> str:
        """What the step asks for, in words."""
        return self.step.text.removeprefix("expect: ")

    def fail(self, actual: str, frames: list[int]) -> None:
        self.context.failed(
            self.step, f"expect {wanted(self.step.alternatives)}", self.expected(), actual, frames
        )


def wanted(alternatives: Sequence[Alternative]) -> str:
    """The alternatives by name."""
    return " or ".join(dict.fromkeys(one.message for one in alternatives))


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


async def silence(context: Context, step: Silence) -> None:
    """Nothing may come; what has come and was never expected counts as well."""
    tunnel = context.tunnel(step)
    seconds = context.scaled(step.seconds)
    deadline = context.peer.now + seconds
    mark = tunnel.arrivals_before_send
    expected = f"silence for {seconds:g} s"
    while True:
        pending: list[Observed]
        if step.strict:
            pending = tunnel.arrivals[mark:]
        else:
            pending = [
                one
                for one in tunnel.inbox
                if one.name not in BACKGROUND and in_scope(step, tunnel, one, step.whole_tunnel)
            ]
        pending = pending or context.peer.strays_to(tunnel)
        if pending:
            told = describe(pending[0])
            context.failed(step, "silence", expected, told, [one.number for one in pending[:5]])
        if not await context.peer.news(deadline) and context.peer.now >= deadline:
            break
    context.passed(step, "silence", expected, expected)


async def compare(context: Context, step: Compare) -> None:
    """Judge values that earlier steps saved."""
    values = context.values(step)
    problems = []
    for name, matcher in step.values.items():
        problems += match(matcher, values.get(name), name, values)
    shown = ", ".join(f"{name} = {values.get(name)!r}" for name in step.values)
    expected = step.text.removeprefix("compare: ")
    if problems:
        context.failed(step, "compare", expected, "; ".join(problems))
    context.passed(step, "compare", expected, shown)

"""The step `expect`: one of its alternatives is waited for.

The next message in scope decides: it is one of the alternatives, or the check fails on it at
once. HELLOs, ZLBs and news about a call are background and pass by unless an alternative names
them; so do messages of later documents that say they may be ignored. An acknowledgement counts at
the moment it came, not at the moment it was looked at, and its time is that since the message went
out. A message that cannot be delivered, because its Ns is wrong or others are missing before it, is
no silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.peer.channel import Arrival
from harness.peer.observed import Observed
from harness.run.concerning import (
    BACKGROUND,
    UNASKED,
    describe,
    in_scope,
    is_about_a_call,
    is_background,
    is_next_call,
    strays_to,
    undeliverable,
)
from harness.run.context import CaseEndedError, Context
from harness.suite.match import Missing, describe_alternative, lookup, match_alternative
from harness.suite.model import PATIENCE, Alternative, Expect, Severity
from harness.suite.patience import (
    NOT_MESSAGES,
    SLOW_ANSWER,
    waits_for_slow_answers,
    waits_for_slow_ppp,
    would_be_better,
)

AT_ONCE = 0.3
"""Seconds in which a message follows an acknowledgement that came late."""
LATE_ACK = 1.0
"""Seconds after which an acknowledgement counts as late: every peer retransmits by then (P-8)."""
SEVERAL = 2
"""By how much a PPP may take longer to answer than it took when it came up."""
TIMED_OTHERWISE = frozenset({"P-4", "P-5", "P-35"})
"""Points of the verdict policy that say themselves until when something is to be acknowledged."""


async def expect(context: Context, step: Expect) -> None:
    """Wait for one of the alternatives."""
    await _Waiting(context, step).run()


class _Waiting:
    """One `expect` while it waits. Whatever arrives is looked at once."""

    def __init__(self, context: Context, step: Expect) -> None:
        self.context = context
        self.step = step
        self.tunnel = context.tunnel(step)
        self.started = context.peer.now
        self.messages = [one for one in step.alternatives if one.message not in NOT_MESSAGES]
        self.frames = [one for one in step.alternatives if one.message in ("ack", "ZLB", "data")]
        self.silences = [one for one in step.alternatives if one.message == "silence"]
        self.named = {one.message for one in self.messages}
        self.graded = self.grades_acks()
        self.slow_ppp = self.context.ppp_takes * SEVERAL if waits_for_slow_ppp(step) else 0.0
        self.deadline = self.started + max(self.patience(one) for one in step.alternatives)
        self.follows = self.started + max(map(self.limit, self.messages), default=0.0)
        slowly = waits_for_slow_answers(step)
        self.slow = self.started + (context.scaled(SLOW_ANSWER) if slowly else 0.0)
        self.found: tuple[Alternative, Observed] | None = None
        self.passed_by: list[Observed] = []
        self.partings: list[Observed] = []
        self.looked = 0
        self.arrivals_seen = 0
        self.strays_seen = 0

    def limit(self, alternative: Alternative) -> float:
        """How long this alternative may take, in seconds."""
        within = alternative.within
        return self.context.scaled(self.step.within if within is None else within)

    def grades_acks(self) -> bool:
        """Whether P-8 says what a late acknowledgement counts as, because the case does not.

        What was lost or held back on the way on purpose may take its time.
        """
        acks = [one for one in self.frames if one.message == "ack"]
        policies = {self.step.policy, *self.context.case.policy, *(one.policy for one in acks)}
        return (
            bool(acks)
            and all(one.verdict is Severity.PASS for one in acks)
            and not policies & TIMED_OTHERWISE
            and not self.context.peer.impairments.used
        )

    def patience(self, alternative: Alternative) -> float:
        """How long it is waited for; of an acknowledgement that is late it is to be known.

        Not beside silence, which decides in its own time.
        """
        limit = self.limit(alternative)
        if alternative.message == "ack" and self.graded and not self.silences:
            return max(limit, self.context.scaled(PATIENCE))
        if alternative.message == "data":
            return max(limit, self.slow_ppp)
        if not self.silences and (self.step.again or self.context.peer.impairments.used):
            return limit * self.context.unhurried
        return limit

    def is_open(self) -> bool:
        """Whether an answer that is late would be better than what has come in time."""
        found = self.found[0] if self.found else None
        return self.context.peer.now < self.slow and would_be_better(self.step, found)

    async def run(self) -> None:
        while True:
            over = self.context.peer.now >= self.until
            if self.look():
                return
            if over and not self.is_open():
                break
            await self.context.news(self.slow if over else self.until)
        if self.partings:
            self.judge(self.partings[0])
            return
        # With a message among the alternatives a bare acknowledgement is only the answer when
        # nothing else comes.
        if self.found is not None:
            self.matched(*self.found)
            return
        self.nothing_came()

    @property
    def until(self) -> float:
        """When to stop waiting: behind an acknowledgement only what may follow it is waited for."""
        if self.found is None:
            return self.deadline
        at_once = self.found[1].at + self.context.scaled(AT_ONCE)
        return min(self.deadline, max(self.follows, at_once))

    def look(self) -> bool:
        """Judge what has come; True when that decides the step.

        What came first decides, so that it makes no difference when it is looked at.
        """
        self.look_for_frame()
        if self.step.again:
            return self.take_retransmission()
        # An acknowledgement alone is asked for: messages are left to later steps.
        message = self.next_message() if self.messages or self.silences else None
        if self.found is not None and not self.messages:
            alternative, frame = self.found
            if message is None or frame.number <= message.number:
                self.matched(alternative, frame)
                return True
        if message is None:
            return False
        del self.tunnel.inbox[self.looked]
        self.judge(message)
        return True

    def next_message(self) -> Observed | None:
        """The first message in the inbox that the step has to judge, at `looked`."""
        while self.looked < len(self.tunnel.inbox):
            observed = self.tunnel.inbox[self.looked]
            if not self.concerns(observed):
                self.looked += 1
            elif self.may_part(observed):
                self.partings.append(self.tunnel.inbox.pop(self.looked))
            else:
                return observed
        return None

    def may_part(self, observed: Observed) -> bool:
        """Whether it may be the first word of a tunnel's end.

        Who closes a tunnel may first disconnect its calls, although the StopCCN does that as well
        (5.7). If none follows, the CDN is what it is.
        """
        return observed.name == "CDN" and "StopCCN" in self.named and "CDN" not in self.named

    def concerns(self, observed: Observed) -> bool:
        """Whether a message is for this step to judge, rather than background or another's."""
        if not in_scope(self.step, self.tunnel, observed, self.step.any_session):
            return False
        if observed.name in self.named:
            # news that came before the last send is not about what was sent
            return observed.name not in UNASKED or not self.tunnel.came_before_send(observed)
        if is_background(observed) or is_next_call(self.context, self.tunnel, observed):
            return False
        if "any" in self.named:
            return True
        if self.named - {"StopCCN"} == BACKGROUND and is_about_a_call(observed):
            return False  # calls may come and go while the tunnel is watched for its HELLOs
        if self.is_unasked(observed):
            self.passed_by.append(observed)
            return False
        return True

    def is_unasked(self, observed: Observed) -> bool:
        """Whether it is what an IUT sends of its own accord, beside what it acknowledges.

        News about no call; and the end of a tunnel whose last call the script has just ended
        (P-37).
        """
        if all(one.message != "ack" for one in self.frames):
            return False
        if observed.name == "StopCCN":
            return self.tunnel.is_ending
        return observed.name in UNASKED

    def take_retransmission(self) -> bool:
        """Judge the first copy of a message that came since the last send; what else came waits."""
        arrivals = self.tunnel.arrivals
        self.looked = max(self.looked, self.tunnel.arrivals_before_send)
        while self.looked < len(arrivals):
            observed = arrivals[self.looked]
            self.looked += 1
            if (
                observed.arrival is Arrival.DUPLICATE
                and self.named & {observed.name, "any"}
                and (observed.name in self.named or not is_background(observed))
                and in_scope(self.step, self.tunnel, observed, self.step.any_session)
            ):
                self.judge(observed)
                return True
        return False

    def judge(self, observed: Observed) -> None:
        if self.partings and observed.name != "StopCCN":
            observed = self.partings[0]
        received = self.context.view(observed, self.tunnel)
        values = self.context.values(self.step)
        problems = []
        for alternative in self.messages:
            wrong = match_alternative(alternative, received, values) or self.astray(observed)
            elapsed = observed.at - self.started
            if not wrong and elapsed > self.patience(alternative) and observed.at > self.slow:
                wrong = [f"came after {elapsed:.3f} s"]
            if not wrong:
                self.matched(alternative, observed)
                return
            if alternative.message in (received.message, "any"):
                problems += wrong
        told = f"{received.message}: {'; '.join(problems)}" if problems else received.message
        self.fail(told, [observed.number])

    def astray(self, observed: Observed) -> list[str]:
        """What is wrong with the endpoint of ours that a message came to."""
        if self.step.at is None:
            return []
        link = self.context.peer.links.get(self.step.at)
        if link is not None and observed.destination == link.local:
            return []
        return [f"came to port {observed.destination[1]}, which is not that of {self.step.at}"]

    def look_for_frame(self) -> None:
        """Look for an acknowledgement, a ZLB or data among what came since the last send."""
        if not self.frames:
            return
        tunnel, peer = self.tunnel, self.context.peer
        first = max(self.arrivals_seen, tunnel.arrivals_before_send)
        came = tunnel.arrivals[first:]
        self.arrivals_seen = len(tunnel.arrivals)
        if any(one.message == "data" for one in self.frames):
            first = max(self.strays_seen, tunnel.strays_before_send)
            came += [one for one in peer.strays[first:] if self.is_our_data(one)]
            self.strays_seen = len(peer.strays)
        for observed in came:
            if self.found is None:
                self.try_frame(observed)

    def is_our_data(self, observed: Observed) -> bool:
        """Whether it is a data message of the step's session, or in its tunnel where any counts."""
        if observed.name != "data" or observed.header.tunnel_id != self.tunnel.local_id:
            return False
        named = self.context.session(self.step).local_id
        return self.step.any_session or observed.header.session_id == named

    def try_frame(self, observed: Observed) -> None:
        sent_at = self.tunnel.sent_at if self.tunnel.last_sent else self.started
        elapsed = max(0.0, observed.at - sent_at)
        for alternative in self.frames:
            if elapsed > self.patience(alternative):
                continue
            if alternative.message == "ack" and not self.tunnel.acknowledges(observed):
                continue
            received = self.context.view(observed, self.tunnel)
            wrong = match_alternative(alternative, received, self.context.values(self.step))
            if not wrong and not self.astray(observed):
                self.found = (self.as_late(alternative, elapsed), observed)
                return

    def as_late(self, alternative: Alternative, elapsed: float) -> Alternative:
        """The alternative as it counts when it took so long: a late acknowledgement is a warning.

        P-8 has it so wherever a case does not say otherwise.
        """
        latest = self.context.scaled(LATE_ACK)
        if alternative.message != "ack" or not self.graded or elapsed <= latest:
            return alternative
        note = f"acknowledged only after {elapsed:.3f} s"
        return replace(alternative, verdict=Severity.WARN, policy="P-8", note=note)

    def nothing_came(self) -> None:
        """The time is over. It was silent only if nothing came that could not be delivered."""
        tunnel = self.tunnel
        odd = undeliverable(self.step, tunnel, self.step.any_session)
        strays = [one for one in strays_to(self.context, tunnel) if not self.is_blind_ack(one)]
        if self.passed_by:
            self.fail(describe(self.passed_by[0]), [self.passed_by[0].number])
        if self.answered_to_nobody(strays):
            return
        if odd:
            told = f"out of sequence, where Ns {tunnel.channel.nr} is next: {describe(odd[0])}"
            self.fail(told, [one.number for one in odd[:5]])
        if strays:
            self.fail(f"for no tunnel of ours: {describe(strays[-1])}", [strays[-1].number])
        if self.silences:
            self.matched(self.silences[0], None)
            return
        self.fail(f"nothing of it came within {self.deadline - self.started:g} s", [])

    def is_blind_ack(self, observed: Observed) -> bool:
        """Whether it is an acknowledgement to tunnel 0, which breaks no silence.

        Who has not accepted an id of ours yet has no other tunnel to send it to (4.4.3).
        """
        if not self.silences or observed.name != "ZLB" or observed.header.tunnel_id:
            return False
        return not any(one.header.tunnel_id for one in self.tunnel.arrivals)

    def answered_to_nobody(self, strays: Sequence[Observed]) -> bool:
        """Whether what was sent to tunnel 0 has been answered to tunnel 0, as the step allows."""
        if not self.tunnel.asked_nobody:
            return False
        for stray in strays:
            for one in self.step.alternatives:
                if one.message in (stray.name, "any") and not stray.header.tunnel_id:
                    for each in list(strays):
                        self.context.peer.take_stray(self.tunnel, each)
                    self.matched(one, stray)
                    return True
        return False

    def matched(self, alternative: Alternative, observed: Observed | None) -> None:
        context = self.context
        if observed is not None:
            received = context.view(observed, self.tunnel)
            for name, path in self.step.save.items():
                context.variables.pop(name, None)
                value = lookup(path, received)
                if not isinstance(value, Missing):
                    context.variables[name] = value
            for name, path in self.step.collect.items():
                value = lookup(path, received)
                if not isinstance(value, Missing):
                    context.collected.setdefault(name, []).append(value)
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
        again = "once more " if self.step.again else ""
        within = f"{again}within {self.deadline - self.started:g} s"
        return f"{asked_for(self.step.alternatives)} {within}"

    def fail(self, actual: str, frames: list[int]) -> None:
        self.context.failed(
            self.step, f"expect {wanted(self.step.alternatives)}", self.expected(), actual, frames
        )


def asked_for(alternatives: Sequence[Alternative]) -> str:
    """The alternatives in words: those that are no more than a warning come last, as such.

    What a step names as a failure it does not ask for, unless it names nothing else.
    """
    good = [one for one in alternatives if one.verdict in (Severity.PASS, Severity.NOTE)]
    warned = [one for one in alternatives if one.verdict is Severity.WARN]
    told = " or ".join(dict.fromkeys(map(describe_alternative, good or warned or alternatives)))
    if not good or not warned:
        return told
    return f"{told}, with a warning {' or '.join(map(describe_alternative, warned))},"


def wanted(alternatives: Sequence[Alternative]) -> str:
    """The alternatives by name."""
    return " or ".join(dict.fromkeys(one.message for one in alternatives))

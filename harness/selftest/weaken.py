"""Mutations of the suites: every check made weaker in one way, to see whether a mutant notices.

A weakening is named by the case without its axes, the number of the step, counted from 1 through
all of them, and what is taken away: `4.1-avp-format/unknown-avp#2 where.result_code`. It counts
as noticed when on some mutant an instance of the case says less with it than without it: a less
grave verdict, fewer checks that do not hold, or fewer notes. A guard, whose failure makes the case
inconclusive, is noticed as well when without it the case fails: it is there to prevent that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.selftest.alone import has_one_session
from harness.selftest.equal import Around, says_the_same
from harness.selftest.kinship import stem
from harness.suite.model import (
    Alive,
    Alternative,
    Case,
    Compare,
    Expect,
    Matcher,
    Outstanding,
    Ppp,
    Repeat,
    Retransmissions,
    Series,
    Severity,
    Silence,
    Step,
    Wait,
)
from harness.suite.vocabulary import ACK, ANY, DATA, SILENCE, ZLB

Weaker = tuple[str, Step]
"""What is taken away, in a word, and the step without it."""

ANYTHING: Final = tuple(Alternative(message=word) for word in (ANY, ACK, ZLB, DATA, SILENCE))

WHOLE_TUNNEL: Final = "whole_tunnel"
OWN_TUNNEL_ID: Final = "${peer_tunnel_id}"

_NEVER: Final = 1e6
_MUCH: Final = 4
_TAKEN_AMISS: Final = frozenset({Severity.FAIL, Severity.WARN})


@dataclass(frozen=True, slots=True)
class Weakening:
    """A weakened check of a case, and the instances of it.

    cases: each instance as it is, and as it is weakened. guards: what fails the check makes the
    case inconclusive, so that nothing is held against an IUT which was never brought so far.
    """

    name: str
    cases: tuple[tuple[Case, Case], ...]
    guards: bool = False

    @property
    def step(self) -> int:
        """The number of the step that is weakened, counted from 1 through all of them."""
        return int(self.name.partition("#")[2].partition(" ")[0])


def weakenings(cases: Sequence[Case]) -> list[Weakening]:
    """All weakenings of the cases."""
    found: dict[str, list[tuple[Case, Case]]] = {}
    guarding: set[str] = set()
    for case in cases:
        for name, steps, guards in _of_steps(case, case.steps, 1):
            full = f"{stem(case.id)}#{name}"
            found.setdefault(full, []).append((case, replace(case, steps=steps)))
            if guards:
                guarding.add(full)
    return [Weakening(name, tuple(pairs), name in guarding) for name, pairs in found.items()]


def _of_steps(
    case: Case, steps: Sequence[Step], first: int
) -> Iterator[tuple[str, tuple[Step, ...], bool]]:
    """All ways to weaken one of the steps; `first`: the number of the first."""
    number = first
    for place, step in enumerate(steps):
        before, behind = tuple(steps[:place]), tuple(steps[place + 1 :])
        for what, weaker in weaker_steps(step):
            if what == WHOLE_TUNNEL and has_one_session(case, step):
                continue  # there is nothing else in the tunnel
            if not says_the_same(step, weaker, Around(case, before, behind)):
                guards = step.otherwise is Severity.INCONC
                yield f"{number} {what}", (*before, weaker, *behind), guards
        if isinstance(step, Repeat):
            for name, inner, guards in _of_steps(case, step.steps, number + 1):
                yield name, (*before, replace(step, steps=inner), *behind), guards
        number += count(step)


def count(step: Step) -> int:
    """How many steps a step is, those inside it included."""
    inner = step.steps if isinstance(step, Repeat) else ()
    return 1 + sum(count(one) for one in inner)


def weaker_steps(step: Step) -> Iterator[Weaker]:
    """All ways to weaken a step; none for one that checks nothing."""
    if isinstance(step, Expect):
        yield from _expect(step)
    elif isinstance(step, Silence):
        yield "silence", _pause(step, step.seconds)
        if step.strict:
            yield "strict", replace(step, strict=False)
        if step.whole_tunnel:
            yield WHOLE_TUNNEL, replace(step, whole_tunnel=False)
    elif isinstance(step, Ppp) and step.otherwise is not Severity.INCONC:
        yield "ppp", _pause(step, 0.0)
    elif isinstance(step, Alive):
        yield "alive", _pause(step, 0.0)
    elif isinstance(step, Compare):
        for name in step.values:
            rest = {key: value for key, value in step.values.items() if key != name}
            yield f"compare.{name}", replace(step, values=rest)
    elif isinstance(step, Retransmissions):
        yield "first.least", replace(step, first=(0.0, step.first[1]))
        # how long a step waits for what was given up depends on it, so it is not lifted altogether
        yield "first.most", replace(step, first=(step.first[0], _MUCH * step.first[1]))
        yield "factor", replace(step, factor=(0.0, _NEVER))
        yield "least_cap", replace(step, least_cap=0.0)
        if step.until_given_up:  # else nobody counts them
            yield "sends", replace(step, sends=(0, 1000))
    elif isinstance(step, Outstanding):
        yield "at_most", replace(step, at_most=65535)
    elif isinstance(step, Series):
        if step.distinct:
            yield "distinct", replace(step, distinct=False)
        if step.unpredictable:
            yield "unpredictable", replace(step, unpredictable=False)


def _expect(step: Expect) -> Iterator[Weaker]:
    yield "anything", replace(step, alternatives=ANYTHING, at=None)
    # A matcher of what counts as a failure is no part of the check: without it more would fail.
    bounded = [one for one in step.alternatives if one.verdict is not Severity.FAIL]
    for part in ("where", "header"):
        names = {
            name: None
            for one in bounded
            for name in _matchers(one, part)
            if not _is_implied(one, part, name)
        }
        for name in names:
            yield f"{part}.{name}", _changed(step, _without(part, name))
        fields = {
            (name, field): None
            for one in bounded
            for name, matcher in _matchers(one, part).items()
            for field in matcher.fields
            if len(matcher.fields) > 1
        }
        for name, field in fields:
            yield f"{part}.{name}.{field}", _changed(step, _without_field(part, name, field))
    for index, one in enumerate(step.alternatives):
        if one.verdict in _TAKEN_AMISS:
            # The same message may be there twice: with a matcher, and as what remains
            kept = list(step.alternatives)
            kept[index] = replace(one, verdict=Severity.PASS)
            label = one.message if index == _first(step, one.message) else f"{one.message}.{index}"
            yield f"verdict.{label}", replace(step, alternatives=tuple(kept))
    if step.at is not None:
        yield "at", replace(step, at=None)


def _is_implied(one: Alternative, part: str, name: str) -> bool:
    """Whether a matcher says no more than what stands beside it, so that nothing would miss it.

    The name of a message is that of its Message Type. What has another Tunnel ID than the peer's
    own is no message of the tunnel of the step, except a StopCCN or ZLB (`ScriptedPeer`).
    """
    if one.message in {ANY, ACK, ZLB, DATA, SILENCE}:
        return False
    if part == "where":
        return name == "message_type"
    own = one.header[name].equals == OWN_TUNNEL_ID
    return name == "tunnel_id" and own and one.message != "StopCCN"


def _first(step: Expect, message: str) -> int:
    return next(at for at, one in enumerate(step.alternatives) if one.message == message)


def _changed(step: Expect, change: Callable[[Alternative], Alternative]) -> Expect:
    return replace(step, alternatives=tuple(change(one) for one in step.alternatives))


def _without(part: str, name: str) -> Callable[[Alternative], Alternative]:
    def change(one: Alternative) -> Alternative:
        if one.verdict is Severity.FAIL:
            return one
        kept = {key: value for key, value in _matchers(one, part).items() if key != name}
        return _with(one, part, kept)

    return change


def _without_field(part: str, name: str, field: str) -> Callable[[Alternative], Alternative]:
    def change(one: Alternative) -> Alternative:
        if one.verdict is Severity.FAIL:
            return one
        matchers = dict(_matchers(one, part))
        if name in matchers:
            fields = {key: value for key, value in matchers[name].fields.items() if key != field}
            matchers[name] = replace(matchers[name], fields=fields)
        return _with(one, part, matchers)

    return change


def _matchers(one: Alternative, part: str) -> Mapping[str, Matcher]:
    return one.where if part == "where" else one.header


def _with(one: Alternative, part: str, matchers: Mapping[str, Matcher]) -> Alternative:
    if part == "where":
        return replace(one, where=matchers)
    return replace(one, header=matchers)


def _pause(step: Step, seconds: float) -> Wait:
    return Wait(
        place=step.place,
        text=step.text,
        tunnel=step.tunnel,
        session=step.session,
        rows=step.rows,
        unless=step.unless,
        when=step.when,
        seconds=seconds,
    )

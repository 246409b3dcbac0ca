"""What is legal in a suite but looks like a mistake. Nothing here keeps a suite from running."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.errors import Place
from harness.located import suggest
from harness.spec.model import Role, Specification
from harness.suite.judging import checks
from harness.suite.model import (
    DEFAULT_TUNNEL,
    Alternative,
    Case,
    DeviceAction,
    Establish,
    Expect,
    Matcher,
    Repeat,
    Resend,
    Send,
    Severity,
    Step,
    Suite,
)
from harness.suite.variables import names_used
from harness.suite.vocabulary import ANY, KNOWN_TAGS, SILENCE

SHORTEST_PURPOSE = 20
LONGEST_PURPOSE = 240
COMPUTED = "leave it out: `--quick` reads off the steps how long a case takes"
_ODD = frozenset({"negative", "hostile", "security"})
"""Tags of cases in which a peer may do what a peer of its side never does."""

_PREAMBLE_NEEDS = {"session": "incoming_calls", "outgoing-session": "outgoing_calls"}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that looks like a mistake, with a stable code, where it is, and a hint."""

    code: str
    text: str
    place: Place
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.place}: {self.text} [{self.code}]{hint}"


Suspicions = Iterator[Suspicion]


def lint(suites: Iterable[Suite], specification: Specification) -> tuple[Suspicion, ...]:
    """Everything suspicious, by file and line; a case with axes is told about once."""
    cases = [case for suite in suites for case in suite.cases]
    found = dict.fromkeys(_same_ids(cases))
    found |= dict.fromkeys(_purposes(cases))
    for case in cases:
        found |= dict.fromkeys(_case(case, specification))
    return tuple(
        sorted(found, key=lambda one: (one.place.file, one.place.line, one.place.column, one.code))
    )


def _case(case: Case, specification: Specification) -> Suspicions:
    steps = list(_flat(case.steps))
    yield from _tags(case)
    yield from _rows(case, steps, specification)
    yield from _needs(case, steps)
    yield from _saves(steps)
    yield from _tunnels(case, steps)
    for step in steps:
        if isinstance(step, Expect):
            yield from _expect(case, step, specification)
        elif isinstance(step, Send) and not case.tags & _ODD:
            yield from _sender(case, step, specification)


def _flat(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps and those inside of them."""
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from _flat(step.steps)


def _same_ids(cases: Iterable[Case]) -> Suspicions:
    places: dict[str, Place] = {}
    for case in cases:
        if case.id in places:
            yield Suspicion(
                "lint.same-id", f"{case.id} is also the id of {places[case.id]}", case.place
            )
        places.setdefault(case.id, case.place)


def _purposes(cases: Iterable[Case]) -> Suspicions:
    first: dict[str, Case] = {}
    for case in cases:
        length = len(case.purpose)
        if length < SHORTEST_PURPOSE:
            yield Suspicion(
                "lint.purpose",
                f"the purpose has {length} characters and hardly says what must hold",
                case.place,
            )
        if length > LONGEST_PURPOSE:
            yield Suspicion(
                "lint.purpose",
                f"the purpose has {length} characters; one sentence of {LONGEST_PURPOSE} will do",
                case.place,
            )
        other = first.setdefault(case.purpose.lower(), case)
        if (other.suite, other.name) != (case.suite, case.name):
            yield Suspicion(
                "lint.same-purpose",
                f"the purpose is that of {other.suite}/{other.name}",
                case.place,
                "say what this one checks and the other does not",
            )


def _tags(case: Case) -> Suspicions:
    for tag in sorted(case.tags - set(KNOWN_TAGS)):
        hint = suggest(tag, KNOWN_TAGS) if tag != "quick" else COMPUTED
        yield Suspicion("lint.tag", f"unknown tag {tag!r}", case.place, hint)


def _rows(case: Case, steps: list[Step], specification: Specification) -> Suspicions:
    checking = [step for step in steps if checks(step) and not isinstance(step, Repeat)]
    checked = {row for step in checking for row in step.rows}
    everything = any(not step.rows for step in checking)
    for row in case.covers:
        if not everything and row not in checked:
            yield Suspicion(
                "lint.unchecked-row",
                f"covers {row}, but each check names other rows",
                case.place,
                "add it to the `rows` of the step that checks it, or cover it elsewhere",
            )
    for row in dict.fromkeys([*case.covers, *sorted(checked)]):
        requirement = specification.requirements.get(row)
        if requirement is None:
            continue
        if requirement.excluded:
            yield Suspicion(
                "lint.excluded-row",
                f"{row} is excluded from the specification's rows: {requirement.excluded}",
                case.place,
            )
        if not case.iut & requirement.role:
            yield Suspicion(
                "lint.other-side",
                f"{row} binds {_side(requirement.role)}, but the case tests {_side(case.iut)}",
                case.place,
            )


def _needs(case: Case, steps: list[Step]) -> Suspicions:
    needed: dict[str, Place] = {}
    for step in steps:
        if isinstance(step, Establish):
            if step.what in _PREAMBLE_NEEDS:
                needed.setdefault(_PREAMBLE_NEEDS[step.what], step.place)
            if step.authenticate:
                needed.setdefault("tunnel_authentication", step.place)
    for capability, place in needed.items():
        if capability not in case.requires:
            yield Suspicion(
                "lint.requires",
                f"a device without {capability} cannot get past this step",
                place,
                f"requires: [{capability}]",
            )


def _saves(steps: list[Step]) -> Suspicions:
    """Values that no later step uses. In a `repeat`, a step may use what a later one saves."""
    used: frozenset[str] = frozenset()
    for step in steps:
        used |= names_used(step)
    for step in steps:
        if isinstance(step, Expect):
            for name in step.save:
                if name not in used:
                    yield Suspicion(
                        "lint.unused-save", f"nothing uses the saved value {name!r}", step.place
                    )


def _tunnels(case: Case, steps: list[Step]) -> Suspicions:
    """Tunnels besides the first that a check names, but nothing has opened. A LAC opens its own."""
    opened = {DEFAULT_TUNNEL}
    for step in steps:
        if isinstance(step, (Establish, Send, Resend)) and not checks(step):
            opened.add(step.tunnel)
        elif isinstance(step, DeviceAction):
            return
        elif checks(step) and step.tunnel not in opened and Role.LAC not in case.iut:
            yield Suspicion(
                "lint.tunnel",
                f"tunnel {step.tunnel!r} is checked, but nothing has been sent on it",
                step.place,
                suggest(step.tunnel, opened),
            )


def _expect(case: Case, step: Expect, specification: Specification) -> Suspicions:
    passing = {one.message for one in step.alternatives if _takes_all(one)}
    if {ANY, SILENCE} <= passing:
        yield Suspicion(
            "lint.toothless",
            "any message and silence both pass, so nothing can fail here",
            step.place,
            "give one of them a verdict",
        )
    if all(one.verdict in (Severity.FAIL, Severity.INCONC) for one in step.alternatives):
        yield Suspicion("lint.never-passes", "none of the alternatives passes", step.place)
    for one in step.alternatives:
        message = specification.messages.get(one.message)
        if message is None:
            continue
        if one.verdict is Severity.PASS and not message.senders & case.iut:
            yield Suspicion(
                "lint.never-sent",
                f"{_side(case.iut)} never sends {message.name}",
                step.place,
            )
        for name, matcher in one.where.items():
            avp = specification.avps.get(name)
            if avp and not avp.used_in(message.name) and not _wants_absence(matcher):
                yield Suspicion(
                    "lint.never-carried", f"{message.name} never carries {name}", step.place
                )


def _takes_all(one: Alternative) -> bool:
    return one.verdict is Severity.PASS and not one.where and not one.header


def _wants_absence(matcher: Matcher) -> bool:
    return matcher.present is False


def _sender(case: Case, step: Send, specification: Specification) -> Suspicions:
    message = specification.messages.get(step.compose.message)
    if message is None:
        return
    peers = {Role.LNS if role is Role.LAC else Role.LAC for role in case.iut}
    if not message.senders & peers:
        yield Suspicion(
            "lint.wrong-sender",
            f"{_side(peers)} never sends {message.name}",
            step.place,
            "tag the case `negative` if that is the point",
        )


def _side(roles: Iterable[Role]) -> str:
    """`a LAC`, `an LNS`, or `a LAC or an LNS`."""
    return " or ".join(role.one for role in sorted(roles))

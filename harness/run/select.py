"""Which cases a run takes, and which of them the device's ICS lets run.

A selection word is a case id or a glob over ids (`5.7-*`, `*linger*`), the name of a suite, a
requirement row (`RFC2661-5.8-06`), or `tag:slow`. No word selects all, but for cases of a selection
of their own, which only its tag and their ids select. A quick selection keeps one case for each set
of requirements, and no case that may last.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.description.ics import OF_EVERY_LNS
from harness.device.description.launch import EmbeddedLaunch, ProgramLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import ACTIONS
from harness.device.lease import RESTART
from harness.errors import NothingSelected, UsageError
from harness.located import suggest
from harness.run.limits import fitted, why_unfitted
from harness.spec.model import Role
from harness.suite.duration import is_quick
from harness.suite.model import Case, DeviceAction, Repeat, Step, Suite

TAG = "tag:"
DIAL = "dial"
NEGATIVE = "negative"
ENDING = frozenset({RESTART, "shutdown"})
"""Actions that end all that is going on in a device."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A case of the plan; `skipped` says why it does not run, empty when it does."""

    case: Case
    skipped: str = ""


def select(
    suites: Iterable[Suite], device: Device, words: Sequence[str], *, quick: bool = False
) -> tuple[Selected, ...]:
    """The plan: cases for the device's role, in the order of the suites; of them the quick ones.

    Raises UsageError for a word that fits no case, NothingSelected when nothing is left.
    """
    every = [case for suite in suites for case in suite.cases]
    chosen = [case for case in matching(every, words) if device.role in case.iut]
    fit = (fitted(case, device) for case in chosen)
    plan = tuple(Selected(case, why_skipped(case, device)) for case in fit)
    if quick:
        plan = quick_ones(plan, few=_is_slow_to_start(device))
    if not plan:
        raise NothingSelected(
            "run.nothing-selected",
            f"no {'quick ' if quick else ''}case of the selection is for {device.role.one}",
            hint="`l2tp-harness list` shows all cases and for whom they are",
        )
    return plan


def _is_slow_to_start(device: Device) -> bool:
    """Whether instances are started ahead of their cases."""
    return isinstance(device.launch, ProgramLaunch) and device.launch.ahead > 0


def quick_ones(plan: Iterable[Selected], *, few: bool = False) -> tuple[Selected, ...]:
    """A sample: one instance of each case, and of those that cover the same rows one.

    Cases that cover the same requirements, negative ones apart, differ in the way there. What is
    left out are other values and other ways. few: for a device that takes long to start, only what
    covers a requirement that no case before it does, negative ones apart.
    """
    quick = [one for one in plan if is_quick(one.case)]
    instances = _first_that_runs(quick, lambda case: (case.suite, case.name))
    sample = _first_that_runs(
        instances, lambda case: (frozenset(case.covers), NEGATIVE in case.tags)
    )
    return _each_with_more(sample) if few else sample


def _each_with_more(plan: Iterable[Selected]) -> tuple[Selected, ...]:
    """What covers a requirement that nothing before it does; what is skipped covers none."""
    covered: set[tuple[str, bool]] = set()
    found = []
    for one in plan:
        fresh = {(row, NEGATIVE in one.case.tags) for row in one.case.covers} - covered
        if fresh or one.skipped:
            found.append(one)
        if not one.skipped:
            covered |= fresh
    return tuple(found)


def _first_that_runs(
    plan: Iterable[Selected], kind: Callable[[Case], Hashable]
) -> tuple[Selected, ...]:
    """Of each kind the first that runs; one that is skipped where none runs."""
    found: dict[Hashable, Selected] = {}
    for one in plan:
        key = kind(one.case)
        if key not in found or (found[key].skipped and not one.skipped):
            found[key] = one
    return tuple(found.values())


def matching(cases: Sequence[Case], words: Sequence[str]) -> list[Case]:
    """The cases that any of the words means; without words, all but those of a selection of their
    own. UsageError for a word of none.
    """
    for word in words:
        if not any(fits(case, word) for case in cases):
            raise _unknown(word, cases)
    if not words:
        return [case for case in cases if not case.selection]
    return [case for case in cases if any(fits(case, word) for word in words)]


def named(cases: Sequence[Case], words: Sequence[str]) -> Sequence[Case]:
    """As `matching`, but without words really all: what looks at cases and leaves no run."""
    return matching(cases, words) if words else cases


def fits(case: Case, word: str) -> bool:
    """Whether a selection word means this case."""
    if case.selection:
        return word in (case.id, _stem(case), f"{TAG}{case.selection}")
    return _would_fit(case, word)


def _would_fit(case: Case, word: str) -> bool:
    """Whether a word would mean the case, if that was of no selection of its own."""
    if word.startswith(TAG):
        return word.removeprefix(TAG) in case.tags
    if word in (case.id, case.suite, case.suite.rpartition("/")[2], _stem(case)):
        return True
    if word in case.covers:
        return True
    return fnmatch.fnmatchcase(case.id, word.replace("[", "[[]")) or _stem(case) == word


def _stem(case: Case) -> str:
    """The id without its axes."""
    return case.id.partition("[")[0]


def why_skipped(case: Case, device: Device) -> str:
    """Why the device's ICS, limits or configurations keep the case from running; empty if they do
    not. A case about a limit has to be fitted to the device.
    """
    given = OF_EVERY_LNS if device.role is Role.LNS else frozenset[str]()
    missing = [name for name in case.requires if name not in given and not device.ics.get(name)]
    if missing:
        return f"the ICS does not claim {', '.join(missing)}"
    known = (DEFAULT_CONFIGURATION, *device.configurations)
    if case.configuration not in known:
        return f"the device has no configuration {case.configuration!r}"
    if unfitted := why_unfitted(case):
        return unfitted
    lacking = [name for name in actions_of(case.steps) if not can(device, name)]
    if lacking:
        return f"the device has no action {', '.join(lacking)}"
    return ""


def actions_of(steps: Iterable[Step]) -> list[str]:
    """The actions of the device that steps ask for, each once."""
    names: dict[str, None] = {}
    for step in steps:
        if isinstance(step, DeviceAction):
            names[step.action] = None
        elif isinstance(step, Repeat):
            names.update(dict.fromkeys(actions_of(step.steps)))
    return list(names)


def can(device: Device, action: str) -> bool:
    """Whether a device has an action. One that dials by itself needs no `dial`."""
    if isinstance(device.launch, EmbeddedLaunch):
        return action in ACTIONS
    if isinstance(device.launch, ExternalLaunch):
        return action in (*device.actions, DIAL)
    return action in (*device.actions, RESTART, DIAL)


def alone_where_shared(plan: Sequence[Selected], device: Device) -> tuple[Selected, ...]:
    """The plan, with cases that end a device that all cases share as exclusive ones."""
    launch = device.launch
    if not isinstance(launch, ExternalLaunch) and not (
        isinstance(launch, ProgramLaunch) and launch.shared
    ):
        return tuple(plan)
    return tuple(
        replace(one, case=replace(one.case, exclusive=True))
        if ENDING & set(actions_of(one.case.steps))
        else one
        for one in plan
    )


def dials_when_told(device: Device) -> bool:
    """Whether there is an action for it; without one, a device that dials does so by itself."""
    return isinstance(device.launch, EmbeddedLaunch) or DIAL in device.actions


def _unknown(word: str, cases: Sequence[Case]) -> UsageError:
    own = sorted({f"{TAG}{case.selection}" for case in cases if _would_fit(case, word)})
    if own:
        return UsageError(
            "run.unknown-selection",
            f"{word!r} alone selects none of the cases that it names",
            hint=f"they are selected by {', '.join(own)}, or by their ids",
        )
    names = {case.id for case in cases} | {_stem(case) for case in cases}
    names |= {case.suite for case in cases}
    names |= {f"{TAG}{tag}" for case in cases for tag in case.tags}
    return UsageError(
        "run.unknown-selection",
        f"no case is selected by {word!r}",
        hint=suggest(word, names) or "`l2tp-harness list` shows all cases",
    )


def arithmetic(plan: Sequence[Selected]) -> Mapping[str, int]:
    """How many cases are planned, run and skipped."""
    skipped = sum(bool(one.skipped) for one in plan)
    return {"cases": len(plan), "run": len(plan) - skipped, "skipped": skipped}

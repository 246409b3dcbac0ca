"""A device's baseline: the deviations that its maintainer knows of, as data with reasons.

Cases that it lists still run. `Baseline.judge` says how what a case earned stands to it; the rules
are written out for users in reports/verdicts.md and nowhere else in the code.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.errors import DataError, DataErrors, Place
from harness.located import Node, load, suggest
from harness.run.kinds import Expectation, Verdict

EXCUSABLE: Final = (Verdict.FAIL, Verdict.WARN, Verdict.INCONC)
"""What an entry may list. A set-up or harness fault (`error`) says nothing about the device."""

_FAULTS: Final = (Verdict.ERROR, Verdict.NONE)
_KEYS: Final = ("case", "check", "verdict", "reason", "link")


class Finding(Protocol):
    """What `judge` needs of a check."""

    @property
    def name(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A known deviation. `case` is an id, `*` in it stands for any text; no other sign is special.

    `check`: only the check of this name; None: any check of the case that has `verdict`.
    """

    case: str
    check: str | None
    verdict: Verdict
    reason: str
    link: str
    place: Place

    def __str__(self) -> str:
        check = f", check {self.check}" if self.check else ""
        return f"{self.case}{check}: {self.verdict} ({self.place.file}:{self.place.line})"

    def concerns(self, case: str) -> bool:
        """Whether the entry lists the case of this id."""
        if "*" not in self.case:
            return self.case == case
        return _pattern(self.case).fullmatch(case) is not None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a case stands to the baseline; why, or empty; the entries that are stale by it."""

    expectation: Expectation
    reason: str = ""
    stale: tuple[Entry, ...] = ()


class Baseline:
    """The entries of one device. Without entries, only good verdicts are expected."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)

    def judge(
        self, case: str, verdict: Verdict, checks: Sequence[Finding], *, whole: bool = True
    ) -> Judgement:
        """How a case that earned `verdict` by `checks` stands to the baseline.

        `verdict` is what the device earned, never xfail or xpass. whole: the case has seen all that
        it can see, so that what it has not found is not there and its entry is stale.
        """
        if verdict is Verdict.SKIP:
            return Judgement(Expectation.EXPECTED)
        if verdict in _FAULTS:
            return Judgement(Expectation.UNEXPECTED)
        entries = [entry for entry in self.entries if entry.concerns(case)]
        findings = _findings(verdict, checks)
        used = [entry for entry in entries if any(_lists(entry, *each) for each in findings)]
        stale = tuple(entry for entry in entries if whole and entry not in used)
        for name, found in findings:
            excused = any(_lists(entry, name, found) for entry in used)
            if not excused and (found is Verdict.FAIL or found is verdict is Verdict.INCONC):
                what = f"check {name}: {found}" if name else f"{found}"
                why = f"{what} is not in the baseline" if entries else ""
                return Judgement(Expectation.UNEXPECTED, why, stale)
        if stale:
            listed = "; ".join(str(entry) for entry in stale)
            return Judgement(
                Expectation.XPASS, f"the baseline lists what was not found: {listed}", stale
            )
        if used:
            return Judgement(Expectation.XFAIL, "; ".join(_said(entry) for entry in used))
        return Judgement(Expectation.EXPECTED)


def _findings(verdict: Verdict, checks: Sequence[Finding]) -> list[tuple[str | None, Verdict]]:
    found: list[tuple[str | None, Verdict]] = [
        (check.name, check.verdict) for check in checks if check.verdict in EXCUSABLE
    ]
    if verdict in EXCUSABLE and all(each != verdict for _, each in found):
        # the case came to its verdict without a check, such as a prerequisite that is missing
        found.append((None, verdict))
    return found


def _lists(entry: Entry, name: str | None, verdict: Verdict) -> bool:
    return entry.verdict is verdict and entry.check in (None, name)


def _said(entry: Entry) -> str:
    return f"{entry.reason} ({entry.link})" if entry.link else entry.reason


@functools.lru_cache(maxsize=1024)
def _pattern(case: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in case.split("*")), re.DOTALL)


def load_baseline(path: Path, known_cases: Collection[str]) -> Baseline:
    """The baseline of a device.

    `known_cases` are the ids of all cases there are, selected or not. DataError(s) with the place:
    an unknown key, an entry that lists no known case, an empty reason, an entry given twice, a
    verdict that cannot be excused.
    """
    root = load(path)
    entries: list[Entry] = []
    errors: list[DataError] = []
    for node in [] if root.is_null else root.sequence():
        try:
            entry = _entry(node, known_cases)
            twin = next((each for each in entries if _same(each, entry)), None)
            if twin is not None:
                raise node.fail(
                    "baseline.duplicate",
                    f"{entry.case!r} stands twice",
                    hint=f"first on line {twin.place.line}",
                )
            entries.append(entry)
        except DataError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise DataErrors(errors)
    return Baseline(entries)


def _same(one: Entry, other: Entry) -> bool:
    return (one.case, one.check, one.verdict) == (other.case, other.check, other.verdict)


def _entry(node: Node, known_cases: Collection[str]) -> Entry:
    keys = node.mapping(_KEYS, required=("case", "verdict", "reason"))
    case = keys["case"].text()
    pattern = _pattern(case)
    if not any(pattern.fullmatch(known) for known in known_cases):
        raise keys["case"].fail(
            "baseline.unknown-case",
            f"no case is called {case!r}" if "*" not in case else f"{case!r} matches no case",
            hint=suggest(case, known_cases),
        )
    if keys["verdict"].content in ("error", "none"):
        raise keys["verdict"].fail(
            "baseline.error",
            "a fault of the set-up or the harness cannot be excused",
            hint="mend the set-up; list only fail, warn or inconc",
        )
    verdict = Verdict(keys["verdict"].choice([each.value for each in EXCUSABLE], "verdict"))
    reason = keys["reason"].text().strip()
    if not reason:
        raise keys["reason"].fail(
            "baseline.reason",
            "the reason is empty",
            hint="say why the device deviates, for whoever reads the report",
        )
    check = keys["check"].text() if "check" in keys else None
    link = keys["link"].text().strip() if "link" in keys else ""
    return Entry(case, check, verdict, reason, link, node.place)

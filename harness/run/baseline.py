"""A device's baseline: the deviations that its maintainer knows of, as data with reasons.

Cases that it lists still run. `Baseline.judge` says how what a case earned stands to it; the rules
are written out for users in reports/verdicts.md and nowhere else in the code.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.errors import DataError, DataErrors, Place
from harness.located import Node, load, suggest
from harness.run.kinds import Expectation, Verdict
from harness.run.verdicts import ALIVE, SURVIVAL

EXCUSABLE: Final = (Verdict.FAIL, Verdict.WARN, Verdict.INCONC)
"""What an entry may list. A set-up or harness fault (`error`) says nothing about the device."""

_FAULTS: Final = (Verdict.ERROR, Verdict.NONE)
MONITOR: Final = "monitor/"
"""How the ids of the cases begin that monitors make."""

_KEYS: Final = ("case", "check", "verdict", "in", "row", "by_chance", "reason", "link")


class Finding(Protocol):
    """What `judge` needs of a check."""

    @property
    def name(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def rows(self) -> Sequence[str]: ...
    @property
    def seen_in(self) -> Sequence[str]: ...
    @property
    def late_in(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A known deviation. `case` is an id, `*` in it stands for any text; no other sign is special.

    `check`: only the check of this name; None: any check of the case that has `verdict`.
    `seen_in`: of a monitor, the cases in which it may be found, with `*` as above; empty: any.
    `rows`: of a monitor, the rows that are broken, and no others; empty: any. `by_chance`: of a
    monitor, whether it is found in few runs only, whatever the cases do.
    """

    case: str
    check: str | None
    verdict: Verdict
    reason: str
    link: str
    place: Place
    seen_in: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    by_chance: bool = False

    def __str__(self) -> str:
        check = f", check {self.check}" if self.check else ""
        return f"{self.case}{check}: {self.verdict} ({self.place.file}:{self.place.line})"

    def concerns(self, case: str) -> bool:
        """Whether the entry lists the case of this id."""
        return _means(self.case, case)

    def lists(self, found: _Found) -> bool:
        """Whether the entry is about a check of this name and verdict, seen where it says."""
        return (
            self.verdict is found.verdict
            and (self.check is None or self.check in found.names)
            and (not self.rows or set(found.rows) <= set(self.rows))
            and (not self.seen_in or any(self.allows(case) for case in found.seen_in))
        )

    def allows(self, case: str) -> bool:
        """Whether the entry expects the finding of a monitor in this case."""
        return not self.seen_in or any(_means(pattern, case) for pattern in self.seen_in)

    def unseen(self, findings: Iterable[_Found]) -> list[str]:
        """The cases that `in` names without anything having been found there.

        A pattern only allows: whether a case of many comes to, say, a retransmission may be chance.
        """
        seen = {case for found in findings if self.lists(found) for case in found.seen_in}
        return [case for case in self.seen_in if "*" not in case and case not in seen]


@dataclass(frozen=True, slots=True)
class _Found:
    """A check that an entry may list; name None: a verdict that came without a check."""

    name: str | None
    verdict: Verdict
    rows: tuple[str, ...] = ()
    seen_in: tuple[str, ...] = ()
    late_in: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str | None, ...]:
        """What an entry may call it.

        When a device is seen to be dead, by the check that asks for it or at the end of the case,
        is a matter of how busy the machine is.
        """
        return (SURVIVAL, ALIVE) if self.name == SURVIVAL else (self.name,)

    @property
    def doubtful(self) -> bool:
        """Whether a monitor made it only where the harness was late."""
        return bool(self.seen_in) and set(self.seen_in) <= set(self.late_in)

    def outside(self, entries: Sequence[Entry]) -> list[str]:
        """The cases of a monitor's finding in which none of the entries expects it.

        Those in which the harness was late are let pass: no entry can foresee them.
        """
        sure = [case for case in self.seen_in if case not in self.late_in]
        return [case for case in sure if not any(each.allows(case) for each in entries)]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a case stands to the baseline; why, or empty; the entries that are stale by it.

    by_chance: all that was found is listed as what the device shows by chance.
    """

    expectation: Expectation
    reason: str = ""
    stale: tuple[Entry, ...] = ()
    reasons: tuple[str, ...] = ()
    by_chance: bool = False


class Baseline:
    """The entries of one device. Without entries, only good verdicts are expected."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._by_case: dict[str, list[Entry]] = {}
        for entry in self.entries:
            for case in entry.seen_in:
                self._by_case.setdefault(case, []).append(entry)

    def of_monitors_in(self, case: str) -> Sequence[Entry]:
        """The entries that name a case as one in which a monitor finds something."""
        return self._by_case.get(case, ())

    @property
    def by_chance(self) -> Iterator[Entry]:
        """The entries about what a device does by chance, in whichever case."""
        return (entry for entry in self.entries if entry.by_chance)

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
        used = [entry for entry in entries if any(map(entry.lists, findings))]
        unseen = {entry: entry.unseen(findings) for entry in entries}
        stale = tuple(
            entry
            for entry in entries
            if whole and not entry.by_chance and (entry not in used or unseen[entry])
        )
        for found in findings:
            why = _unexcused(found, verdict, [entry for entry in used if entry.lists(found)])
            if why:
                return Judgement(Expectation.UNEXPECTED, why if entries else "", stale)
        if stale:
            listed = "; ".join(_not_found(entry, unseen[entry]) for entry in stale)
            return Judgement(
                Expectation.XPASS, f"the baseline lists what was not found: {listed}", stale
            )
        if used:
            reasons = tuple(dict.fromkeys(map(_said, used)))
            by_chance = all(entry.by_chance for entry in used)
            said = "; ".join(reasons)
            return Judgement(Expectation.XFAIL, said, reasons=reasons, by_chance=by_chance)
        return Judgement(Expectation.EXPECTED)


def _findings(verdict: Verdict, checks: Sequence[Finding]) -> list[_Found]:
    found = [
        _Found(
            check.name,
            check.verdict,
            tuple(check.rows),
            tuple(check.seen_in),
            tuple(check.late_in),
        )
        for check in checks
        if check.verdict in EXCUSABLE
    ]
    if any(each.name == SURVIVAL for each in found):
        # it is the same death that they tell of
        found = [each for each in found if (each.name, each.verdict) != (ALIVE, Verdict.FAIL)]
    if verdict in EXCUSABLE and all(each.verdict != verdict for each in found):
        # the case came to its verdict without a check, such as a prerequisite that is missing
        found.append(_Found(None, verdict))
    return found


def _unexcused(found: _Found, verdict: Verdict, entries: Sequence[Entry]) -> str:
    """Why a finding is unexpected although these entries list it; empty if it is expected."""
    if found.verdict is not Verdict.FAIL and not found.verdict is verdict is Verdict.INCONC:
        return ""
    what = f"check {found.name}: {found.verdict}" if found.name else f"{found.verdict}"
    if found.doubtful:
        return ""
    if not entries:
        return f"{what} is not in the baseline"
    outside = found.outside(entries)
    if outside:
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        return f"{what} in {outside[0]}{more} is not in the baseline"
    return ""


def _not_found(entry: Entry, unseen: Sequence[str]) -> str:
    return f"{entry}, in {', '.join(unseen)}" if unseen else f"{entry}"


def _said(entry: Entry) -> str:
    return f"{entry.reason} ({entry.link})" if entry.link else entry.reason


def _means(pattern: str, case: str) -> bool:
    """Whether an id, with `*` for any text, is that of the case."""
    return pattern == case or ("*" in pattern and _pattern(pattern).fullmatch(case) is not None)


@functools.lru_cache(maxsize=1024)
def _pattern(case: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in case.split("*")), re.DOTALL)


def load_baseline(path: Path, known_cases: Collection[str], rows: Collection[str] = ()) -> Baseline:
    """The baseline of a device.

    `known_cases` are the ids of all cases there are, selected or not, `rows` those of requirements.
    DataError(s) with the place: an unknown key, an entry that lists no known case or row, an empty
    reason, an entry given twice, a verdict that cannot be excused.
    """
    root = load(path)
    entries: list[Entry] = []
    errors: list[DataError] = []
    for node in [] if root.is_null else root.sequence():
        try:
            entry = _entry(node, known_cases, rows)
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
    return (one.case, one.check, one.verdict, one.seen_in, one.rows) == (
        other.case,
        other.check,
        other.verdict,
        other.seen_in,
        other.rows,
    )


def _entry(node: Node, known_cases: Collection[str], rows: Collection[str]) -> Entry:
    keys = node.mapping(_KEYS, required=("case", "verdict", "reason"))
    case = _known(keys["case"], known_cases)
    seen_in = (
        [_known(item, known_cases) for item in keys["in"].items_or_one()] if "in" in keys else []
    )
    if seen_in and not case.startswith(MONITOR):
        raise keys["in"].fail(
            "baseline.in",
            f"{case!r} is one case, so it is found in no other",
            hint=f"`in` is for {MONITOR}RULE",
        )
    broken = [_row(item, rows) for item in keys["row"].items_or_one()] if "row" in keys else []
    by_chance = "by_chance" in keys and keys["by_chance"].boolean()
    if by_chance and not (case.startswith(MONITOR) and broken):
        raise keys["by_chance"].fail(
            "baseline.by-chance",
            "a case does the same in every run: what it comes to is no chance",
            hint=f"by_chance is for a `row` of {MONITOR}RULE",
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
    return Entry(
        *(case, check, verdict, reason, link, node.place),
        seen_in=tuple(seen_in),
        rows=tuple(broken),
        by_chance=by_chance,
    )


def _row(node: Node, rows: Collection[str]) -> str:
    row = node.text()
    if row not in rows:
        raise node.fail("baseline.row", f"there is no row {row}", hint=suggest(row, rows))
    return row


def _names(known_cases: Collection[str]) -> set[str]:
    """What a pattern may have meant: a case, or all of a suite."""
    return {*known_cases, *(f"{case.partition('/')[0]}*" for case in known_cases)}


def _known(node: Node, known_cases: Collection[str]) -> str:
    """An id that is that of a case, or with `*` of several."""
    case = node.text()
    if not any(_means(case, known) for known in known_cases):
        raise node.fail(
            "baseline.unknown-case",
            f"no case is called {case!r}" if "*" not in case else f"{case!r} matches no case",
            hint=suggest(case, _names(known_cases) if "*" in case else known_cases),
        )
    return case

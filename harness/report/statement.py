"""What a run says about the conformance of a device: rows kept and broken, deviations, variants.

Nothing in it depends on when or how fast the run was: two runs in which the device behaved alike
give the same statement, so that a published one can be compared with that of a fresh run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.run.events import Header, Row, Verdict


class Standing(StrEnum):
    """How a device stands to a requirement, by the gravest that any check said about it."""

    KEPT = "kept"
    BROKEN = "broken"
    WEAK = "weak"
    UNTESTED = "not tested"
    UNTESTABLE = "not testable"


@dataclass(frozen=True, slots=True)
class Deviation:
    """What the device does otherwise, and why that is one thing: the reason in its baseline.

    reason: empty where nobody has looked into it yet. checks: what was found, by name and verdict.
    """

    reason: str
    verdict: Verdict
    rows: tuple[str, ...]
    policies: tuple[str, ...]
    checks: tuple[str, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Which way the device went where the RFC leaves the choice."""

    text: str
    policy: str
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that a statement of conformance says.

    standings: of each row that binds the device. by_chance: what this run showed and few do; the
    standings are those without it. skipped: the cases that were not run, by why.
    """

    header: Header
    verdicts: Mapping[str, int]
    standings: Mapping[str, Standing]
    deviations: tuple[Deviation, ...]
    variants: tuple[Variant, ...]
    skipped: Mapping[str, tuple[str, ...]]
    by_chance: tuple[Deviation, ...] = ()

    @property
    def rows(self) -> dict[str, Row]:
        """The rows that bind the device."""
        return {name: self.header.rows[name] for name in self.standings}

    def count(self, names: Iterable[str]) -> Counter[Standing]:
        """How many of these rows stand how."""
        return Counter(self.standings[name] for name in names)

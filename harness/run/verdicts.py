"""How the checks of a case become its verdict (ISO/IEC 9646, with `warn` for a broken SHOULD)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.run.events import Check, Verdict

GRAVITY: Final = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONC, Verdict.WARN, Verdict.PASS)
"""From the gravest; the first that occurs is the verdict."""

SURVIVAL: Final = "survival"
"""The check that the IUT has not died. It explains whatever else did not work."""

ALIVE: Final = "alive"
"""The check that the IUT answers a fresh SCCRQ."""


def fold(checks: Sequence[Check]) -> tuple[Verdict, str]:
    """The verdict and why. A case without a single check has earned nothing: none."""
    for verdict in GRAVITY:
        found = [check for check in checks if check.verdict is verdict]
        if found:
            telling = next((check for check in found if check.name == SURVIVAL), found[0])
            return verdict, "" if verdict is Verdict.PASS else reason(telling)
    return Verdict.NONE, "no check ran: the case says nothing"


def reason(check: Check) -> str:
    """A check that did not hold, in one line."""
    return f"{check.name}: expected {check.expected}, got {check.actual}"

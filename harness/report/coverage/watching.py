"""The monitor rules and the rows that each stands for, by the names that their checks have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.run.run import tables_folder
from harness.spec.model import Specification

MONITORS: Final = "monitors.yaml"


def watching(suites: Path, specification: Specification) -> dict[str, tuple[str, ...]]:
    """Rows by rule; an overlay is watched by the rules of its base, in its own reading.

    Raises `DataError`, or `DataErrors`, where the table of the rules is wrong.
    """
    base = specification.overlay.base if specification.overlay else specification
    folder = tables_folder(suites, base.name)
    if not (folder / MONITORS).is_file():
        return {}
    from harness.spec.monitor.rules import load_rules

    return {rule.id.value: rule.rows for rule in load_rules(folder, specification).rules.values()}

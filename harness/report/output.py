"""Putting a finished report on disk."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError


def write_report(target: Path, data: bytes) -> None:
    """Write a report, making its folder. HarnessError `report.unwritable` if that does not work."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        raise HarnessError(
            "report.unwritable",
            f"cannot write {target}: {error.strerror or error}",
            hint="give another file, or make room on the disk",
        ) from error

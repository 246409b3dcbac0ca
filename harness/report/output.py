"""Putting a finished report on disk."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

from harness.errors import HarnessError


def _write_all(file: FileIO, data: bytes, target: Path) -> None:
    """Write all, or leave no file: half a report says something else than the whole."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        if target.is_file():
            target.unlink()
        raise


def write_report(target: Path, data: bytes) -> None:
    """Write a report, making its folder. HarnessError `report.unwritable` if that does not work."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb", buffering=0) as file:
            _write_all(file, data, target)
    except OSError as error:
        raise HarnessError(
            "report.unwritable",
            f"cannot write {target}: {error.strerror or error}",
            hint="give another file, or make room on the disk",
        ) from error

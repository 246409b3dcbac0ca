"""The packet codec in one place: values, `parse` and `build`."""

from __future__ import annotations

from harness.wire.model import (
    AUTO,
    AVP,
    Defect,
    DefectKind,
    Header,
    Packet,
    Parsed,
    message,
    zlb,
)
from harness.wire.reader import MAXIMUM_DEFECTS, parse
from harness.wire.writer import build

__all__ = [
    "AUTO",
    "AVP",
    "MAXIMUM_DEFECTS",
    "Defect",
    "DefectKind",
    "Header",
    "Packet",
    "Parsed",
    "build",
    "message",
    "parse",
    "zlb",
]

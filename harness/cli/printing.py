"""Plain text and JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Final

from harness.spec.model import Requirement, Role
from harness.wire.text import printable

_LONGEST: Final = 10_000


def print_lines(lines: Iterable[str]) -> None:
    """Lines of text, safe for a terminal. OSError when nobody takes them."""
    for line in lines:
        sys.stdout.write(printable(line, _LONGEST) + "\n")


def print_json(value: object) -> None:
    """A value as JSON, for a script. OSError when nobody takes it."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def number_of(count: int, what: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{count} {what}{'s' * (count != 1)}"


def sides(roles: Iterable[Role]) -> str:
    """`lac`, `lns` or `lac,lns`."""
    return ",".join(sorted(role.value for role in roles))


def row_line(row: Requirement) -> str:
    """A requirement in one line."""
    return f"{row.id} (section {row.section}, {row.level}): {row.text}"

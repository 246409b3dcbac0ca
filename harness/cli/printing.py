"""Plain text and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from harness.spec.model import Requirement, Role


def print_json(value: object) -> None:
    """A value as JSON, for a script."""
    click.echo(json.dumps(value, indent=2))


def sides(roles: Iterable[Role]) -> str:
    """`lac`, `lns` or `lac,lns`."""
    return ",".join(sorted(role.value for role in roles))


def row_line(row: Requirement) -> str:
    """A requirement in one line."""
    return f"{row.id} (section {row.section}, {row.level}): {row.text}"

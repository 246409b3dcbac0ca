"""Help answers at once, because it imports next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.cli.commands import commands
from tests.cli.command import Command

HEAVY = {"scapy", "jinja2", "junit_xml", "rich", "yaml", "asyncio", "json", "xml", "subprocess"}
"""Imported by some command, and by none before it is known which one runs."""

ROOMS = {f"harness.{room}" for room in ("wire", "spec", "peer", "device", "suite", "run", "report")}

SCRIPT = """
import sys
from harness.cli.app import exit_code
code = exit_code(sys.argv[1:])
print("\\0", code, *sys.modules)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "--help"] for name in commands.commands)]
)
def test_help_imports_next_to_nothing(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    said, _, told = done.stdout.partition("\0")
    code, *modules = told.split()
    assert code == "0"
    assert said
    assert not (HEAVY | ROOMS) & set(modules)


def test_every_command_is_listed(command: Command) -> None:
    said = command("--help").out
    for name in ("run", "list", "explain", "lint", "devices", "selftest", "serve", "report"):
        assert f"\n  {name} " in said


def test_no_command_is_wrong_usage(command: Command) -> None:
    result = command()
    assert result.code == 2
    assert "Commands:" in result.err


def test_version(command: Command) -> None:
    result = command("--version")
    assert (result.code, result.out[:12]) == (0, "l2tp-harness")

"""The tests of the relay call the command as those of the command do."""

from __future__ import annotations

from tests.cli.conftest import command

__all__ = ["command"]

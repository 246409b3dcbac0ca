"""What the program is called, and how it looks a command up."""

from __future__ import annotations

from typing import Final

import click

PROGRAM: Final = "l2tp-harness"


class Commands(click.Group):
    """In the order in which they are wanted; an unknown one is answered with the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from harness.errors import UsageError
            from harness.located import suggest

            hint = suggest(args[0], self.commands)
            raise UsageError("usage.command", f"no command is called {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

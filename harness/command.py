"""A group of commands for `python -m`, for those who work on the harness itself."""

from __future__ import annotations

import click

from harness.errors import HarnessError


class DeveloperCommands(click.Group):
    """Prints the harness's own errors instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)

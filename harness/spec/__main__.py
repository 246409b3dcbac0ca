"""`python -m harness.spec`: for those who work on the tables of a specification."""

from __future__ import annotations

from pathlib import Path

import click

from harness.command import DeveloperCommands
from harness.spec.ids import write_ids
from harness.spec.lint import lint
from harness.spec.load import load_specification

_FOLDER = click.argument(
    "folder", type=click.Path(path_type=Path), default=Path("suites/spec/rfc2661")
)


@click.group(cls=DeveloperCommands)
def main() -> None:
    """Work on the tables of a specification."""


@main.command("lint")
@_FOLDER
@click.pass_context
def _lint(ctx: click.Context, folder: Path) -> None:
    """Say what is wrong with the tables in FOLDER."""
    spec = load_specification(folder)
    problems = lint(spec, folder)
    for problem in problems:
        click.echo(str(problem), err=True)
    click.echo(f"{spec.name}: {len(spec.requirements)} rows, {len(problems)} problems")
    ctx.exit(1 if problems else 0)


@main.command("freeze")
@_FOLDER
def _freeze(folder: Path) -> None:
    """Add the ids of new rows in FOLDER to ids.txt."""
    spec = load_specification(folder)
    added = write_ids(spec, folder)
    click.echo(f"{spec.name}: {len(spec.requirements)} ids, {added} new")


if __name__ == "__main__":
    main(prog_name="python -m harness.spec")

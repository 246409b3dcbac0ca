"""`python -m harness.report.coverage`: for those who work on suites and on the list of red rows."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.command import DeveloperCommands
from harness.report.coverage.gather import PROFILE
from harness.report.coverage.references import reference_coverage
from harness.report.coverage.told import coverage_lines
from harness.report.coverage.uncovered import FILE, check_uncovered, write_uncovered
from harness.report.lines import Printer
from harness.resources import data_folder
from harness.run.run import tables_folder

_LIST = click.option(
    "--list",
    "path",
    type=click.Path(path_type=Path),
    help=f"The list of red rows.  [default: {FILE} beside the tables]",
)


@click.group(cls=DeveloperCommands)
def main() -> None:
    """What the suites cover when the reference peers run them all."""


@main.command("show")
@click.option("--matrix", is_flag=True, help="Every row with its verdicts.")
def _show(matrix: bool) -> None:
    """Print the coverage."""
    coverage = reference_coverage(declared=True)
    Printer(sys.stdout).print(coverage_lines(coverage, matrix=matrix, all_red=True))


@main.command("freeze")
@_LIST
@click.option("--grow", is_flag=True, help="Let the list have rows that it did not have before.")
def _freeze(path: Path | None, grow: bool) -> None:
    """Write the list of red rows anew."""
    coverage = reference_coverage()
    added, removed = write_uncovered(coverage, path or _list(), grow=grow)
    click.echo(f"{len(coverage.red)} red rows, {len(added)} new, {len(removed)} gone")


@main.command("check")
@_LIST
@click.pass_context
def _check(ctx: click.Context, path: Path | None) -> None:
    """Say where the list of red rows is not what the reference peers cover."""
    coverage = reference_coverage()
    problems = check_uncovered(coverage, path or _list())
    for problem in problems:
        click.echo(str(problem), err=True)
    click.echo(f"{len(coverage.red)} red rows, {len(problems)} problems")
    ctx.exit(1 if problems else 0)


def _list() -> Path:
    return tables_folder(data_folder("suites"), PROFILE) / FILE


if __name__ == "__main__":
    main(prog_name="python -m harness.report.coverage")

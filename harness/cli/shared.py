"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

PATH: Final = click.Path(path_type=Path)

selection = click.argument("selection", nargs=-1, metavar="[SELECTION]...")
quick = click.option(
    "--quick",
    is_flag=True,
    help="Of the selection, one case for each set of requirements, over within 3 s.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
suites = click.option(
    "--suites", type=PATH, metavar="DIR", help="Take suites from this folder or file."
)
settings = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a value of peer.yaml, such as launch.process.binary=./xl2tpd. Repeatable.",
)

profile = click.option(
    "--profile",
    default="rfc2661",
    show_default=True,
    metavar="NAME",
    help="The table to judge by, such as ip-office.",
)
time_scale = click.option(
    "--time-scale",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    metavar="X",
    help="Wait X times as long for a slow device.",
)

junit = click.option(
    "--junit", type=PATH, metavar="FILE", help="Write the JUnit report here as well."
)
html = click.option("--html", is_flag=True, help="Write report.html as well.")
no_baseline = click.option(
    "--no-baseline", is_flag=True, help="Excuse nothing: ignore baseline.yaml."
)


def out(default: str) -> Callable[[Command], Command]:
    """Where the reports go. default: what the help says of it."""
    text = f"Where the reports go.  [default: {default}]"
    return click.option("--out", type=PATH, metavar="DIR", help=text)

"""Commands about what there is: cases, requirements and devices; nothing is sent."""

from __future__ import annotations

from typing import Any

import click

from harness.cli import shared
from harness.cli.shared import PATH


@click.command("list")
@shared.selection
@shared.quick
@click.option("--device", metavar="NAME|PATH", help="Only what this device would run or skip.")
@shared.settings
@shared.as_json
@shared.suites
def list_command(**options: Any) -> None:
    """List cases."""
    from harness.cli.listing import show

    show(**options)


@click.command("explain")
@click.argument("name", metavar="ID")
@shared.profile
@click.option(
    "--runs", type=PATH, metavar="DIR", help="Where to find the last verdicts.  [default: out]"
)
@shared.as_json
@shared.suites
def explain_command(**options: Any) -> None:
    """Explain a case, a requirement row, a message, or a vendor's table.

    Of a case: purpose, requirements, steps. Of a row: text, level, cases, monitor rules, and the
    verdicts of the last runs. Of a table, such as ip-office: where it departs from the RFC.
    """
    from harness.cli.explaining import explain

    explain(**options)


@click.command("lint")
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME|PATH",
    help="Check this device alone. Repeatable.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of suites, for an editor.")
@shared.as_json
@shared.suites
def lint_command(**options: Any) -> int:
    """Check suites, specification tables and devices.

    Exits with 2 when something is wrong, with 1 when something is only suspicious.
    """
    from harness.cli.linting import lint, print_schema

    if options.pop("schema"):
        return print_schema(options["suites"])
    return lint(**options)


@click.command("devices")
@shared.as_json
def devices_command(**options: Any) -> None:
    """List devices, and what is missing to run them."""
    from harness.cli.devices import show

    show(**options)


@click.command("doctor")
@click.option("--device", metavar="NAME|PATH", help="What a run with this device needs.")
@shared.settings
@shared.as_json
@shared.time_scale
def doctor_command(**options: Any) -> int:
    """Say what is missing before a run, and whether a device is what its peer.yaml says.

    Exits with 1 when something has to be done.
    """
    from harness.cli.doctor import execute

    return execute(**options)


@click.command("init")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["lns", "lac"]), default="lns", show_default=True, help="Its side."
)
@click.option(
    "--launch",
    type=click.Choice(["process", "container", "external"]),
    default="process",
    show_default=True,
    help="How it is brought up: a program, a container, or a box on the wire.",
)
def init_command(**options: Any) -> None:
    """Make a folder for a device, peers/NAME, with a peer.yaml that explains itself."""
    from harness.cli.starting import start

    start(**options)

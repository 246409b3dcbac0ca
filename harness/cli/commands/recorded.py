"""Commands about what runs, or others, have recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import shared
from harness.cli.shared import PATH


@click.command("merge")
@click.argument("streams", nargs=-1, required=True, type=PATH, metavar="DIR...")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Where the reports go.")
@shared.junit
@shared.html
@shared.as_json
@click.pass_obj
def merge_command(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Join what the shards of a run have left (`run --shard K/N`) into one result.

    DIR are the output folders of all shards, from any machine. The exit code is that of the whole.
    """
    from harness.cli.merging import merge

    return merge(arguments, **options)


@click.command("coverage")
@click.argument("streams", nargs=-1, type=PATH, metavar="[STREAM]...")
@click.option("--references", is_flag=True, help="Run the reference LNS and LAC, and count those.")
@click.option("--matrix", is_flag=True, help="Print every row with its verdicts.")
@click.option("--all-red", is_flag=True, help="Print every red row, not only the first of them.")
@shared.profile
@shared.as_json
@shared.suites
def coverage_command(**options: Any) -> None:
    """Tell which requirement rows were covered, by what runs really executed.

    A STREAM is an events.ndjson, the folder that holds one, or a folder of such folders; none
    means ./out. A row that is neither covered nor excluded is red.
    """
    from harness.cli.covering import coverage

    coverage(**options)


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--secret", help="The secret the tunnels share: for hidden AVPs and responses.")
@click.option("--lns", multiple=True, metavar="ADDRESS", help="This address is an LNS. Repeatable.")
@click.option("--lac", multiple=True, metavar="ADDRESS", help="This address is a LAC. Repeatable.")
@click.option(
    "--iut", multiple=True, metavar="ADDRESS", help="Judge only what comes from here. Repeatable."
)
@click.option(
    "--complete",
    is_flag=True,
    help="The capture lacks nothing that was sent: what is absent counts as well.",
)
@shared.profile
@shared.out("out/check-FILE")
@shared.junit
@shared.html
@shared.as_json
@shared.suites
@click.pass_obj
def check_command(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Judge captures: every L2TP datagram in a pcap or pcapng file, by the rules of a run.

    Tunnels are found on any port, in both directions. FILE may be a pipe. Exits with 1 when a rule
    is broken, with 5 when there is no L2TP in it.
    """
    from harness.cli.checking import Request, check

    return check(Request(arguments=arguments, **options))


@click.command("report")
@click.argument("stream", type=PATH)
@click.option("--junit", type=PATH, metavar="FILE", help="Write a JUnit report.")
@click.option("--html", type=PATH, metavar="FILE", help="Write an HTML page.")
@click.option("--summary", type=PATH, metavar="FILE", help="Write a summary as JSON.")
@click.option(
    "--statement", type=PATH, metavar="FILE", help="Write a statement of conformance, in Markdown."
)
@shared.as_json
def report_command(**options: Any) -> None:
    """Make reports from the event stream of any run.

    STREAM is an events.ndjson or the folder that holds one. Without options the summary is printed.
    """
    from harness.cli.reporting import report

    report(**options)


@click.command("diff")
@click.argument("runs", nargs=-1, type=PATH, metavar="STREAM STREAM...")
@click.option("--earned", is_flag=True, help="Compare what was earned, whatever baselines excuse.")
@shared.as_json
def diff_command(runs: tuple[Path, ...], earned: bool, as_json: bool) -> int:
    """Show what came out differently between runs.

    A STREAM is an events.ndjson or the folder that holds one. Exits with 1 when a case has another
    verdict, or the same for another reason, or is in one run only.
    """
    from harness.cli.diffing import diff

    if len(runs) < 2:
        raise click.UsageError("diff compares two runs or more")
    return diff(runs, earned=earned, json=as_json)

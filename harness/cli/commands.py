"""The command line: every command with its arguments. What a command does is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness import __version__
from harness.cli import shared
from harness.cli.program import PROGRAM, Commands
from harness.cli.shared import PATH


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=PROGRAM)
def commands() -> None:
    """Test an implementation of L2TP (RFC 2661) for conformance.

    A scripted peer drives the device under test through the cases of the suites and judges what
    comes back.

    A SELECTION is a case id or a glob over ids ('5.7-*'), a suite, a requirement row
    (RFC2661-5.8-06), or tag:slow; none means all. A device is a name that `devices` lists, or the
    path of a folder with a peer.yaml.

    Exit codes: 0 as expected; 1 unexpected verdicts; 2 wrong usage, or an error in a suite or
    device description; 3 an error of the device or the harness, or interrupted; 5 nothing selected.
    """


@commands.command("run")
@shared.selection
@shared.quick
@click.option(
    "--device",
    "devices",
    multiple=True,
    default=("reference-lns",),
    show_default=True,
    metavar="NAME|PATH",
    help="The device under test. Repeatable, also as a glob ('peers/*'): they run side by side.",
)
@shared.settings
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts; `merge` joins them.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="At most N cases at a time.")
@shared.out("out/DEVICE")
@shared.junit
@shared.html
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout, nothing else.")
@shared.no_baseline
@click.option(
    "--time-scale",
    type=float,
    default=1.0,
    metavar="X",
    help="Wait X times as long for a slow device.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    metavar="N",
    help="For ids, challenges and random vectors.",
)
@shared.suites
@click.pass_obj
def _run(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Run cases against a device, or against several side by side."""
    from harness.cli.library import devices_meant
    from harness.cli.running import Request, execute

    devices = devices_meant(options.pop("devices"), options["settings"])
    if len(devices) > 1:
        from harness.cli.several import execute_all

        return execute_all(devices, options)
    return execute(Request(arguments=arguments, device=devices[0], **options))


@commands.command("merge")
@click.argument("streams", nargs=-1, required=True, type=PATH, metavar="DIR...")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Where the reports go.")
@shared.junit
@shared.html
@shared.as_json
@click.pass_obj
def _merge(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Join what the shards of a run have left (`run --shard K/N`) into one result.

    DIR are the output folders of all shards, from any machine. The exit code is that of the whole.
    """
    from harness.cli.merging import merge

    return merge(arguments, **options)


@commands.command("relay")
@click.option("--lac", "lacs", multiple=True, required=True, metavar="NAME|PATH", help="A LAC.")
@click.option("--lns", "lnss", multiple=True, required=True, metavar="NAME|PATH", help="An LNS.")
@click.option(
    "--lac-set", "lac_settings", multiple=True, metavar="KEY=VALUE", help="As --set, for the LACs."
)
@click.option(
    "--lns-set", "lns_settings", multiple=True, metavar="KEY=VALUE", help="As --set, for the LNSs."
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Such as 'drop lac->lns SCCRQ first 1'; also duplicate, delay, reorder. Repeatable.",
)
@click.option(
    "--hold",
    type=click.FloatRange(0, 3600),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a call lasts.",
)
@click.option("--out", type=PATH, metavar="DIR", help="Where the reports go.  [default: out/relay]")
@shared.junit
@shared.html
@shared.as_json
@shared.no_baseline
@shared.time_scale
@shared.suites
@click.pass_obj
def _relay(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Put the harness between a LAC and an LNS: forward, impair, judge both.

    Both options are repeatable and take globs: every LAC is brought together with every LNS, and
    interop.md has the matrix.
    """
    from harness.cli.relaying import relay

    return relay(arguments, **options)


@commands.command("list")
@shared.selection
@shared.quick
@click.option("--device", metavar="NAME|PATH", help="Only what this device would run or skip.")
@shared.settings
@shared.as_json
@shared.suites
def _list(**options: Any) -> None:
    """List cases."""
    from harness.cli.listing import show

    show(**options)


@commands.command("explain")
@click.argument("name", metavar="ID")
@shared.profile
@click.option(
    "--runs", type=PATH, metavar="DIR", help="Where to find the last verdicts.  [default: out]"
)
@shared.as_json
@shared.suites
def _explain(**options: Any) -> None:
    """Explain a case, a requirement row, a message, or a vendor's table.

    Of a case: purpose, requirements, steps. Of a row: text, level, cases, monitor rules, and the
    verdicts of the last runs. Of a table, such as ip-office: where it departs from the RFC.
    """
    from harness.cli.explaining import explain

    explain(**options)


@commands.command("coverage")
@click.argument("streams", nargs=-1, type=PATH, metavar="[STREAM]...")
@click.option("--references", is_flag=True, help="Run the reference LNS and LAC, and count those.")
@click.option("--matrix", is_flag=True, help="Print every row with its verdicts.")
@click.option("--all-red", is_flag=True, help="Print every red row, not only the first of them.")
@shared.profile
@shared.as_json
@shared.suites
def _coverage(**options: Any) -> None:
    """Tell which requirement rows were covered, by what runs really executed.

    A STREAM is an events.ndjson, the folder that holds one, or a folder of such folders; none
    means ./out. A row that is neither covered nor excluded is red.
    """
    from harness.cli.covering import coverage

    coverage(**options)


@commands.command("lint")
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME|PATH",
    help="Check this device alone. Repeatable.",
)
@shared.as_json
@shared.suites
def _lint(**options: Any) -> int:
    """Check suites, specification tables and devices.

    Exits with 2 when something is wrong, with 1 when something is only suspicious.
    """
    from harness.cli.linting import lint

    return lint(**options)


@commands.command("devices")
@shared.as_json
def _devices(**options: Any) -> None:
    """List devices, and what is missing to run them."""
    from harness.cli.devices import show

    show(**options)


@commands.command("doctor")
@click.option("--device", metavar="NAME|PATH", help="What a run with this device needs.")
@shared.settings
@shared.as_json
@shared.time_scale
def _doctor(**options: Any) -> int:
    """Say what is missing before a run, and whether a device is what its peer.yaml says.

    Exits with 1 when something has to be done.
    """
    from harness.cli.doctor import execute

    return execute(**options)


@commands.command("probe")
@click.option("--device", required=True, metavar="NAME|PATH", help="The device to ask.")
@shared.settings
@click.option("--out", type=PATH, metavar="FILE", help="Write the draft here.  [default: stdout]")
@click.option(
    "--evidence",
    type=PATH,
    metavar="DIR",
    help="Where the event streams and captures go.  [default: out/DEVICE-probe]",
)
@click.option("--quick", is_flag=True, help="Leave out the timers, which take a minute or more.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON, and nothing else.")
@shared.time_scale
@click.pass_obj
def _probe(arguments: tuple[str, ...], /, **options: Any) -> None:
    """Find out what a device supports, and draft the ics and ixit of its peer.yaml."""
    from harness.cli.probing import execute

    execute(arguments=arguments, **options)


@commands.command("init")
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
def _init(**options: Any) -> None:
    """Make a folder for a device, peers/NAME, with a peer.yaml that explains itself."""
    from harness.cli.starting import start

    start(**options)


@commands.command("check")
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
def _check(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Judge captures: every L2TP datagram in a pcap or pcapng file, by the rules of a run.

    Tunnels are found on any port, in both directions. FILE may be a pipe. Exits with 1 when a rule
    is broken, with 5 when there is no L2TP in it.
    """
    from harness.cli.checking import Request, check

    return check(Request(arguments=arguments, **options))


@commands.command("selftest")
@shared.selection
@click.option(
    "--mutant", "mutants", multiple=True, metavar="NAME", help="Only this mutant. Repeatable."
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    help="Only this lawful variant, with all cases. Repeatable.",
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="So many processes.")
@click.option("--update", is_flag=True, help="Write what was learnt, and the page with the matrix.")
@click.option("--thorough", is_flag=True, help="Search also for what is excused or owed.")
@shared.as_json
@shared.suites
def _selftest(**options: Any) -> int:
    """Show what the suites would miss, and what they would hold against a lawful device.

    Exits with 1 when a mutant survives, a case cannot fail, a weakened check is not noticed, or a
    lawful variant of the reference peers does not pass.
    """
    from harness.cli.selftesting import selftest

    return selftest(**options)


@commands.command("serve")
@click.option(
    "--role",
    type=click.Choice(["lns", "lac"]),
    default="lns",
    show_default=True,
    help="Which side to be.",
)
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="IPv4 or IPv6 address to listen on."
)
@click.option("--port", type=click.IntRange(0, 65535), default=1701, show_default=True)
@click.option("--secret", help="The shared secret, for tunnel authentication and hidden AVPs.")
@click.option("--challenge", is_flag=True, help="Authenticate peers. Needs --secret.")
@click.option("--host-name", default="reference", show_default=True)
@click.option(
    "--hello-interval",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Silence before a HELLO; 0: send none.",
)
@click.option(
    "--dial", metavar="ADDRESS[:PORT]", help="Open a tunnel to this peer and place a call in it."
)
@click.option("--number", default="", metavar="DIGITS", help="The number that --dial calls.")
@shared.suites
def _serve(**options: Any) -> None:
    """Run the reference peer on its own, until Ctrl-C."""
    from harness.cli.serving import serve

    serve(**options)


@commands.command("report")
@click.argument("stream", type=PATH)
@click.option("--junit", type=PATH, metavar="FILE", help="Write a JUnit report.")
@click.option("--html", type=PATH, metavar="FILE", help="Write an HTML page.")
@click.option("--summary", type=PATH, metavar="FILE", help="Write a summary as JSON.")
@click.option(
    "--statement", type=PATH, metavar="FILE", help="Write a statement of conformance, in Markdown."
)
@shared.as_json
def _report(**options: Any) -> None:
    """Make reports from the event stream of any run.

    STREAM is an events.ndjson or the folder that holds one. Without options the summary is printed.
    """
    from harness.cli.reporting import report

    report(**options)


@commands.command("diff")
@click.argument("runs", nargs=-1, type=PATH, metavar="STREAM STREAM...")
@click.option("--earned", is_flag=True, help="Compare what was earned, whatever baselines excuse.")
@shared.as_json
def _diff(runs: tuple[Path, ...], earned: bool, as_json: bool) -> int:
    """Show what came out differently between runs.

    A STREAM is an events.ndjson or the folder that holds one. Exits with 1 when a case has another
    verdict, or the same for another reason, or is in one run only.
    """
    from harness.cli.diffing import diff

    if len(runs) < 2:
        raise click.UsageError("diff compares two runs or more")
    return diff(runs, earned=earned, json=as_json)

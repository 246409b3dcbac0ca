"""Commands that send something: to a device, between two, to mutants, or to whoever calls."""

from __future__ import annotations

from typing import Any

import click

from harness.cli import shared
from harness.cli.shared import PATH


@click.command("run")
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
def run_command(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Run cases against a device, or against several side by side."""
    from harness.cli.library import devices_meant, left_out
    from harness.cli.running import Request, execute

    words = options.pop("devices")
    devices = devices_meant(words, options["settings"])
    if away := left_out(words, options["settings"]):
        click.echo(f"left out, for nobody has said where they are: {', '.join(away)}", err=True)
    if len(devices) > 1:
        from harness.cli.several import execute_all

        return execute_all(devices, options)
    return execute(Request(arguments=arguments, device=devices[0], **options))


@click.command("relay")
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
def relay_command(arguments: tuple[str, ...], /, **options: Any) -> int:
    """Put the harness between a LAC and an LNS: forward, impair, judge both.

    Both options are repeatable and take globs: every LAC is brought together with every LNS, and
    interop.md has the matrix.
    """
    from harness.cli.relaying import relay

    return relay(arguments, **options)


@click.command("probe")
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
def probe_command(arguments: tuple[str, ...], /, **options: Any) -> None:
    """Find out what a device supports, and draft the ics and ixit of its peer.yaml."""
    from harness.cli.probing import execute

    execute(arguments=arguments, **options)


@click.command("selftest")
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
def selftest_command(**options: Any) -> int:
    """Show what the suites would miss, and what they would hold against a lawful device.

    Exits with 1 when a mutant survives, a case cannot fail, a weakened check is not noticed, or a
    lawful variant of the reference peers does not pass.
    """
    from harness.cli.selftesting import selftest

    return selftest(**options)


@click.command("serve")
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
def serve_command(**options: Any) -> None:
    """Run the reference peer on its own, until Ctrl-C."""
    from harness.cli.serving import serve

    serve(**options)

"""The command line: every command with its arguments. What a command does is in its own module."""

from __future__ import annotations

import click

from harness import __version__
from harness.cli.commands import describing, executing, recorded
from harness.cli.program import PROGRAM, Commands


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


for _command in (
    executing.run_command,
    recorded.merge_command,
    executing.relay_command,
    describing.list_command,
    describing.explain_command,
    recorded.coverage_command,
    describing.lint_command,
    describing.devices_command,
    describing.doctor_command,
    executing.probe_command,
    describing.init_command,
    recorded.check_command,
    executing.selftest_command,
    executing.serve_command,
    recorded.report_command,
    recorded.diff_command,
):
    commands.add_command(_command)

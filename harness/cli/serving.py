"""`l2tp-harness serve`: the reference LNS or LAC on a port of this machine, until it is stopped."""

from __future__ import annotations

import asyncio
import math
import sys
from pathlib import Path

from harness.cli.library import suites_folder
from harness.cli.screen import Screen
from harness.cli.signals import as_interrupt
from harness.errors import UsageError
from harness.peer.config import PeerConfig
from harness.peer.serve import serve as serve_peer
from harness.report.lines import line
from harness.run.run import tables_folder
from harness.spec.load import load_specification
from harness.spec.model import Role
from harness.wire.text import printable


def serve(
    role: str,
    address: str,
    port: int,
    secret: str | None,
    challenge: bool,
    host_name: str,
    hello_interval: float,
    suites: Path | None,
) -> None:
    """Serve until Ctrl-C or SIGTERM. UsageError for a value that no peer has, DeviceError."""
    if challenge and secret is None:
        raise UsageError("usage.secret", "--challenge needs a secret", hint="add --secret SECRET")
    if not 0 <= hello_interval < math.inf:
        raise UsageError("usage.hello-interval", f"--hello-interval {hello_interval:g} is no time")
    try:
        config = PeerConfig(
            role=Role(role),
            host_name=host_name,
            secret=None if secret is None else secret.encode(),
            challenge=challenge,
            hello_interval=hello_interval or None,
        )
    except ValueError as error:
        raise UsageError("usage.host-name", str(error)) from error
    specification = load_specification(tables_folder(suites_folder(suites), "rfc2661"))
    screen = Screen(sys.stderr)

    def log(text: str) -> None:
        screen.print([line(printable(text))])

    with as_interrupt():
        try:
            asyncio.run(serve_peer(specification, config, address, port, log))
        except (KeyboardInterrupt, asyncio.CancelledError):
            return

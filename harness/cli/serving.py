"""`l2tp-harness serve`: the reference LNS or LAC on a port of this machine, until it is stopped."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import sys
from pathlib import Path
from typing import Final

from harness.cli.library import suites_folder
from harness.cli.screen import Screen
from harness.errors import UsageError
from harness.peer.config import PeerConfig
from harness.peer.network import Address
from harness.peer.serve import serve as serve_peer
from harness.report.lines import line
from harness.run.interrupts import interruptible
from harness.run.run import tables_folder
from harness.spec.load import load_specification
from harness.spec.model import Role
from harness.wire.text import printable

_PORT: Final = 1701
_PROFILE: Final = "rfc2661"


def serve(
    role: str,
    address: str,
    port: int,
    secret: str | None,
    challenge: bool,
    host_name: str,
    hello_interval: float,
    dial: str | None,
    number: str,
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
    other = None if dial is None else endpoint(dial)
    specification = load_specification(tables_folder(suites_folder(suites), _PROFILE))
    screen = Screen(sys.stderr)

    def log(text: str) -> None:
        screen.print([line(printable(text))])

    async def until_stopped() -> None:
        with interruptible():
            await serve_peer(specification, config, address, port, log, dial=other, number=number)

    try:
        asyncio.run(until_stopped())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return  # how it is meant to end


def endpoint(text: str) -> Address:
    """`ADDRESS`, `ADDRESS:PORT`, `[IPV6]:PORT`; the port is 1701 unless given. UsageError."""
    host, port = text, str(_PORT)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise _no_endpoint(text)
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        number = int(port)
        ipaddress.ip_address(host)
    except ValueError as error:
        raise _no_endpoint(text) from error
    if not 0 < number < 65536:
        raise _no_endpoint(text)
    return host, number


def _no_endpoint(text: str) -> UsageError:
    return UsageError(
        "usage.address",
        f"{text!r} is no address of a peer",
        hint="write 192.0.2.1, 192.0.2.1:1701 or [2001:db8::1]:1701",
    )

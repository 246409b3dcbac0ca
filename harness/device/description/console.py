"""The command line of a device as peer.yaml describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.device.description.template import Template
from harness.errors import Place

Transport = Literal["ssh", "telnet", "serial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The command line of a device, reached through netmiko.

    platform: as netmiko calls it, without the transport: `cisco_xe`. host: None: the address of the
    device. line, speed: of a serial port. refused: what in the output says that a command was not
    taken; None: what the platform is known to say.
    """

    platform: str
    transport: Transport = "ssh"
    host: Template | None = None
    port: int | None = None
    user: Template | None = None
    password: Template | None = None
    enable: Template | None = None
    key: Path | None = None
    check_host_key: bool = False
    line: str | None = None
    speed: int = 9600
    refused: re.Pattern[str] | None = None
    login_within: float = 15.0
    place: Place


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """A line for a command line, and what is answered to the questions that it raises."""

    line: Template
    answers: tuple[tuple[re.Pattern[str], Template], ...] = ()

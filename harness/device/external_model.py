"""A device on the wire as peer.yaml describes it: where it is, and how it is acted upon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from harness.errors import Place

if TYPE_CHECKING:
    from harness.device.model import CommandAction, Template

Transport = Literal["ssh", "telnet", "serial"]
CONFIGURE: Final = "configure"
"""The action that brings a device into one of its configurations."""

ALIVE_WITHIN: Final = 10.0
ACTION_WITHIN: Final = 10.0
ASKED_WITHIN: Final = 300.0


@dataclass(frozen=True, slots=True)
class Source:
    """Whence the harness talks to the device.

    addresses: of this machine; none: the one that the route to the device has. port: None: any that
    is free, or that of the device where the device is the one who dials. dscp: 0..63.
    """

    addresses: tuple[str, ...] = ()
    interface: str | None = None
    port: int | None = None
    ttl: int | None = None
    dscp: int | None = None


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


@dataclass(frozen=True, slots=True)
class ConsoleAction:
    """Lines for the command line. configure: they are typed in configuration mode.

    expect: what the output has to have in it. within: seconds for each line.
    """

    lines: tuple[ConsoleLine, ...]
    configure: bool = False
    expect: re.Pattern[str] | None = None
    within: float = ACTION_WITHIN


@dataclass(frozen=True, slots=True)
class HttpAction:
    """A request to a hook; any status from 200 to 299 is success.

    body: text is sent as it stands, a mapping or a list as JSON.
    """

    method: str
    url: Template
    headers: Mapping[str, Template] = field(default_factory=dict)
    body: object = None
    expect: re.Pattern[str] | None = None
    within: float = ACTION_WITHIN


@dataclass(frozen=True, slots=True)
class AskAction:
    """Something that a person is asked to do, and has so many seconds for."""

    text: Template
    within: float = ASKED_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLaunch:
    """A device that somebody else has started; all cases share it.

    address: an IP address or a host name; None: that of the IXIT. at_once: how many cases there
    may be at a time. ready_within: seconds in which it answers an SCCRQ at the beginning and after
    it was restarted. secrets: names for templates, and the environment variables with their values.
    alive: finds out after each case whether the device still lives.
    """

    address: str | None = None
    at_once: int = 1
    ready_within: float = 10.0
    source: Source = field(default_factory=Source)
    secrets: Mapping[str, str] = field(default_factory=dict)
    console: Console | None = None
    alive: ConsoleAction | HttpAction | CommandAction | None = None
    place: Place

"""A device on the wire as peer.yaml describes it: where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.device.description.action import CommandAction, ConsoleAction, HttpAction
from harness.device.description.console import Console
from harness.errors import Place


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

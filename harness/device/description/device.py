"""A device under test as peer.yaml describes it. Frozen values; reading them is in `reading`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.device.description.action import Action
from harness.device.description.external import ExternalLaunch
from harness.device.description.ics import CapabilityValue
from harness.device.description.launch import EmbeddedLaunch, ProgramLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION, PlainValue, Template
from harness.errors import Place, UsageError
from harness.located import suggest
from harness.spec.model import Role

Launch = ProgramLaunch | EmbeddedLaunch | ExternalLaunch


LIMITED: Final[Mapping[str, str]] = {"tunnels": "max_tunnels", "sessions": "max_sessions"}
"""What a device may have a limited number of, and the value of the IXIT that says how many."""


@dataclass(frozen=True, slots=True)
class Retransmission:
    """The schedule of the device.

    first: seconds before the first retransmission. cap: the longest wait; None: it goes on
    doubling. max: how often a message is sent in all.
    """

    first: float
    cap: float | None
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ixit:
    """What the tester must know of the device.

    address: where it listens; None: a fresh loopback address for each lease. max_tunnels: how many
    it has at a time at most, and max_sessions: how many calls in one tunnel; None: not known.
    extra: further names for templates and suites. Intervals are in seconds, None where the device
    has none.
    """

    address: str | None = None
    port: int = 1701
    secret: str | None = None
    host_name: str | None = None
    hello_interval: float | None = None
    retransmit: Retransmission | None = None
    max_tunnels: int | None = None
    max_sessions: int | None = None
    extra: Mapping[str, PlainValue] = field(default_factory=dict)

    def names(self) -> dict[str, PlainValue]:
        """The values that templates may name. `address` is left to the lease."""
        return {
            "port": self.port,
            "secret": self.secret,
            "host_name": self.host_name,
            "hello_interval": self.hello_interval,
            "max_tunnels": self.max_tunnels,
            "max_sessions": self.max_sessions,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class Version:
    """How the version of the device is known: it stands there, or a command prints it.

    pattern: what in a line of the output is the version, its first group or all of it; None: the
    first line that is not empty.
    """

    text: str = ""
    command: tuple[Template, ...] = ()
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device under test. `name` is that of its folder; `profile` that of its specification.

    launch: how it is brought up, and form: the name of that in peer.yaml. launches: all the ways
    that it can be brought up, by name; the first is taken unless another is asked for.
    configurations: the values that each named configuration changes in the IXIT. baselines: the
    files with its known deviations.
    """

    name: str
    title: str
    role: Role
    profile: str
    folder: Path
    form: str
    launches: Mapping[str, Launch]
    ics: Mapping[str, CapabilityValue]
    ixit: Ixit
    actions: Mapping[str, Action]
    configurations: Mapping[str, Mapping[str, PlainValue]]
    baselines: tuple[Path, ...] = ()
    version: Version | None = None
    place: Place

    @property
    def launch(self) -> Launch:
        """How it is brought up."""
        return self.launches[self.form]

    @property
    def listening(self) -> str | None:
        """Where it listens in a namespace of its own; None: it has none."""
        launch = self.launch
        if not isinstance(launch, ProgramLaunch) or launch.namespace is None:
            return None
        return self.ixit.address or launch.namespace.address

    @property
    def label(self) -> str:
        """Its name, with the form of launch where that is not the first: `xl2tpd-lns:container`."""
        usual = next(iter(self.launches))
        return self.name if self.form == usual else f"{self.name}:{self.form}"

    def launched(self, form: str) -> Device:
        """The device brought up in another way. UsageError when it cannot be."""
        if form not in self.launches:
            raise UsageError(
                "device.unknown-launch",
                f"{self.name} is not launched as {form!r}",
                hint=suggest(form, self.launches) or f"it has {', '.join(self.launches)}",
            )
        return replace(self, form=form)

    def configured(self, configuration: str = DEFAULT_CONFIGURATION) -> Device:
        """The device in one of its configurations. UsageError when it has no such."""
        if configuration == DEFAULT_CONFIGURATION and configuration not in self.configurations:
            return self
        if configuration not in self.configurations:
            raise UsageError(
                "device.unknown-configuration",
                f"{self.name} has no configuration {configuration!r}",
                hint=suggest(configuration, [DEFAULT_CONFIGURATION, *self.configurations]),
            )
        changes = self.configurations[configuration]
        return replace(self, ixit=changed(self.ixit, changes))

    def limits(self, of: str) -> dict[str, int]:
        """How many of the `LIMITED` it has at most in each configuration in which that is known."""
        named = (DEFAULT_CONFIGURATION, *self.configurations)
        found = {name: getattr(self.configured(name).ixit, LIMITED[of]) for name in named}
        return {name: limit for name, limit in found.items() if limit is not None}


def changed(ixit: Ixit, changes: Mapping[str, PlainValue]) -> Ixit:
    """The IXIT with some values replaced. All names must be known and of the right type."""
    extra = {key: value for key, value in changes.items() if key in ixit.extra}
    known = {key: value for key, value in changes.items() if key not in ixit.extra}
    return replace(ixit, **known, extra={**ixit.extra, **extra})  # type: ignore[arg-type]

"""A device under test as peer.yaml describes it. Frozen values; reading them is in `load`."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.device.external_model import (
    AskAction,
    ConsoleAction,
    ExternalLaunch,
    HttpAction,
)
from harness.device.ics import CapabilityValue
from harness.device.namespace import Namespace
from harness.errors import Place, UsageError
from harness.located import suggest
from harness.spec.model import Role

PlainValue = str | int | float | bool | None
DEFAULT_CONFIGURATION: Final = "default"

LEASE_NAMES: Final[Mapping[str, str]] = {
    "work": "the work folder of this instance",
    "folder": "the folder of the device",
    "binary": "the program, with its path",
    "address": "the IP address on which the device listens",
    "port": "the UDP port on which the device listens",
    "peer_address": "the IP address of the scripted peer",
    "peer_port": "the UDP port of the scripted peer",
    "interface": "the link of the device in its network namespace",
}
"""What templates may name beside the values of the IXIT, with the meaning."""

DEFAULT_BASE: Final = "debian:bookworm-slim"

NAMES_OF_A_PROCESS: Final = frozenset({"binary"})
NAMES_IN_A_NAMESPACE: Final = frozenset({"interface"})
NAMES_OF_THE_PEER: Final = frozenset({"peer_address", "peer_port"})


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `${name}` in it, and where it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Stop:
    """How a process is asked to end, and for how many seconds that is waited for."""

    signal: signal.Signals = signal.SIGTERM
    within: float = 2.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be there before a device can start. `install` says how to get it.

    files: paths of this machine, such as /dev/net/tun.
    """

    root: bool = False
    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    install: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLaunch:
    """A program that the harness starts, one for each lease: what all forms of it have in common.

    command: split into words, then each is filled in. config: Jinja2 templates, each rendered into
    the work folder under its name without `.j2`; a result that begins with `#!` is made
    executable. stand_ins: files or folders that take the place of others (path: template of the
    path of the stand-in), for this program and its children only. ready: what its output says once
    it serves; None: it has bound its UDP port. control: the FIFO that actions are written to.
    namespace: the network namespace of its own, if it has one. ahead: how many instances are
    started before a case wants one. at_once: how many there may be at a time, those ahead not
    counted; None: any number.
    """

    command: tuple[Template, ...]
    config: tuple[Path, ...] = ()
    stand_ins: Mapping[str, Template] = field(default_factory=dict)
    ready: re.Pattern[str] | None = None
    ready_within: float = 5.0
    stop: Stop = field(default_factory=Stop)
    environment: Mapping[str, Template] = field(default_factory=dict)
    control: Template | None = None
    needs: Needs = field(default_factory=Needs)
    namespace: Namespace | None = None
    ahead: int = 0
    at_once: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLaunch(ProgramLaunch):
    """A program of this machine.

    binary: its name or its path. core: whether it leaves a core dump when it crashes. shared:
    whether all cases of a configuration use one instance.
    """

    binary: str
    core: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLaunch(ProgramLaunch):
    """A program in a container of its own.

    image: the name of its image; empty: one named for what it is built from. build: the folder with
    the Dockerfile that it is built from when it is not there; None: it is there, or is pulled.
    base: the build argument BASE; empty: as `images` chooses. host: whether it has the network of
    this machine. Neither that nor a namespace: its own network, with its port published on a
    loopback address. capabilities: those that it has besides the engine's usual ones. devices:
    paths of this machine's.
    """

    image: str = ""
    build: Path | None = None
    base: str = ""
    host: bool = False
    capabilities: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def published(self) -> bool:
        """Whether it is reached through a port that the engine publishes."""
        return not self.host and self.namespace is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UmlLaunch(ProgramLaunch):
    """A program in a User-Mode Linux, with the kernel's own L2TP and PPP.

    kernel: the program that is the kernel. modules: of the kernel, loaded before anything starts.
    memory: of a guest, in MB. guests: how many guests the programs are spread over.
    """

    kernel: str = "linux.uml"
    modules: tuple[str, ...] = ()
    memory: int = 128
    guests: int = 1


@dataclass(frozen=True, slots=True)
class EmbeddedLaunch:
    """The reference peer inside the harness. What the parameters mean is the peer's affair."""

    parameters: Mapping[str, PlainValue]
    places: Mapping[str, Place]
    place: Place


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

    address: where it listens; None: a fresh loopback address for each lease. extra: further
    names for templates and suites. Intervals are in seconds, None where the device has none.
    """

    address: str | None = None
    port: int = 1701
    secret: str | None = None
    host_name: str | None = None
    hello_interval: float | None = None
    retransmit: Retransmission | None = None
    extra: Mapping[str, PlainValue] = field(default_factory=dict)

    def names(self) -> dict[str, PlainValue]:
        """The values that templates may name. `address` is left to the lease."""
        return {
            "port": self.port,
            "secret": self.secret,
            "host_name": self.host_name,
            "hello_interval": self.hello_interval,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class ControlAction:
    """A line that is written into the control FIFO."""

    line: Template


@dataclass(frozen=True, slots=True)
class SignalAction:
    """A signal that the device is sent."""

    signal: signal.Signals


@dataclass(frozen=True, slots=True)
class CommandAction:
    """A command that is run to its end; `within` is in seconds."""

    command: tuple[Template, ...]
    within: float


ExternalAction = ConsoleAction | HttpAction | AskAction | CommandAction
Action = ControlAction | SignalAction | ExternalAction
Launch = ProgramLaunch | EmbeddedLaunch | ExternalLaunch


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


def changed(ixit: Ixit, changes: Mapping[str, PlainValue]) -> Ixit:
    """The IXIT with some values replaced. All names must be known and of the right type."""
    extra = {key: value for key, value in changes.items() if key in ixit.extra}
    known = {key: value for key, value in changes.items() if key not in ixit.extra}
    return replace(ixit, **known, extra={**ixit.extra, **extra})  # type: ignore[arg-type]

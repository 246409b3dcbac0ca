"""The programs that the harness starts, as peer.yaml describes them, and the reference peer."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.device.description.namespace import Namespace
from harness.device.description.template import PlainValue, Template
from harness.errors import Place

DEFAULT_BASE: Final = "debian:bookworm-slim"


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
    counted; None: any number. core: whether it leaves a core dump when it crashes. shared: whether
    all cases of a configuration use one instance.
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
    core: bool = False
    shared: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLaunch(ProgramLaunch):
    """A program of this machine. binary: its name or its path."""

    binary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLaunch(ProgramLaunch):
    """A program in a container.

    image: the name of its image; empty: one named for what it is built from. build: the folder with
    the Dockerfile that it is built from when it is not there; None: it is there, or is pulled.
    base: the build argument BASE; empty: as `images` chooses. host: whether it has the network of
    this machine. Neither that nor a namespace: its own network, with its port published on a
    loopback address. capabilities: those that it has besides the engine's usual ones. devices:
    paths of this machine's. fresh: whether each lease has a container that the engine makes for it.
    """

    image: str = ""
    build: Path | None = None
    base: str = ""
    host: bool = False
    capabilities: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    fresh: bool = False

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

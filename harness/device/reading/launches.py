"""Reading `launch` of a peer.yaml: the ways in which a device is brought up, one or several.

A form of launch is a key below `launch` and a method here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from harness.device.description.device import Launch
from harness.device.description.external import ExternalLaunch
from harness.device.description.launch import (
    ContainerLaunch,
    EmbeddedLaunch,
    Needs,
    ProcessLaunch,
    ProgramLaunch,
    Stop,
    UmlLaunch,
)
from harness.device.description.namespace import Namespace
from harness.device.description.template import (
    NAMES_IN_A_NAMESPACE,
    NAMES_OF_A_PROCESS,
    NAMES_OF_THE_PEER,
    Template,
)
from harness.device.reading.external import read_external
from harness.device.reading.gather import Gathered
from harness.device.reading.namespace import read_namespace
from harness.device.reading.overrides import is_override, text_of
from harness.device.reading.pieces import (
    entries,
    optional,
    optional_seconds,
    optional_text,
    plain,
    read_needs,
    read_pattern,
    read_stop,
    texts,
)
from harness.device.reading.templates import command_of, template_of
from harness.device.templates import check_file, names_in, names_in_file
from harness.located import Node, suggest

_COMMON: Final = (
    *("command", "config", "stand_ins", "ready", "ready_within", "stop", "environment", "control"),
    *("needs", "namespace", "ahead", "at_once", "core", "shared"),
)
_PROCESS: Final = ("binary", *_COMMON)
_CONTAINER: Final = (
    *("image", "build", "base", "network", "capabilities", "devices", "fresh"),
    *_COMMON,
)
_UML: Final = ("kernel", "modules", "memory", "guests", *_COMMON)
_READY_IN_A_CONTAINER: Final = 20.0
_NETWORKS: Final = ("published", "host")


class LaunchReader:
    """Reads the forms of launch. `folder`: the device's. Mistakes are gathered."""

    def __init__(self, folder: Path, gathered: Gathered) -> None:
        self._folder = folder
        self._gathered = gathered
        self._kept = gathered.kept

    def read(self, node: Node, names: Mapping[str, object]) -> dict[str, Launch]:
        """The forms by name, in the order of the file. `names`: what templates may name."""
        kinds: dict[str, Callable[[Node, Mapping[str, object]], Launch]] = {
            "process": self._process,
            "container": self._container,
            "uml": self._uml,
            "embedded": self._embedded,
            "external": self._external,
        }
        keys = node.mapping(kinds, what="launch")
        if not keys:
            raise node.fail(
                "device.launch", "a device is launched somehow", hint=f"one of {', '.join(kinds)}"
            )
        if "external" in keys and len(keys) > 1:
            raise node.fail(
                "device.launch",
                "a device on the wire is launched in no other way",
                hint="describe what the harness starts itself in a folder of its own",
            )
        return {kind: kinds[kind](below, names) for kind, below in keys.items()}

    def _external(self, node: Node, names: Mapping[str, object]) -> Launch:
        return self._kept(
            lambda: read_external(node, names, self._folder, self._gathered),
            ExternalLaunch(place=node.place),
        )

    def _embedded(self, node: Node, _names: Mapping[str, object]) -> Launch:
        parameters = entries(node)
        return EmbeddedLaunch(
            parameters={name: plain(value) for name, value in parameters.items()},
            places={name: value.place for name, value in parameters.items()},
            place=node.place,
        )

    def _process(self, node: Node, names: Mapping[str, object]) -> Launch:
        keys = self._gathered.mapping(node, _PROCESS, required=("binary", "command"))
        binary = self._kept(lambda: self._program(keys["binary"]), "")
        launch = ProcessLaunch(binary=binary, **self._common(node, keys, names))
        self._check_names(keys, launch)
        return launch

    def _container(self, node: Node, names: Mapping[str, object]) -> Launch:
        keys = self._gathered.mapping(node, _CONTAINER, required=("command",))
        keys.setdefault("ready_within", Node(_READY_IN_A_CONTAINER, node.place, {}))
        if all(key not in keys or keys[key].is_null for key in ("image", "build")):
            raise node.fail(
                "device.image", "a container needs an image", hint="write build: . or image: NAME"
            )
        if "network" in keys and "namespace" in keys:
            raise keys["network"].fail(
                "device.network", "a container has a network or a namespace, not both"
            )
        network = self._kept(
            lambda: keys["network"].choice(_NETWORKS, "network") if "network" in keys else "", ""
        )
        launch = ContainerLaunch(
            image=self._kept(lambda: optional_text(keys.get("image"), ""), "") or "",
            build=self._kept(lambda: optional(keys.get("build"), self._build), None),
            base=self._kept(lambda: optional_text(keys.get("base"), ""), "") or "",
            host=network == "host",
            capabilities=self._kept(lambda: texts(keys.get("capabilities")), ()),
            devices=self._kept(lambda: texts(keys.get("devices")), ()),
            fresh=self._is(keys.get("fresh")),
            **self._common(node, keys, {**dict.fromkeys(set(names) - NAMES_OF_A_PROCESS)}),
        )
        self._check_names(keys, launch)
        if launch.published:
            self._kept(lambda: _check_reachable(node, launch), None)
        return launch

    def _build(self, node: Node) -> Path:
        folder = self._path(node, text_of(node))
        if not (folder / "Dockerfile").is_file():
            raise node.fail("device.no-file", f"there is no Dockerfile in {folder}")
        return folder

    def _uml(self, node: Node, names: Mapping[str, object]) -> Launch:
        keys = self._gathered.mapping(node, _UML, required=("command",))
        if "ready" not in keys:
            raise node.fail(
                "device.ready",
                "nobody sees from outside whether a program in a guest has bound its port",
                hint="write ready: and what it prints once it serves",
            )
        common = self._common(
            node, keys, dict.fromkeys(set(names) - NAMES_OF_A_PROCESS), Namespace()
        )
        launch = UmlLaunch(
            kernel=self._kept(lambda: optional(keys.get("kernel"), self._program), "")
            or "linux.uml",
            modules=self._kept(lambda: texts(keys.get("modules")), ()),
            memory=self._kept(lambda: optional(keys.get("memory"), _memory), None) or 128,
            guests=self._kept(lambda: optional(keys.get("guests"), _count), None) or 1,
            **common,
        )
        self._check_names(keys, launch)
        return launch

    def _common(
        self,
        node: Node,
        keys: Mapping[str, Node],
        names: Mapping[str, object],
        otherwise: Namespace | None = None,
    ) -> dict[str, Any]:
        """The fields of every program. `otherwise`: the namespace of one that names none."""
        namespace = self._kept(lambda: optional(keys.get("namespace"), read_namespace), None)
        namespace = namespace or otherwise
        known = set(names) if namespace else set(names) - NAMES_IN_A_NAMESPACE
        stop = Stop()
        return {
            "command": self._kept(lambda: command_of(keys["command"], known), ()),
            "config": tuple(self._config(keys.get("config"), known)),
            "stand_ins": self._kept(lambda: self._stand_ins(keys.get("stand_ins"), known), {}),
            "ready": self._kept(lambda: optional(keys.get("ready"), read_pattern), None),
            "ready_within": self._kept(
                lambda: optional_seconds(keys.get("ready_within"), 5.0), 0.0
            ),
            "stop": self._kept(lambda: optional(keys.get("stop"), read_stop), stop) or stop,
            "environment": self._kept(lambda: _templates(keys.get("environment"), known), {}),
            "control": self._kept(
                lambda: optional(keys.get("control"), partial(template_of, known=known)),
                Template("", node.place),
            ),
            "needs": self._kept(lambda: optional(keys.get("needs"), read_needs), None) or Needs(),
            "namespace": namespace,
            "ahead": self._kept(lambda: optional(keys.get("ahead"), _count), None) or 0,
            "at_once": self._kept(lambda: optional(keys.get("at_once"), _count), None),
            "core": self._is(keys.get("core")),
            "shared": self._is(keys.get("shared")),
            "place": node.place,
        }

    def _program(self, node: Node) -> str:
        """A bare name is looked up in PATH later; a path is made absolute here."""
        program = text_of(node)
        if not program:
            raise node.fail("device.binary", "a program needs a name")
        return str(self._path(node, program)) if "/" in program else program

    def _path(self, node: Node, text: str) -> Path:
        """Relative to the device's folder; on the command line, to the current folder."""
        base = Path.cwd() if is_override(node) else self._folder.resolve()
        return base / text

    def _config(self, node: Node | None, known: Collection[str]) -> Iterator[Path]:
        for item in node.items_or_one() if node is not None and not node.is_null else ():
            path = self._kept(partial(self._config_file, item, known), None)
            if path is not None:
                yield path

    def _config_file(self, node: Node, known: Collection[str]) -> Path:
        path = self._path(node, text_of(node))
        if not path.is_file():
            near = suggest(path.name, [one.name for one in self._folder.glob("*.j2")])
            raise node.fail("device.no-file", f"there is no file {path}", hint=near)
        check_file(path, known)
        return path

    def _stand_ins(self, node: Node | None, known: Collection[str]) -> dict[str, Template]:
        for path, value in entries(node).items():
            if not path.startswith("/"):
                raise value.fail("device.path", f"{path!r} is not an absolute path")
        return _templates(node, known)

    def _is(self, node: Node | None) -> bool:
        """Whether a key is there and true."""
        return self._kept(lambda: optional(node, Node.boolean), None) or False

    def _check_names(self, keys: Mapping[str, Node], launch: ProgramLaunch) -> None:
        """What more than one case uses, or what starts before its case, knows of none."""
        if launch.ahead:
            self._kept(lambda: _check_ahead(keys["ahead"], launch), None)
        if launch.shared:
            self._kept(lambda: _check_shared(keys["shared"], launch), None)


def _check_shared(node: Node, launch: ProgramLaunch) -> None:
    """Raise DataError when one instance for many cases contradicts what it is told of each."""
    if launch.ahead:
        raise node.fail("device.shared", "an instance that cases share is not started ahead")
    if _names_of(launch) & NAMES_OF_THE_PEER:
        raise node.fail(
            "device.shared",
            "it is told the address of the peer, and every case has another one",
            hint="only an LNS can be shared, which learns of its peers as they come",
        )


def _templates(node: Node | None, known: Collection[str]) -> dict[str, Template]:
    return {name: template_of(value, known) for name, value in entries(node).items()}


def _count(node: Node) -> int:
    return node.integer(1, 1000)


def _memory(node: Node) -> int:
    return node.integer(32, 65536)


def _check_ahead(node: Node, launch: ProgramLaunch) -> None:
    """What starts before its lease does not know whom it will talk to."""
    for name in sorted(_names_of(launch) & NAMES_OF_THE_PEER):
        raise node.fail(
            "device.ahead",
            f"an instance that is started ahead of its case has no {name} yet",
            hint=f"leave `ahead` out, or {name} out of the templates",
        )


def _check_reachable(node: Node, launch: ContainerLaunch) -> None:
    """A published port lets the harness in, but nothing lets the container out to the harness."""
    for name in sorted(_names_of(launch) & NAMES_OF_THE_PEER):
        raise node.fail(
            "device.network",
            f"a container behind a published port does not reach the harness ({name})",
            hint="write network: host, or namespace: {} for a network of its own",
        )


def _names_of(launch: ProgramLaunch) -> set[str]:
    templates = [*launch.command, *launch.stand_ins.values(), *launch.environment.values()]
    named = {name for template in templates for name in names_in(template)}
    for path in launch.config:
        named |= names_in_file(path)
    return named

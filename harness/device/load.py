"""Reading peer.yaml: every mistake is an error with file, line, column and a suggestion."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from harness.device.ics import read_ics
from harness.device.model import (
    LEASE_NAMES,
    NAMES_IN_A_NAMESPACE,
    NAMES_OF_THE_PEER,
    Action,
    CommandAction,
    ControlAction,
    Device,
    EmbeddedLaunch,
    Ixit,
    Launch,
    Needs,
    PlainValue,
    ProcessLaunch,
    SignalAction,
    Stop,
    Template,
)
from harness.device.namespace import read_namespace
from harness.device.overrides import as_usage_error, is_override, override, text_of
from harness.device.pieces import (
    check_address,
    entries,
    optional,
    optional_seconds,
    optional_text,
    plain,
    read_needs,
    read_pattern,
    read_retransmission,
    read_signal,
    read_stop,
)
from harness.device.templates import check, check_file, names_in, names_in_file
from harness.errors import DataError, DataErrors, HarnessError
from harness.located import Node, load, suggest
from harness.spec.model import Role

Value = TypeVar("Value")
Other = TypeVar("Other")
PEER_FILE: Final = "peer.yaml"
_PROFILE: Final = "rfc2661"
_COMMAND_WITHIN: Final = 5.0
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_KEYS: Final = (
    *("title", "role", "profile", "launch", "ics", "ixit", "configurations", "actions"),
)
_PROCESS_KEYS: Final = (
    *("binary", "command", "config", "stand_ins", "ready", "ready_within", "stop"),
    *("environment", "control", "needs", "namespace", "ahead", "at_once"),
)
_IXIT_KEYS: Final = (
    *("address", "port", "secret", "host_name", "hello_interval", "retransmit", "extra"),
)


def load_device(folder: Path, overrides: Mapping[str, str] | None = None) -> Device:
    """The device of a folder, some of its values replaced (`launch.process.binary`: `./xl2tpd`).

    Raises DataError or DataErrors for a bad peer.yaml, UsageError for a bad override.
    """
    path = folder / PEER_FILE
    try:
        document = override(load(path), overrides or {})
        return _Reader(folder).device(document)
    except HarnessError as error:
        raise as_usage_error(error) from error


class _Reader:
    """Reads one document. Errors are gathered, so that an author mends them all at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._errors: list[DataError] = []

    def device(self, document: Node) -> Device:
        keys = document.mapping(_KEYS, required=("title", "role", "launch"))
        ixit = self._kept(lambda: optional(keys.get("ixit"), self._ixit), None) or Ixit()
        ics = self._kept(lambda: optional(keys.get("ics"), read_ics), None) or {}
        self._raise()  # what follows would only repeat these errors
        configurations = {
            name: self._kept(partial(self._configuration, name, node, ixit), {})
            for name, node in entries(keys.get("configurations")).items()
        }
        names = {**LEASE_NAMES, **ixit.names()}
        launch = self._launch(keys["launch"], names)
        self._kept(lambda: _check_listening(keys.get("ixit"), ixit, launch), None)
        actions = {
            name: self._kept(partial(self._action, name, node, launch), None)
            for name, node in entries(keys.get("actions")).items()
        }
        title = self._kept(lambda: text_of(keys["title"]), "")
        roles = [role.value for role in Role]
        role = self._kept(lambda: keys["role"].choice(roles, "role"), "")
        profile = self._kept(lambda: optional_text(keys.get("profile"), _PROFILE), None) or _PROFILE
        self._raise()
        return Device(
            name=self._folder.resolve().name,
            title=title,
            role=Role(role),
            profile=profile,
            folder=self._folder,
            launch=launch,
            ics=ics,
            ixit=ixit,
            actions={name: action for name, action in actions.items() if action},
            configurations=configurations,
            place=document.place,
        )

    def _kept(self, read: Callable[[], Value], otherwise: Other) -> Value | Other:
        """What is read, or something else and the error kept for the end."""
        try:
            return read()
        except DataError as error:
            self._errors.append(error)
            return otherwise

    def _raise(self) -> None:
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise DataErrors(sorted(self._errors, key=_line_of))

    # IXIT

    def _ixit(self, node: Node) -> Ixit:
        keys = node.mapping(_IXIT_KEYS)
        address = optional_text(keys.get("address"))
        if address is not None:
            check_address(keys["address"], address)
        return Ixit(
            address=address,
            port=optional(keys.get("port"), lambda port: port.integer(1, 65535)) or 1701,
            secret=optional_text(keys.get("secret")),
            host_name=optional_text(keys.get("host_name")),
            hello_interval=optional(keys.get("hello_interval"), Node.seconds),
            retransmit=optional(keys.get("retransmit"), read_retransmission),
            extra=self._extra(keys.get("extra")),
        )

    def _extra(self, node: Node | None) -> Mapping[str, PlainValue]:
        extra: dict[str, PlainValue] = {}
        for name, value in entries(node).items():
            if name in LEASE_NAMES or name in _IXIT_KEYS:
                raise value.fail("device.name-taken", f"{name!r} has a meaning of its own")
            if not _NAME.fullmatch(name):
                raise value.fail("device.name", f"{name!r} is not a name", hint="write a_b_1")
            extra[name] = plain(value)
        return extra

    def _configuration(self, name: str, node: Node, ixit: Ixit) -> Mapping[str, PlainValue]:
        """What a configuration changes: keys of the IXIT, typed as they are, and of its extra."""
        _check_word(name, node)
        known = ("port", "secret", "host_name", "hello_interval", *ixit.extra)
        changes: dict[str, PlainValue] = {}
        for key, value in node.mapping(known, what="ixit value").items():
            if key == "port":
                changes[key] = value.integer(1, 65535)
            elif key == "hello_interval":
                changes[key] = optional(value, Node.seconds)
            elif key in ixit.extra:
                changes[key] = plain(value)
            else:
                changes[key] = optional_text(value)
        return changes

    # Launch

    def _launch(self, node: Node, names: Mapping[str, object]) -> Launch:
        kinds = {"process": self._process, "embedded": self._embedded}
        keys = node.mapping(kinds, what="launch")
        if len(keys) != 1:
            raise node.fail(
                "device.launch",
                "a device is launched in one way",
                hint=f"one of {', '.join(kinds)}",
            )
        (kind, below), *_ = keys.items()
        return kinds[kind](below, names)

    def _embedded(self, node: Node, _names: Mapping[str, object]) -> Launch:
        parameters = entries(node)
        return EmbeddedLaunch(
            parameters={name: plain(value) for name, value in parameters.items()},
            places={name: value.place for name, value in parameters.items()},
            place=node.place,
        )

    def _process(self, node: Node, names: Mapping[str, object]) -> Launch:
        keys = node.mapping(_PROCESS_KEYS, required=("binary", "command"))
        namespace = self._kept(lambda: optional(keys.get("namespace"), read_namespace), None)
        known = set(names) if namespace else set(names) - NAMES_IN_A_NAMESPACE
        stop = Stop()
        control = partial(self._optional_template, keys.get("control"), known)
        environment = self._kept(lambda: self._templates(keys.get("environment"), known), {})
        launch = ProcessLaunch(
            binary=self._kept(lambda: self._program(keys["binary"]), ""),
            command=self._kept(lambda: self._command(keys["command"], known), ()),
            config=tuple(self._config(keys.get("config"), known)),
            stand_ins=self._kept(lambda: self._stand_ins(keys.get("stand_ins"), known), {}),
            ready=self._kept(lambda: optional(keys.get("ready"), read_pattern), None),
            ready_within=self._kept(lambda: optional_seconds(keys.get("ready_within"), 5.0), 0.0),
            stop=self._kept(lambda: optional(keys.get("stop"), read_stop), stop) or stop,
            environment=environment,
            control=self._kept(control, Template("", node.place)),
            needs=self._kept(lambda: optional(keys.get("needs"), read_needs), None) or Needs(),
            namespace=namespace,
            ahead=self._kept(lambda: optional(keys.get("ahead"), _count), None) or 0,
            at_once=self._kept(lambda: optional(keys.get("at_once"), _count), None),
            place=node.place,
        )
        if launch.ahead:
            self._kept(lambda: _check_ahead(keys["ahead"], launch), None)
        return launch

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

    def _command(self, node: Node, known: Collection[str] | None) -> tuple[Template, ...]:
        """Split first, so that a value with blanks in it stays one word."""
        try:
            words = shlex.split(text_of(node))
        except ValueError as error:
            raise node.fail("device.command", f"this is no command: {error}") from error
        if not words:
            raise node.fail("device.command", "a command needs a program")
        command = tuple(Template(word, node.place) for word in words)
        for word in command:
            _check(word, known)
        return command

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
        return self._templates(node, known)

    def _templates(self, node: Node | None, known: Collection[str]) -> dict[str, Template]:
        return {name: self._checked(value, known) for name, value in entries(node).items()}

    def _optional_template(self, node: Node | None, known: Collection[str]) -> Template | None:
        return optional(node, lambda given: self._checked(given, known))

    def _checked(self, node: Node, known: Collection[str] | None) -> Template:
        template = Template(text_of(node), node.place)
        _check(template, known)
        return template

    # Actions

    def _action(self, name: str, node: Node, launch: Launch) -> Action:
        """Names in an action may be arguments of a case too, so unknown ones are no error yet."""
        _check_word(name, node)
        if not node.is_mapping:
            return self._control(node, launch)
        keys = node.mapping(("control", "signal", "command", "within"), what="action")
        if "within" in keys and "command" not in keys:
            raise keys["within"].fail("device.action", "only a command is waited for")
        if "control" in keys and len(keys) == 1:
            return self._control(keys["control"], launch)
        if "signal" in keys and len(keys) == 1:
            return SignalAction(read_signal(keys["signal"]))
        if "command" in keys and keys.keys() <= {"command", "within"}:
            command = self._command(keys["command"], None)
            return CommandAction(command, optional_seconds(keys.get("within"), _COMMAND_WITHIN))
        raise node.fail(
            "device.action", "an action is one of: a line for `control`, `signal`, `command`"
        )

    def _control(self, node: Node, launch: Launch) -> Action:
        if not isinstance(launch, ProcessLaunch) or launch.control is None:
            raise node.fail(
                "device.no-control",
                "this device has no control FIFO that a line could be written to",
                hint="name it in launch.process.control, or use signal: or command:",
            )
        line = self._checked(node, None)
        if "\n" in line.text:
            raise node.fail("device.action", "an action is one line")
        return ControlAction(line)


def _line_of(error: DataError) -> int:
    return error.place.line if error.place else 0


def _count(node: Node) -> int:
    return node.integer(1, 1000)


def _check_ahead(node: Node, launch: ProcessLaunch) -> None:
    """What starts before its lease does not know whom it will talk to."""
    templates = [*launch.command, *launch.stand_ins.values(), *launch.environment.values()]
    named = {name for template in templates for name in names_in(template)}
    for path in launch.config:
        named |= names_in_file(path)
    for name in sorted(named & NAMES_OF_THE_PEER):
        raise node.fail(
            "device.ahead",
            f"an instance that is started ahead of its case has no {name} yet",
            hint=f"leave `ahead` out, or {name} out of the templates",
        )


def _check_listening(node: Node | None, ixit: Ixit, launch: Launch) -> None:
    namespace = launch.namespace if isinstance(launch, ProcessLaunch) else None
    if node is None or namespace is None or ixit.address is None:
        return
    own = [str(interface.ip) for interface in namespace.addresses]
    if str(ipaddress.ip_address(ixit.address)) not in own:
        raise node.mapping()["address"].fail(
            "device.address",
            f"{ixit.address} is no address of the device's namespace",
            hint=f"it has {', '.join(own)}",
        )


def _check_word(name: str, node: Node) -> None:
    if not _WORD.fullmatch(name):
        raise node.fail("device.name", f"{name!r} is not a name", hint="write call-out")


def _check(template: Template, known: Collection[str] | None) -> None:
    if known is None:
        list(names_in(template))
    else:
        check(template, known)

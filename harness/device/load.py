"""Reading peer.yaml: every mistake is an error with file, line, column and a suggestion."""

from __future__ import annotations

import ipaddress
import re
import shlex
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from harness.device.ics import read_ics
from harness.device.model import (
    LEASE_NAMES,
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
    Retransmission,
    SignalAction,
    Stop,
    Template,
)
from harness.device.overrides import as_usage_error, is_override, override, text_of
from harness.device.templates import check, check_file, names_in
from harness.errors import DataError, DataErrors, HarnessError
from harness.located import Node, load, suggest
from harness.spec.model import Role

Value = TypeVar("Value")
PEER_FILE: Final = "peer.yaml"
_PROFILE: Final = "rfc2661"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_KEYS: Final = (
    *("title", "role", "profile", "launch", "ics", "ixit", "configurations", "actions"),
)
_PROCESS_KEYS: Final = (
    *("binary", "command", "config", "stand_ins", "ready", "ready_within", "stop"),
    *("environment", "control", "needs"),
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
        keys = document.mapping()
        for key in keys:
            if key not in _KEYS:
                with self._caught():
                    document.mapping(_KEYS)
        with self._caught():
            document.mapping(required=("title", "role", "launch"))
        self._raise()
        ixit = Ixit()
        ics: Mapping[str, bool | int | str] = {}
        with self._caught():
            ixit = self._ixit(keys["ixit"]) if "ixit" in keys else ixit
        with self._caught():
            ics = read_ics(keys["ics"]) if "ics" in keys else ics
        configurations: dict[str, Mapping[str, PlainValue]] = {}
        with self._caught():
            for name, node in _entries(keys.get("configurations")).items():
                self._word(name, node)
                configurations[name] = self._changes(node, ixit)
        self._raise()
        names = {**LEASE_NAMES, **ixit.names()}
        launch = self._launch(keys["launch"], names)
        actions: dict[str, Action] = {}
        for name, node in _entries(keys.get("actions")).items():
            with self._caught():
                self._word(name, node)
                actions[name] = self._action(node, launch)
        title, role = "", ""
        with self._caught():
            title = text_of(keys["title"])
        with self._caught():
            role = keys["role"].choice([role.value for role in Role], "role")
        profile = _text(keys.get("profile"), _PROFILE) or _PROFILE
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
            actions=actions,
            configurations=configurations,
            place=document.place,
        )

    @contextmanager
    def _caught(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            self._errors.append(error)

    def _raise(self) -> None:
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise DataErrors(self._errors)

    # IXIT

    def _ixit(self, node: Node) -> Ixit:
        keys = node.mapping(_IXIT_KEYS)
        address = _text(keys.get("address"))
        if address is not None:
            _check_address(keys["address"], address)
        return Ixit(
            address=address,
            port=_optional(keys.get("port"), lambda port: port.integer(1, 65535)) or 1701,
            secret=_text(keys.get("secret")),
            host_name=_text(keys.get("host_name")),
            hello_interval=_optional(keys.get("hello_interval"), Node.seconds),
            retransmit=_optional(keys.get("retransmit"), _retransmission),
            extra=self._extra(keys.get("extra")),
        )

    def _extra(self, node: Node | None) -> Mapping[str, PlainValue]:
        extra: dict[str, PlainValue] = {}
        for name, value in _entries(node).items():
            if name in LEASE_NAMES or name in _IXIT_KEYS:
                raise value.fail("device.name-taken", f"{name!r} has a meaning of its own")
            if not _NAME.fullmatch(name):
                raise value.fail("device.name", f"{name!r} is not a name", hint="write a_b_1")
            extra[name] = _plain(value)
        return extra

    def _changes(self, node: Node, ixit: Ixit) -> Mapping[str, PlainValue]:
        """What a configuration changes: keys of the IXIT, typed as they are, and of its extra."""
        known = ("port", "secret", "host_name", "hello_interval", *ixit.extra)
        changes: dict[str, PlainValue] = {}
        for name, value in node.mapping(known, what="ixit value").items():
            if name == "port":
                changes[name] = value.integer(1, 65535)
            elif name == "hello_interval":
                changes[name] = _optional(value, Node.seconds)
            elif name in ixit.extra:
                changes[name] = _plain(value)
            else:
                changes[name] = _text(value)
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
        parameters = _entries(node)
        return EmbeddedLaunch(
            parameters={name: _plain(value) for name, value in parameters.items()},
            places={name: value.place for name, value in parameters.items()},
            place=node.place,
        )

    def _process(self, node: Node, names: Mapping[str, object]) -> Launch:
        keys = node.mapping(_PROCESS_KEYS, required=("binary", "command"))
        known = names.keys()
        stop = Stop()
        with self._caught():
            stop = _stop(keys["stop"]) if "stop" in keys else stop
        return ProcessLaunch(
            binary=self._program(keys["binary"]),
            command=self._command(keys["command"], known),
            config=tuple(self._config(keys.get("config"), known)),
            stand_ins=self._templates(keys.get("stand_ins"), known, absolute=True),
            ready=_optional(keys.get("ready"), _pattern),
            ready_within=_optional(keys.get("ready_within"), Node.seconds) or 5.0,
            stop=stop,
            environment=self._templates(keys.get("environment"), known),
            control=self._checked(keys["control"], known) if "control" in keys else None,
            needs=_needs(keys["needs"]) if "needs" in keys else Needs(),
            place=node.place,
        )

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
            with self._caught():
                path = self._path(item, text_of(item))
                if not path.is_file():
                    near = suggest(path.name, [one.name for one in self._folder.glob("*.j2")])
                    raise item.fail("device.no-file", f"there is no file {path}", hint=near)
                check_file(path, known)
                yield path

    def _templates(
        self, node: Node | None, known: Collection[str], *, absolute: bool = False
    ) -> dict[str, Template]:
        templates = {}
        for name, value in _entries(node).items():
            with self._caught():
                if absolute and not name.startswith("/"):
                    raise value.fail("device.path", f"{name!r} is not an absolute path")
                templates[name] = self._checked(value, known)
        return templates

    def _checked(self, node: Node, known: Collection[str] | None) -> Template:
        template = Template(text_of(node), node.place)
        _check(template, known)
        return template

    # Actions

    def _word(self, name: str, node: Node) -> None:
        if not _WORD.fullmatch(name):
            raise node.fail("device.name", f"{name!r} is not a name", hint="write call-out")

    def _action(self, node: Node, launch: Launch) -> Action:
        """Names in an action may be arguments of a case too, so unknown ones are no error yet."""
        if not node.is_mapping:
            return self._control(node, launch)
        keys = node.mapping(("control", "signal", "command", "within"), what="action")
        if "within" in keys and "command" not in keys:
            raise keys["within"].fail("device.action", "only a command is waited for")
        if "control" in keys and len(keys) == 1:
            return self._control(keys["control"], launch)
        if "signal" in keys and len(keys) == 1:
            return SignalAction(_signal(keys["signal"]))
        if "command" in keys and keys.keys() <= {"command", "within"}:
            within = _optional(keys.get("within"), Node.seconds)
            command = self._command(keys["command"], None)
            return CommandAction(command) if within is None else CommandAction(command, within)
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


def _check(template: Template, known: Collection[str] | None) -> None:
    if known is None:
        list(names_in(template))
    else:
        check(template, known)


def _entries(node: Node | None) -> dict[str, Node]:
    return {} if node is None or node.is_null else node.mapping()


def _optional(node: Node | None, read: Callable[[Node], Value]) -> Value | None:
    return None if node is None or node.is_null else read(node)


def _text(node: Node | None, default: str | None = None) -> str | None:
    return default if node is None or node.is_null else text_of(node)


def _plain(node: Node) -> PlainValue:
    content = node.content
    if content is not None and not isinstance(content, (str, int, float, bool)):
        raise node.fail("device.value", "expected text, a number, true or false")
    return content


def _retransmission(node: Node) -> Retransmission:
    keys = node.mapping(("first", "cap", "max"), required=("first", "max"))
    return Retransmission(
        first=keys["first"].seconds(),
        cap=_optional(keys.get("cap"), Node.seconds),
        max=keys["max"].integer(1, 1000),
    )


def _check_address(node: Node, text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise node.fail("device.address", f"{text!r} is no IP address") from error


def _signal(node: Node) -> signal.Signals:
    names = {one.name.removeprefix("SIG"): one for one in signal.Signals}
    name = text_of(node).removeprefix("SIG")
    if name not in names:
        raise node.fail("device.signal", f"unknown signal {name!r}", hint=suggest(name, names))
    return names[name]


def _stop(node: Node) -> Stop:
    keys = node.mapping(("signal", "within"))
    default = Stop()
    within = _optional(keys.get("within"), Node.seconds)
    return Stop(
        signal=_signal(keys["signal"]) if "signal" in keys else default.signal,
        within=default.within if within is None else within,
    )


def _needs(node: Node) -> Needs:
    keys = node.mapping(("root", "programs", "install"))
    programs: Iterable[Node] = keys["programs"].items_or_one() if "programs" in keys else ()
    return Needs(
        root=_optional(keys.get("root"), Node.boolean) or False,
        programs=tuple(text_of(item) for item in programs),
        install=_text(keys.get("install")) or "",
    )


def _pattern(node: Node) -> re.Pattern[str]:
    try:
        return re.compile(text_of(node), re.MULTILINE)
    except re.error as error:
        raise node.fail("device.pattern", f"no regular expression: {error}") from error

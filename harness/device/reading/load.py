"""Reading peer.yaml: every mistake is an error with file, line, column and a suggestion."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from harness.device.description.action import (
    CONFIGURE,
    Action,
    CommandAction,
    ControlAction,
    SignalAction,
)
from harness.device.description.device import LIMITED, Device, Ixit, Launch, Version
from harness.device.description.external import ExternalLaunch
from harness.device.description.launch import ProgramLaunch
from harness.device.description.template import LEASE_NAMES, PlainValue
from harness.device.reading.external import read_external_action, read_host
from harness.device.reading.gather import Gathered
from harness.device.reading.ics import read_ics
from harness.device.reading.launches import LaunchReader
from harness.device.reading.overrides import as_usage_error, override, text_of
from harness.device.reading.pieces import (
    check_address,
    entries,
    optional,
    optional_seconds,
    optional_text,
    plain,
    read_pattern,
    read_retransmission,
    read_signal,
    texts,
)
from harness.device.reading.templates import command_of, template_of
from harness.errors import HarnessError
from harness.located import Node, load
from harness.spec.model import Role

PEER_FILE: Final = "peer.yaml"
BASELINE_FILE: Final = "baseline.yaml"
EXTERNAL: Final = "external"
_PROFILE: Final = "rfc2661"
_MOST: Final = 65535
"""There are no more ids of tunnels, nor of the sessions of one (RFC 2661 3.1)."""
_COMMAND_WITHIN: Final = 5.0
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_KEYS: Final = (
    *("title", "role", "profile", "launch", "ics", "ixit", "configurations", "actions"),
    *("baseline", "version"),
)
_IXIT_KEYS: Final = (
    *("address", "port", "secret", "host_name", "hello_interval", "retransmit", "extra"),
    *LIMITED.values(),
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
        self._gathered = Gathered()
        self._kept = self._gathered.kept
        self._launches = LaunchReader(folder, self._gathered)

    def device(self, document: Node) -> Device:
        keys = self._kept(
            lambda: self._gathered.mapping(document, _KEYS, required=("title", "role", "launch")),
            None,
        )
        if keys is None:
            keys = entries(document)  # what else is wrong in there is told as well
        title = self._kept(lambda: text_of(keys["title"]) if "title" in keys else "", "")
        role = self._kept(lambda: _role(keys["role"]) if "role" in keys else Role.LNS, Role.LNS)
        profile = self._kept(lambda: optional_text(keys.get("profile"), _PROFILE), None) or _PROFILE
        claims = partial(read_ics, gathered=self._gathered)
        ics = self._kept(lambda: optional(keys.get("ics"), claims), None) or {}
        baselines = self._kept(lambda: self._baselines(keys.get("baseline")), ())
        version = self._kept(lambda: optional(keys.get("version"), _version), None)
        on_the_wire = "launch" in keys and EXTERNAL in _forms(keys["launch"])
        reader = partial(self._ixit, on_the_wire=on_the_wire)
        before = self._gathered.count
        ixit = self._kept(lambda: optional(keys.get("ixit"), reader), None) or Ixit()
        if self._gathered.count > before:
            self._gathered.give_up()  # what follows would only repeat these errors
        configurations = {
            name: self._kept(partial(self._configuration, name, node, ixit), {})
            for name, node in self._kept(lambda: entries(keys.get("configurations")), {}).items()
        }
        names = {**LEASE_NAMES, **ixit.names()}
        launches: Mapping[str, Launch] = {}
        if "launch" in keys:
            launches = self._kept(lambda: self._launches.read(keys["launch"], names), {})
        for launch in launches.values():
            self._kept(partial(_check_listening, keys.get("ixit"), ixit, launch), None)
            self._kept(partial(_check_external, keys, ixit, launch), None)
        if not launches:
            self._gathered.give_up()  # what actions may be depends on it
        actions = {
            name: self._kept(partial(self._action, name, node, launches), None)
            for name, node in self._kept(lambda: entries(keys.get("actions")), {}).items()
        }
        self._gathered.give_up()
        return Device(
            name=self._folder.resolve().name,
            title=title,
            role=role,
            profile=profile,
            folder=self._folder,
            form=next(iter(launches)),
            launches=launches,
            ics=ics,
            ixit=ixit,
            actions={name: action for name, action in actions.items() if action},
            configurations=configurations,
            baselines=baselines,
            version=version,
            place=document.place,
        )

    def _baselines(self, node: Node | None) -> tuple[Path, ...]:
        """The files named, or the one beside peer.yaml if there is one."""
        if node is None or node.is_null:
            usual = self._folder / BASELINE_FILE
            return (usual,) if usual.is_file() else ()
        paths = tuple(self._folder / name for name in texts(node))
        for path in paths:
            if not path.is_file():
                raise node.fail("device.no-file", f"there is no file {path}")
        return paths

    # IXIT

    def _ixit(self, node: Node, on_the_wire: bool) -> Ixit:
        keys = self._gathered.mapping(node, _IXIT_KEYS)
        kept = self._kept
        return Ixit(
            address=kept(lambda: _address(keys.get("address"), on_the_wire), None),
            port=kept(lambda: optional(keys.get("port"), _port), None) or 1701,
            secret=kept(lambda: optional_text(keys.get("secret")), None),
            host_name=kept(lambda: optional_text(keys.get("host_name")), None),
            hello_interval=kept(lambda: optional(keys.get("hello_interval"), Node.seconds), None),
            retransmit=kept(lambda: optional(keys.get("retransmit"), read_retransmission), None),
            max_tunnels=kept(lambda: optional(keys.get("max_tunnels"), _most), None),
            max_sessions=kept(lambda: optional(keys.get("max_sessions"), _most), None),
            extra=kept(lambda: self._extra(keys.get("extra")), {}),
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
        changeable = ("port", "secret", "host_name", "hello_interval", *LIMITED.values())
        known = (*changeable, *ixit.extra)
        changes: dict[str, PlainValue] = {}
        for key, value in node.mapping(known, what="ixit value").items():
            if key == "port":
                changes[key] = _port(value)
            elif key == "hello_interval":
                changes[key] = optional(value, Node.seconds)
            elif key in LIMITED.values():
                changes[key] = optional(value, _most)
            elif key in ixit.extra:
                changes[key] = plain(value)
            else:
                changes[key] = optional_text(value)
        return changes

    # Actions

    def _action(self, name: str, node: Node, launches: Mapping[str, Launch]) -> Action:
        """Names in an action may be arguments of a case too, so unknown ones are no error yet."""
        _check_word(name, node)
        for launch in launches.values():
            if isinstance(launch, ExternalLaunch):
                return _external_action(node, launch)
        if not node.is_mapping:
            return _control(node, launches)
        keys = node.mapping(("control", "signal", "command", "within"), what="action")
        if "within" in keys and "command" not in keys:
            raise keys["within"].fail("device.action", "only a command is waited for")
        if "control" in keys and len(keys) == 1:
            return _control(keys["control"], launches)
        if "signal" in keys and len(keys) == 1:
            return SignalAction(read_signal(keys["signal"]))
        if "command" in keys and keys.keys() <= {"command", "within"}:
            command = command_of(keys["command"], None)
            return CommandAction(command, optional_seconds(keys.get("within"), _COMMAND_WITHIN))
        raise node.fail(
            "device.action", "an action is one of: a line for `control`, `signal`, `command`"
        )


def _forms(node: Node) -> Collection[str]:
    return node.content if node.is_mapping else ()


def _role(node: Node) -> Role:
    return Role(node.choice([role.value for role in Role], "role"))


def _port(node: Node) -> int:
    return node.integer(1, 65535)


def _address(node: Node | None, on_the_wire: bool) -> str | None:
    address = optional_text(node)
    if node is None or address is None:
        return None
    if on_the_wire:
        return read_host(node)
    check_address(node, address)
    return address


def _control(node: Node, launches: Mapping[str, Launch]) -> Action:
    for form, launch in launches.items():
        if not isinstance(launch, ProgramLaunch) or launch.control is None:
            raise node.fail(
                "device.no-control",
                "this device has no control FIFO that a line could be written to",
                hint=f"name it in launch.{form}.control, or use signal: or command:",
            )
    line = template_of(node, None)
    if "\n" in line.text:
        raise node.fail("device.action", "an action is one line")
    return ControlAction(line)


def _external_action(node: Node, launch: ExternalLaunch) -> Action:
    action = read_external_action(node, launch)
    if action is None:
        raise node.fail(
            "device.action",
            "an action of a device on the wire is one of: cli, http, ask, command",
            hint="what the harness did not start has no control FIFO and gets no signals",
        )
    return action


def _check_external(keys: Mapping[str, Node], ixit: Ixit, launch: Launch) -> None:
    if not isinstance(launch, ExternalLaunch):
        return
    if launch.address and ixit.address and launch.address != ixit.address:
        raise (
            keys["ixit"]
            .mapping()["address"]
            .fail(
                "device.address",
                f"the address is {ixit.address} here and {launch.address} in launch.external",
                hint="one of them is enough",
            )
        )
    actions = entries(keys.get("actions"))
    if entries(keys.get("configurations")) and CONFIGURE not in actions:
        raise keys["configurations"].fail(
            "device.no-configure",
            f"configurations of a device on the wire need an action `{CONFIGURE}`",
            hint="it is told ${configuration}; `default` is the way back",
        )


def _check_listening(node: Node | None, ixit: Ixit, launch: Launch) -> None:
    namespace = launch.namespace if isinstance(launch, ProgramLaunch) else None
    if node is None or namespace is None or ixit.address is None:
        return
    own = [str(interface.ip) for interface in namespace.addresses]
    if str(ipaddress.ip_address(ixit.address)) not in own:
        raise node.mapping()["address"].fail(
            "device.address",
            f"{ixit.address} is no address of the device's namespace",
            hint=f"it has {', '.join(own)}",
        )


def _most(node: Node) -> int:
    """How many there are at a time at most."""
    return node.integer(0, _MOST)


def _version(node: Node) -> Version:
    """A text, or a command that prints it."""
    if not node.is_mapping:
        return Version(text_of(node))
    keys = node.mapping(("command", "pattern"), required=("command",))
    names = {"folder", "binary"}
    return Version(
        command=command_of(keys["command"], names),
        pattern=optional(keys.get("pattern"), read_pattern),
    )


def _check_word(name: str, node: Node) -> None:
    if not _WORD.fullmatch(name):
        raise node.fail("device.name", f"{name!r} is not a name", hint="write call-out")

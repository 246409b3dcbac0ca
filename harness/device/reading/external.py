"""Reading `launch: external` and the actions of such a device. Each mistake is a located error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from harness.device.description.action import (
    ACTION_WITHIN,
    ALIVE_WITHIN,
    ASKED_WITHIN,
    AskAction,
    CommandAction,
    ConsoleAction,
    HttpAction,
)
from harness.device.description.console import Console, ConsoleLine, Transport
from harness.device.description.external import ExternalLaunch, Source
from harness.device.description.template import Template
from harness.device.reading.gather import Gathered
from harness.device.reading.overrides import text_of
from harness.device.reading.pieces import (
    entries,
    optional,
    optional_seconds,
    optional_text,
    read_pattern,
)
from harness.device.reading.templates import command_of, template_of
from harness.located import Node, suggest

ACTION_KINDS: Final = ("cli", "http", "ask", "command")
NOT_ON_THE_WIRE: Final = frozenset({"work", "binary", "interface", "control"})
"""Names that only a device has which the harness starts."""

_KEYS: Final = ("address", "at_once", "ready_within", "source", "secrets", "cli", "alive")
_SOURCE_KEYS: Final = ("address", "interface", "port", "ttl", "dscp")
_CONSOLE_KEYS: Final = (
    *("platform", "transport", "host", "port", "user", "password", "enable", "key"),
    *("check_host_key", "line", "speed", "refused", "login_within"),
)
_TRANSPORTS: Final[tuple[Transport, ...]] = ("ssh", "telnet", "serial")
_HOST = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTERFACE = re.compile(r"[^\s/]{1,15}")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_AF: Final = {
    f"af{group}{drop}": 8 * group + 2 * drop for group in range(1, 5) for drop in (1, 2, 3)
}
DSCP: Final[Mapping[str, int]] = {**{f"cs{n}": 8 * n for n in range(8)}, **_AF, "ef": 46}
"""The names of code points (RFC 2474, 2597, 3246)."""


def read_external(
    node: Node, names: Collection[str], folder: Path, gathered: Gathered
) -> ExternalLaunch:
    """The `external` of a launch. names: what templates may name; folder: the device's."""
    kept = gathered.kept
    keys = entries(node)
    if not node.is_null:
        kept(lambda: gathered.mapping(node, _KEYS), None)
    secrets = kept(lambda: _secrets(keys.get("secrets"), names), {})
    known = {*names, *entries(keys.get("secrets"))} - NOT_ON_THE_WIRE
    console = None
    if "cli" in keys:
        # actions that are lines for it are not wrong because it is
        console = kept(
            lambda: optional(keys["cli"], partial(_console, known=known, folder=folder)),
            Console(platform="", place=node.place),
        )
    launch = ExternalLaunch(
        address=kept(lambda: optional(keys.get("address"), read_host), None),
        at_once=kept(lambda: optional(keys.get("at_once"), _count), None) or 1,
        ready_within=kept(lambda: optional_seconds(keys.get("ready_within"), 10.0), 10.0),
        source=kept(lambda: optional(keys.get("source"), _source), None) or Source(),
        secrets=secrets,
        console=console,
        place=node.place,
    )
    if "alive" not in keys:
        return launch
    return kept(lambda: _with_probe(launch, keys["alive"]), launch)


def _count(node: Node) -> int:
    return node.integer(1, 1000)


def _with_probe(launch: ExternalLaunch, node: Node) -> ExternalLaunch:
    alive = read_external_action(node, launch, ALIVE_WITHIN)
    if alive is None:
        raise node.fail(
            "device.alive", "a probe is one of: cli, http, command", hint="write alive: {cli: LINE}"
        )
    if isinstance(alive, AskAction):
        raise node.fail("device.alive", "a person cannot be asked after every case")
    return replace(launch, alive=alive)


def read_external_action(
    node: Node, launch: ExternalLaunch, within: float | None = None
) -> ConsoleAction | HttpAction | AskAction | CommandAction | None:
    """An action of a device on the wire; None when it is none of these.

    A line alone is typed on the command line. Names may be arguments of a case, so unknown ones are
    no error yet.
    """
    if not node.is_mapping:
        return _lines(node, {}, launch, within)
    keys = node.mapping()
    kinds = [kind for kind in ACTION_KINDS if kind in keys]
    if len(kinds) != 1:
        return None
    match kinds[0]:
        case "cli":
            node.mapping(("cli", "configure", "expect", "within"), what="action")
            return _lines(keys["cli"], keys, launch, within)
        case "http":
            node.mapping(("http", "within"), what="action")
            return _http(keys["http"], keys, within)
        case "ask":
            node.mapping(("ask", "within"), what="action")
            text = template_of(keys["ask"], None)
            return AskAction(text, optional_seconds(keys.get("within"), ASKED_WITHIN))
        case _:
            node.mapping(("command", "within"), what="action")
            command = command_of(keys["command"], None)
            seconds = optional_seconds(keys.get("within"), within or ACTION_WITHIN)
            return CommandAction(command, seconds)


def read_host(node: Node) -> str:
    """An IP address, or a host name. DataError for what can be neither."""
    text = text_of(node)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    looks_numeric = re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*", text)
    if looks_numeric or not _HOST.fullmatch(text):
        raise node.fail(
            "device.address",
            f"{text!r} is no IP address and no host name",
            hint="write 192.0.2.1, 2001:db8::1 or lns.example.net; the port is ixit.port",
        )
    return text


def _secrets(node: Node | None, names: Collection[str]) -> dict[str, str]:
    secrets = {}
    for name, value in entries(node).items():
        if name in names:
            raise value.fail("device.name-taken", f"{name!r} has a meaning of its own")
        if not _NAME.fullmatch(name):
            raise value.fail("device.name", f"{name!r} is not a name", hint="write a_b_1")
        variable = text_of(value)
        if not _VARIABLE.fullmatch(variable):
            raise value.fail(
                "device.secret",
                "this is not the name of an environment variable",
                hint="a secret itself does not belong into peer.yaml: name the variable with it",
            )
        secrets[name] = variable
    return secrets


def _source(node: Node) -> Source:
    keys = node.mapping(_SOURCE_KEYS)
    addresses = tuple(_address(item) for item in _items(keys.get("address")))
    if len(set(addresses)) < len(addresses):
        raise keys["address"].fail("device.address", "an address stands twice")
    if len({":" in one for one in addresses}) > 1:
        raise keys["address"].fail("device.address", "IPv4 and IPv6 are for one run each")
    return Source(
        addresses=addresses,
        interface=optional(keys.get("interface"), _interface),
        port=optional(keys.get("port"), lambda given: given.integer(1, 65535)),
        ttl=optional(keys.get("ttl"), lambda given: given.integer(1, 255)),
        dscp=optional(keys.get("dscp"), _dscp),
    )


def _items(node: Node | None) -> list[Node]:
    return [] if node is None or node.is_null else node.items_or_one()


def _address(node: Node) -> str:
    text = text_of(node)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise node.fail("device.address", f"{text!r} is no IP address") from error


def _interface(node: Node) -> str:
    name = text_of(node)
    if not _INTERFACE.fullmatch(name):
        raise node.fail("device.interface", f"{name!r} is no name of an interface", hint="eth0")
    return name


def _dscp(node: Node) -> int:
    if isinstance(node.content, int) and not isinstance(node.content, bool):
        return node.integer(0, 63)
    name = text_of(node).lower()
    if name.isdecimal() and int(name) < 64:
        return int(name)  # given by --set
    if name not in DSCP:
        raise node.fail("device.dscp", f"unknown code point {name!r}", hint=suggest(name, DSCP))
    return DSCP[name]


def _console(node: Node, known: Collection[str], folder: Path) -> Console:
    keys = node.mapping(_CONSOLE_KEYS, required=("platform",))
    transport: Transport = "ssh"
    if "transport" in keys:
        chosen = keys["transport"].choice(_TRANSPORTS, "transport")
        transport = next(one for one in _TRANSPORTS if one == chosen)
    serial = transport == "serial"
    if serial != ("line" in keys):
        raise node.fail(
            "device.console",
            "a serial transport needs a `line`" if serial else "only a serial transport has a line",
            hint="write line: /dev/ttyUSB0 and transport: serial",
        )
    if "key" in keys and transport != "ssh":
        raise keys["key"].fail("device.console", "only ssh has keys")
    template = partial(template_of, known=known)
    key = optional_text(keys.get("key"))
    return Console(
        platform=text_of(keys["platform"]),
        transport=transport,
        host=optional(keys.get("host"), template),
        port=optional(keys.get("port"), lambda given: given.integer(1, 65535)),
        user=optional(keys.get("user"), template),
        password=optional(keys.get("password"), template),
        enable=optional(keys.get("enable"), template),
        key=folder.resolve() / Path(key).expanduser() if key else None,
        check_host_key=optional(keys.get("check_host_key"), Node.boolean) or False,
        line=optional_text(keys.get("line")),
        speed=optional(keys.get("speed"), lambda given: given.integer(50, 4_000_000)) or 9600,
        refused=optional(keys.get("refused"), read_pattern),
        login_within=optional_seconds(keys.get("login_within"), 15.0),
        place=node.place,
    )


def _lines(
    node: Node, keys: Mapping[str, Node], launch: ExternalLaunch, within: float | None
) -> ConsoleAction:
    if launch.console is None:
        raise node.fail(
            "device.no-console",
            "this device has no command line that a line could be typed on",
            hint="describe it in launch.external.cli, or use http:, command: or ask:",
        )
    lines = tuple(_line(item) for item in node.items_or_one())
    configure = optional(keys.get("configure"), Node.boolean) or False
    if not lines:
        raise node.fail("device.action", "an action needs a line")
    if configure and any(line.answers for line in lines):
        raise node.fail("device.action", "in configuration mode no questions are answered")
    return ConsoleAction(
        lines=lines,
        configure=configure,
        expect=optional(keys.get("expect"), read_pattern),
        within=optional_seconds(keys.get("within"), within or ACTION_WITHIN),
    )


def _line(node: Node) -> ConsoleLine:
    if not node.is_mapping:
        return ConsoleLine(_one_line(node))
    keys = node.mapping(("line", "answers"), required=("line", "answers"))
    answers = []
    for sign, reply in keys["answers"].mapping().items():
        try:
            pattern = re.compile(sign, re.MULTILINE)
        except re.error as error:
            raise reply.fail("device.pattern", f"no regular expression: {error}") from error
        answers.append((pattern, Template("" if reply.is_null else text_of(reply), reply.place)))
    return ConsoleLine(_one_line(keys["line"]), tuple(answers))


def _one_line(node: Node) -> Template:
    template = template_of(node, None)
    if "\n" in template.text:
        raise node.fail("device.action", "a line is one line; write a list for several")
    return template


def _http(node: Node, beside: Mapping[str, Node], within: float | None) -> HttpAction:
    keys = node.mapping(("method", "url", "headers", "body", "expect"), required=("url",))
    method = optional_text(keys.get("method"), "POST") or "POST"
    if method not in _METHODS:
        raise keys["method"].fail(
            "device.method", f"unknown method {method!r}", hint=suggest(method, _METHODS)
        )
    url = template_of(keys["url"], None)
    if not url.text.startswith(("http://", "https://", "${")):
        raise keys["url"].fail("device.url", "a hook has an http or https URL")
    return HttpAction(
        method=method,
        url=url,
        headers={
            name: template_of(value, None) for name, value in entries(keys.get("headers")).items()
        },
        body=_body(keys["body"]) if "body" in keys else None,
        expect=optional(keys.get("expect"), read_pattern),
        within=optional_seconds(beside.get("within"), within or ACTION_WITHIN),
    )


def _body(node: Node) -> Any:
    """A structure with templates in place of its texts; lists become tuples."""
    if node.is_mapping:
        return {name: _body(value) for name, value in node.mapping().items()}
    if node.is_sequence:
        return tuple(_body(item) for item in node.sequence())
    return template_of(node, None) if isinstance(node.content, str) else node.content

"""The small pieces of a peer.yaml, from nodes to values. Each raises DataError at its place."""

from __future__ import annotations

import ipaddress
import re
import signal
from collections.abc import Callable, Iterable
from typing import TypeVar

from harness.device.description.device import Retransmission
from harness.device.description.launch import Needs, Stop
from harness.device.description.template import PlainValue
from harness.device.reading.overrides import text_of
from harness.located import Node, suggest

Value = TypeVar("Value")


def entries(node: Node | None) -> dict[str, Node]:
    """The entries of a mapping that may be missing."""
    return {} if node is None or node.is_null else node.mapping()


def optional(node: Node | None, read: Callable[[Node], Value]) -> Value | None:
    """What is read from a value that may be missing."""
    return None if node is None or node.is_null else read(node)


def optional_text(node: Node | None, default: str | None = None) -> str | None:
    """A text that may be missing."""
    return default if node is None or node.is_null else text_of(node)


def optional_seconds(node: Node | None, default: float) -> float:
    """A duration that may be missing, in seconds."""
    return default if node is None or node.is_null else node.seconds()


def plain(node: Node) -> PlainValue:
    """A value for templates."""
    content = node.content
    if content is not None and not isinstance(content, (str, int, float, bool)):
        raise node.fail("device.value", "expected text, a number, true or false")
    return content


def read_retransmission(node: Node) -> Retransmission:
    """The schedule of retransmissions."""
    keys = node.mapping(("first", "cap", "max"), required=("first", "max"))
    return Retransmission(
        first=keys["first"].seconds(),
        cap=optional(keys.get("cap"), Node.seconds),
        max=keys["max"].integer(1, 1000),
    )


def check_address(node: Node, text: str) -> None:
    """Raise DataError for what is no IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise node.fail("device.address", f"{text!r} is no IP address") from error


def read_signal(node: Node) -> signal.Signals:
    """A signal by its name, with or without SIG."""
    names = {one.name.removeprefix("SIG"): one for one in signal.Signals}
    name = text_of(node).removeprefix("SIG")
    if name not in names:
        raise node.fail("device.signal", f"unknown signal {name!r}", hint=suggest(name, names))
    return names[name]


def read_stop(node: Node) -> Stop:
    """How a process is asked to end."""
    keys = node.mapping(("signal", "within"))
    default = Stop()
    return Stop(
        signal=read_signal(keys["signal"]) if "signal" in keys else default.signal,
        within=optional_seconds(keys.get("within"), default.within),
    )


def read_needs(node: Node) -> Needs:
    """What has to be there before a start."""
    keys = node.mapping(("root", "programs", "files", "install"))
    return Needs(
        root=optional(keys.get("root"), Node.boolean) or False,
        programs=texts(keys.get("programs")),
        files=texts(keys.get("files")),
        install=optional_text(keys.get("install")) or "",
    )


def read_pattern(node: Node) -> re.Pattern[str]:
    """A regular expression."""
    try:
        return re.compile(text_of(node), re.MULTILINE)
    except re.error as error:
        raise node.fail("device.pattern", f"no regular expression: {error}") from error


def texts(node: Node | None) -> tuple[str, ...]:
    """A text, or a list of texts; none when it is missing."""
    items: Iterable[Node] = node.items_or_one() if node is not None else ()
    return tuple(text_of(item) for item in items)

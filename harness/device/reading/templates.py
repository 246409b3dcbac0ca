"""Templates and commands of a peer.yaml, from nodes to values."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from harness.device.description.template import Template
from harness.device.reading.overrides import text_of
from harness.device.templates import check, names_in
from harness.located import Node


def command_of(node: Node, known: Collection[str] | None) -> tuple[Template, ...]:
    """A command. It is split first, so that a value with blanks in it stays one word.

    known: the names that it may refer to; None: any.
    """
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


def template_of(node: Node, known: Collection[str] | None) -> Template:
    """A text with `${name}` in it. known: as for a command."""
    template = Template(text_of(node), node.place)
    _check(template, known)
    return template


def _check(template: Template, known: Collection[str] | None) -> None:
    if known is None:
        list(names_in(template))
    else:
        check(template, known)

"""A step as one line of YAML, for reports: values as they were written, axes filled in."""

from __future__ import annotations

from harness.located import Node

_LONGEST = 400
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+$ ")
_WORDS_OF_YAML = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "~"})


def step_line(step: Node) -> str:
    """The step without its outer braces; longer than 400 characters it ends in `…`."""
    content = step.content
    text = _pairs(content) if isinstance(content, dict) else _flow(step)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _pairs(entries: dict[str, Node]) -> str:
    return ", ".join(
        f"{key}: {_steps(value) if key == 'steps' else _flow(value)}".rstrip()
        for key, value in entries.items()
    )


def _steps(node: Node) -> str:
    """Steps inside a step: only what each does, they have lines of their own."""
    if not isinstance(node.content, list):
        return _flow(node)
    names = [next(iter(one.content), "") for one in node.content if isinstance(one.content, dict)]
    return f"[{', '.join(names)}]"


def _flow(node: Node) -> str:
    if isinstance(node.content, dict):
        return "{" + _pairs(node.content) + "}"
    if isinstance(node.content, list):
        return "[" + ", ".join(_flow(item) for item in node.content) + "]"
    if not isinstance(node.content, str):
        return node.source
    text = node.content
    bare = bool(text) and set(text) <= _PLAIN and text == text.strip() and text[0] != "-"
    if bare and text.lower() not in _WORDS_OF_YAML:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else _escape(one) for one in escaped) + '"'


def _escape(one: str) -> str:
    number = ord(one)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"

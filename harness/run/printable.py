"""Texts of a hostile device, made safe to print: on a terminal, in XML, in a packet comment."""

from __future__ import annotations


def printable(text: str, *, lines: bool = False) -> str:
    """The text with every character that does not print written as an escape.

    Escaped are control characters (so also the escape sequences of a terminal), lone surrogates,
    noncharacters, and the invisible ones that turn or join text (U+202E, U+200D, …). Line feeds
    stay only with `lines`. What comes out is valid XML text once `<`, `&` are quoted.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or (lines and character == "\n")
        else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named:
        return named
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters of the text; says how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… (+{len(text) - limit} characters)"

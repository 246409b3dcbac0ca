"""`${name}`: values that a step takes from an axis or from an earlier step.

A text that is nothing but `${name}` becomes the typed value; within a longer text the value's own
text is put in. `${name+1}` and `${name-1}` add to a number; `${name:2}` is a number as 2 octets. A
text that begins with `0x` stands for octets: octets put into it give their digits, and once
complete it becomes octets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from harness.errors import DataError, Place
from harness.suite.edits import AvpEdit, Compose, Given, HeaderEdit
from harness.suite.model import (
    Alternative,
    Compare,
    DeviceAction,
    Establish,
    Expect,
    Matcher,
    Ppp,
    Send,
    Step,
)
from harness.wire.fields import Value

Variables = Mapping[str, Value]
AnyStep = TypeVar("AnyStep", bound=Step)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
LAST_ID: Final = 65535
"""Ids of tunnels and sessions are 1..65535 (4.4.3, 4.4.4)."""

_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?: *([+-]) *([0-9]{1,9}))?(?: *: *([1-8]))?")
_HEX = re.compile(r"0[xX][0-9A-Fa-f_\s]*")
_FOR_REPORTS = frozenset({"place", "text", "note", "save", "collect"})
_PRINTED_NUMBER = 1 << 128


class Piece(NamedTuple):
    """A part of a text: what stands in front of a placeholder, and the placeholder, if any.

    `add`: what to add to the number; `octets`: how many octets it becomes, 0 if it stays a number.
    """

    front: str
    name: str = ""
    add: int = 0
    octets: int = 0

    @property
    def placeholder(self) -> str:
        """The placeholder as it is written."""
        added = f"{self.add:+d}" if self.add else ""
        width = f":{self.octets}" if self.octets else ""
        return f"${{{self.name}{added}{width}}}" if self.name else ""

    def of(self, value: Value) -> Value:
        """What the placeholder gives for a value. Raises ValueError where it does not fit."""
        if not self.add and not self.octets:
            return value
        if isinstance(value, bytes) and value and self.octets in (0, len(value)):
            # octets are a number of their own width, which wraps as counters do
            number = int.from_bytes(value, "big") + self.add
            return (number % (1 << 8 * len(value))).to_bytes(len(value), "big")
        if isinstance(value, bytes) and self.octets and not self.add:
            raise ValueError(f"{self.placeholder}: {shown(value)} has {len(value)} octets")
        if not isinstance(value, int):
            raise ValueError(f"{self.placeholder}: {shown(value)!r} is no number")
        number = value + self.add
        if not self.octets:
            # behind the highest id there is the lowest, which is not 0 (4.4.3)
            return (number - 1) % LAST_ID + 1 if self.name.endswith("_id") else number
        # counters of the protocol wrap, so that ${ns+1:2} is right behind 65535
        return (number % (1 << 8 * self.octets)).to_bytes(self.octets, "big")


class NoValueError(DataError):
    """A `${name}` has no value at the moment it is needed, or one that does not fit there."""


def has_placeholder(value: object) -> bool:
    """Whether a value is a text, or a mapping with a text, that waits for a variable."""
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(part) for part in value.values())
    return False


@lru_cache(maxsize=4096)
def references(text: str) -> tuple[str, ...]:
    """The names that a text refers to. Raises ValueError where `${` is not followed by a name."""
    found = []
    for match in _PLACEHOLDER.finditer(text):
        reference = _REFERENCE.fullmatch(match[1].strip())
        if reference is None:
            raise ValueError(f"{match[0]!r} is not ${{name}}, ${{name+1}} or ${{name:2}}")
        found.append(reference[1])
    if text.count("${") != len(found):
        raise ValueError(f"{text!r} has a '${{' without a name and a '}}'")
    return tuple(found)


def pieces(text: str) -> list[Piece]:
    """A text cut behind each placeholder; the last piece has none.

    A malformed placeholder is left as text; `references` reports it.
    """
    found = []
    start = 0
    for match in _PLACEHOLDER.finditer(text):
        reference = _REFERENCE.fullmatch(match[1].strip())
        if reference is None:
            continue
        amount = int(reference[3] or 0)
        add = -amount if reference[2] == "-" else amount
        front = text[start : match.start()]
        found.append(Piece(front, reference[1], add, int(reference[4] or 0)))
        start = match.end()
    found.append(Piece(text[start:]))
    return found


def only_placeholder(text: str) -> Piece | None:
    """The placeholder of a text that is nothing else."""
    cut = pieces(text)
    if len(cut) == 2 and not cut[0].front and not cut[1].front:
        return cut[0]
    return None


def names_used(value: object) -> frozenset[str]:
    """All names that a step, or any part of one, refers to. Where it stands and how it reads in a
    report are left out.
    """
    if isinstance(value, str):
        return frozenset(piece.name for piece in pieces(value) if piece.name)
    parts: Iterable[object] = ()
    if is_dataclass(value) and not isinstance(value, type):
        names = (one.name for one in fields(value) if one.name not in _FOR_REPORTS)
        parts = (getattr(value, name) for name in names)
    elif isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, tuple):
        parts = value
    found: set[str] = set()
    for part in parts:
        found |= names_used(part)
    if isinstance(value, Compare):
        found |= set(value.values)
    if isinstance(value, Step):
        found |= set(value.when)
    return frozenset(found)


def hexadecimal(text: str) -> bytes | None:
    """The octets of `0x…`, blanks and `_` between digits allowed; None for another text.

    Raises ValueError for an odd number of digits, and for `0x` before something else.
    """
    if text[:2] not in ("0x", "0X"):
        return None
    if _HEX.fullmatch(text) is None:
        raise ValueError(f"{text!r} begins with 0x, but not all of it are hexadecimal digits")
    digits = re.sub(r"[_\s]", "", text[2:])
    if len(digits) % 2:
        raise ValueError(f"{text!r} has an odd number of hexadecimal digits")
    return bytes.fromhex(digits)


def shown(value: object) -> str:
    """A value as text, octets as `0x…`. Never raises, whatever the size."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray)):
        return f"0x{value.hex()}"
    if isinstance(value, int):
        # Python refuses to print very long integers in decimal
        return str(value) if abs(value) < _PRINTED_NUMBER else hex(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) + "}"
    return str(value)


def substitute(value: Given, variables: Variables, place: Place | None = None) -> Given:
    """The value with every `${name}` replaced. Raises NoValueError."""
    if isinstance(value, Mapping):
        filled: dict[str, int | str | bytes] = {}
        for key, part in value.items():
            given = substitute(part, variables, place)
            if given is None or isinstance(given, Mapping):
                raise NoValueError(
                    "suite.value-shape",
                    f"{shown(part)!r} gives {shown(given)!r}, which cannot be field {key!r}",
                    place=place,
                )
            filled[key] = given
        return filled
    if not isinstance(value, str) or "${" not in value:
        return value
    only = only_placeholder(value)
    if only is not None:
        return _typed(only, variables, place)
    text = _joined(value, variables, place)
    try:
        octets = hexadecimal(text) if value[:2] in ("0x", "0X") else None
    except ValueError as error:
        raise NoValueError("suite.value-shape", str(error), place=place) from None
    return text if octets is None else octets


def substitute_text(text: str, variables: Variables, place: Place | None = None) -> str:
    """As `substitute`, but the result is text whatever the values are. Raises NoValueError."""
    return _joined(text, variables, place)


def resolve(step: AnyStep, variables: Variables) -> AnyStep:
    """The step with its `${name}`s filled in. Steps inside a `repeat` stay as they are.

    Raises NoValueError at the step's place.
    """
    place = step.place
    step = replace(
        step,
        tunnel=substitute_text(step.tunnel, variables, place),
        session=substitute_text(step.session, variables, place),
    )
    if isinstance(step, Send):
        sender = step.from_
        return replace(
            step,
            compose=resolve_compose(step.compose, variables, place),
            from_=None if sender is None else substitute_text(sender, variables, place),
        )
    if isinstance(step, Expect):
        return replace(
            step,
            at=None if step.at is None else substitute_text(step.at, variables, place),
            alternatives=tuple(
                resolve_alternative(one, variables, place) for one in step.alternatives
            ),
        )
    if isinstance(step, Compare):
        return replace(step, values=_matchers(step.values, variables, place))
    if isinstance(step, Ppp):
        return replace(step, header=step.header and _header(step.header, variables, place))
    if isinstance(step, DeviceAction):
        texts = {key: substitute_text(one, variables, place) for key, one in step.values.items()}
        return replace(step, action=substitute_text(step.action, variables, place), values=texts)
    if isinstance(step, Establish):
        filled = {
            name: resolve_compose(one, variables, place) for name, one in step.messages.items()
        }
        return replace(step, messages=filled)
    return step


def resolve_compose(compose: Compose, variables: Variables, place: Place | None = None) -> Compose:
    """The message with its `${name}`s filled in. Raises NoValueError."""
    raw = compose.raw
    if isinstance(raw, str):
        given = substitute(raw, variables, place)
        if not isinstance(given, (str, bytes)):
            raise NoValueError(
                "suite.value-shape", f"raw octets cannot be {shown(given)}", place=place
            )
        raw = given
    hide = compose.hide
    if hide is not None and hide.secret is not None:
        hide = replace(hide, secret=substitute_text(hide.secret, variables, place))
    return replace(
        compose,
        hide=hide,
        set={name: substitute(one, variables, place) for name, one in compose.set.items()},
        add=tuple(_edit(one, variables, place) for one in compose.add),
        replace={name: _edit(one, variables, place) for name, one in compose.replace.items()},
        header=compose.header and _header(compose.header, variables, place),
        raw=raw,
    )


def resolve_alternative(
    alternative: Alternative, variables: Variables, place: Place | None = None
) -> Alternative:
    """The alternative with the `${name}`s of its matchers filled in. Raises NoValueError."""
    return replace(
        alternative,
        where=_matchers(alternative.where, variables, place),
        header=_matchers(alternative.header, variables, place),
    )


def resolve_matcher(matcher: Matcher, variables: Variables, place: Place | None = None) -> Matcher:
    """The matcher with its `${name}`s filled in; in a regular expression they stand for themselves.

    Raises NoValueError.
    """
    pattern = matcher.pattern
    if pattern is not None and "${" in pattern:
        pattern = "".join(
            one.front + (re.escape(shown(_typed(one, variables, place))) if one.name else "")
            for one in pieces(pattern)
        )
    return replace(
        matcher,
        equals=substitute(matcher.equals, variables, place),
        one_of=tuple(substitute(one, variables, place) for one in matcher.one_of),
        none_of=tuple(substitute(one, variables, place) for one in matcher.none_of),
        pattern=pattern,
        fields=_matchers(matcher.fields, variables, place),
    )


def _matchers(
    matchers: Mapping[str, Matcher], variables: Variables, place: Place | None
) -> dict[str, Matcher]:
    return {name: resolve_matcher(one, variables, place) for name, one in matchers.items()}


def _edit(edit: AvpEdit, variables: Variables, place: Place | None) -> AvpEdit:
    return replace(edit, value=substitute(edit.value, variables, place))


def _header(edit: HeaderEdit, variables: Variables, place: Place | None) -> HeaderEdit:
    def number(name: str, given: int | str | bool | None) -> int | str | bool | None:
        if not isinstance(given, str) or "${" not in given:
            return given
        value = substitute(given, variables, place)
        if not isinstance(value, int):
            raise NoValueError(
                "suite.value-shape",
                f"header field {name} cannot be {shown(value)!r}",
                place=place,
            )
        return value & 0xFFFF

    return replace(
        edit,
        length=number("length", edit.length),
        tunnel_id=number("tunnel_id", edit.tunnel_id),
        session_id=number("session_id", edit.session_id),
        ns=number("ns", edit.ns),
        nr=number("nr", edit.nr),
    )


def _typed(piece: Piece, variables: Variables, place: Place | None) -> Value:
    if piece.name not in variables:
        raise NoValueError(
            "suite.no-value",
            f"${{{piece.name}}} has no value: no step that ran has saved it",
            place=place,
        )
    try:
        return piece.of(variables[piece.name])
    except ValueError as error:
        raise NoValueError("suite.value-shape", str(error), place=place) from None


def _joined(text: str, variables: Variables, place: Place | None) -> str:
    in_octets = text[:2] in ("0x", "0X")
    words = []
    for piece in pieces(text):
        words.append(piece.front)
        if piece.name:
            word = shown(_typed(piece, variables, place))
            words.append(word.removeprefix("0x") if in_octets else word)
    return "".join(words)

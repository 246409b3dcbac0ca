"""Values of AVPs as fields: what the octets of a value stand for, driven by the spec table.

A value with one visible field is that field's bare value; with several it is a mapping by field
name; with none it is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FieldValue = int | str | bytes
Value = int | str | bytes | None | Mapping[str, int | str | bytes]

_RAW_OCTETS = re.compile(r"0[xX]([0-9a-fA-F]*)")


class FieldKind(StrEnum):
    """What the octets of a field are: an unsigned integer, octets as they are, UTF-8 text."""

    UINT = "uint"
    OCTETS = "octets"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an AVP value.

    `octets`: how many it has; None: all that is left of the value, which suits only the last
    field and no integer. `optional`: it may be absent, together with all behind it. `constant`:
    a reserved field of this value, which is written but not shown. Raises ValueError where these
    contradict each other.
    """

    name: str
    kind: FieldKind
    octets: int | None = None
    optional: bool = False
    constant: int | None = None

    def __post_init__(self) -> None:
        if self.octets is not None and self.octets < 1:
            raise ValueError(f"{self.name}: a field has at least 1 octet, not {self.octets}")
        if self.octets is None and (self.kind is FieldKind.UINT or self.constant is not None):
            raise ValueError(f"{self.name}: an integer or reserved field needs a number of octets")
        if self.constant is not None and self.octets is not None:
            _from_integer(self.name, self.constant, self.octets)


def check_fields(fields: Sequence[Field]) -> list[str]:
    """What is wrong with a list of fields: a name twice, or fields that no reader can part."""
    problems = []
    seen: set[str] = set()
    for place, field in enumerate(fields):
        if field.name in seen:
            problems.append(f"field {field.name} stands twice")
        seen.add(field.name)
        behind = fields[place + 1 :]
        if behind and field.octets is None:
            problems.append(f"field {field.name} takes all that is left, yet fields follow")
        if field.optional and any(not other.optional for other in behind):
            problems.append(f"field {field.name} is optional, yet required fields follow")
    return problems


def encode_value(fields: Sequence[Field], value: Value) -> bytes:
    """The octets of a value.

    Bytes, or a text of the form `0x` and an even number of hexadecimal digits, are taken as the
    octets of the whole value whatever the fields are. Raises ValueError that says what does not
    fit.
    """
    if isinstance(value, bytes):
        return value
    shown = [field for field in fields if field.constant is None]
    if isinstance(value, str):
        raw = _raw_octets(value)
        if raw is not None:
            return raw
    if isinstance(value, Mapping):
        given: Mapping[str, FieldValue] = value
    elif value is None:
        given = {}
    elif len(shown) == 1:
        given = {shown[0].name: value}
    elif shown:
        names = ", ".join(field.name for field in shown)
        raise ValueError(f"the value has several fields ({names}), found {value!r}")
    else:
        raise ValueError(f"the AVP has no value, found {value!r}")
    return _encode_fields(fields, shown, given)


def decode_value(fields: Sequence[Field], data: bytes) -> Value:
    """The value that octets stand for; absent optional fields are left out.

    Text that is not UTF-8 has its wrong octets shown with a backslash. Reserved fields are not
    looked at, `reserved_problems` does that. Raises ValueError if the length does not fit.
    """
    found: dict[str, FieldValue] = {}
    for field, part in _parted(fields, data):
        if field.constant is not None:
            continue
        if field.kind is FieldKind.UINT:
            found[field.name] = int.from_bytes(part, "big")
        elif field.kind is FieldKind.TEXT:
            found[field.name] = part.decode("utf-8", "backslashreplace")
        else:
            found[field.name] = part
    shown = [field for field in fields if field.constant is None]
    if len(shown) == 1:
        return found.get(shown[0].name)
    return found if shown else None


def reserved_problems(fields: Sequence[Field], data: bytes) -> list[str]:
    """Which reserved fields do not hold what they must. ValueError if the length does not fit."""
    problems = []
    for field, part in _parted(fields, data):
        if field.constant is not None and int.from_bytes(part, "big") != field.constant:
            problems.append(f"reserved field {field.name} is 0x{part.hex()}")
    return problems


def _parted(fields: Sequence[Field], data: bytes) -> list[tuple[Field, bytes]]:
    """The octets of each field that is there."""
    parts: list[tuple[Field, bytes]] = []
    place = 0
    for field in fields:
        left = len(data) - place
        if field.optional and not left:
            return parts
        size = left if field.octets is None else field.octets
        if size > left:
            raise ValueError(
                f"{len(data)} octets are too short: {field.name} needs {size} at octet {place}"
            )
        parts.append((field, data[place : place + size]))
        place += size
    if place < len(data):
        raise ValueError(f"{len(data)} octets are too long: the value ends after {place}")
    return parts


def _encode_fields(
    fields: Sequence[Field], shown: Sequence[Field], given: Mapping[str, FieldValue]
) -> bytes:
    names = [field.name for field in shown]
    for name in given:
        if name not in names:
            known = ", ".join(names) if names else "none"
            raise ValueError(f"unknown field {name!r} (known: {known})")
    # reserved fields behind the last given one are written only if they are not optional
    parts = []
    absent: str | None = None
    for place, field in enumerate(fields):
        if field.constant is not None and field.octets is not None:
            wanted = any(other.name in given for other in fields[place:])
            if wanted or not field.optional:
                parts.append(_from_integer(field.name, field.constant, field.octets))
            continue
        if field.name not in given:
            if not field.optional:
                raise ValueError(f"field {field.name} is missing")
            absent = absent or field.name
            continue
        if absent:
            raise ValueError(f"field {field.name} needs field {absent} before it")
        parts.append(_encode_field(field, given[field.name]))
    return b"".join(parts)


def _encode_field(field: Field, value: object) -> bytes:
    if field.kind is FieldKind.UINT:
        if not isinstance(value, int) or isinstance(value, bool) or field.octets is None:
            raise ValueError(f"{field.name} is an integer, found {value!r}")
        return _from_integer(field.name, value, field.octets)
    octets = _octets(field, value)
    if field.octets is not None and len(octets) != field.octets:
        raise ValueError(f"{field.name} has {field.octets} octets, found {len(octets)}")
    return octets


def _octets(field: Field, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        raw = _raw_octets(value)
        if raw is not None:
            return raw
        if field.kind is FieldKind.TEXT:
            try:
                return value.encode("utf-8")
            except UnicodeEncodeError:
                raise ValueError(f"{field.name} is not text of Unicode: {value!a}") from None
    what = "text" if field.kind is FieldKind.TEXT else 'octets as a quoted "0x…" text'
    raise ValueError(f"{field.name} is {what}, found {value!r}")


def _raw_octets(text: str) -> bytes | None:
    """The octets of a `0x` text, None for another text."""
    match = _RAW_OCTETS.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    if len(digits) % 2:
        raise ValueError(f"{text!r} has an odd number of hexadecimal digits")
    return bytes.fromhex(digits)


def _from_integer(name: str, value: int, octets: int) -> bytes:
    if not 0 <= value < 1 << 8 * octets:
        raise ValueError(f"{name} is {value}, {octets} octets hold 0..{(1 << 8 * octets) - 1}")
    return value.to_bytes(octets, "big")

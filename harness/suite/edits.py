"""What a suite says of a message to send: the valid one of the spec table, and edits made to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = int | str | bytes | bool | None
Given = Scalar | Mapping[str, int | str | bytes]
"""A value as a suite gives it: bare, a mapping of field names, or text with `${name}` in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvpEdit:
    """An AVP to add, or what to change of one that the message has. None leaves a part as it is.

    size: octets to which the value is brought, by repeating it and cutting it off. cut, append:
    octets to take from its end, and then to put there.
    """

    name: str | None = None
    type: int | None = None
    vendor: int | None = None
    mandatory: bool | None = None
    hidden: bool | None = None
    reserved: int | None = None
    length: int | None = None
    value: Given = None
    has_value: bool = False
    size: int | None = None
    cut: int = 0
    append: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderEdit:
    """Header fields to set against their nature.

    Numbers may be given as text: `+1` and `-1` are relative to what the field would hold. `flags`
    replaces the whole first word; `False` for length, ns or nr clears the field and its bit.
    """

    version: int | None = None
    length: int | str | bool | None = None
    tunnel_id: int | str | None = None
    session_id: int | str | None = None
    ns: int | str | bool | None = None
    nr: int | str | bool | None = None
    priority: bool | None = None
    offset: int | None = None
    reserved: int | None = None
    flags: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hide:
    """Which AVPs of a message to hide (RFC 2661 4.3), and how.

    vector: where the Random Vector stands: `ahead`, as it must, `behind` all other AVPs, or
    `left-out`, and then it is empty unless it is given.
    """

    avps: tuple[str, ...]
    padding: int = 0
    random_vector: bytes | None = None
    secret: str | None = None
    each_its_own: bool = False
    vector: str = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """A message: the valid one of the spec table, and the edits made to it."""

    message: str
    set: Mapping[str, Given] = field(default_factory=dict)
    add: tuple[AvpEdit, ...] = ()
    omit: tuple[str, ...] = ()
    double: tuple[str, ...] = ()
    replace: Mapping[str, AvpEdit] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    reverse: bool = False
    header: HeaderEdit | None = None
    hide: Hide | None = None
    raw: str | bytes | None = None
    cut: int | None = None
    append: bytes = b""
    payload: bytes = b""

    @property
    def is_edited(self) -> bool:
        """Whether it is anything but the valid message of the table."""
        return self != Compose(message=self.message) or not self.message.isalpha()

    @property
    def is_malformed(self) -> bool:
        """Whether the edits reach below the AVPs, so that the IUT may well discard the message."""
        return bool(self.header or self.raw is not None or self.cut is not None or self.append)

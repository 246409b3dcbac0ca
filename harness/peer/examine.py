"""What a received control message says, and whether it may be used (RFC 2661 4.1, 4.3, 7.1).

The rules, in the order in which they are applied to each AVP behind the Message Type:
- a reserved bit, another vendor or an attribute that is not in the table: not recognized;
- hidden and not to be revealed, of a wrong length or with a value out of range: malformed;
- with M = 1 either ends the session or the tunnel that the message belongs to, with M = 0 the AVP
  counts as absent;
- then every mandatory AVP of the message has to be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.spec.model import MessageSpec, Specification
from harness.wire import AVP, Packet, Value, reveal

GENERAL_ERROR = 2
"""Result code of StopCCN and CDN: the error code says what is wrong (4.4.2)."""

LENGTH_IS_WRONG = 2
OUT_OF_RANGE = 3
NO_RESOURCES = 4
INVALID_SESSION = 5
VENDOR_ERROR = 6
UNKNOWN_MANDATORY_AVP = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message cannot be accepted: result and error code (4.4.2), and a text for a person."""

    error: int
    text: str
    result: int = GENERAL_ERROR

    def result_code(self, *with_error: int) -> dict[str, int | str | bytes]:
        """The Result Code AVP that says so. with_error: results but 2 that have an error code."""
        error = self.error if self.result in (GENERAL_ERROR, *with_error) else 0
        return {"result": self.result, "error": error, "message": self.text}


@dataclass(frozen=True, slots=True)
class Examined:
    """A control message read against the spec table.

    number: the Message Type, None when the first AVP is not a readable one. message: its row of
    the table, None when unknown. mandatory: the M bit of the Message Type AVP. values: by AVP
    name, the first of its name wins. ignored: what was left out of account, in words.
    """

    number: int | None
    message: MessageSpec | None
    mandatory: bool
    values: Mapping[str, Value] = field(default_factory=dict)
    octets: Mapping[str, bytes] = field(default_factory=dict)
    fault: Fault | None = None
    ignored: tuple[str, ...] = ()

    def integer(self, name: str) -> int | None:
        """The value of an AVP that is a single integer, None when absent."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None


def examine(specification: Specification, packet: Packet, secret: bytes | None) -> Examined:
    """Read a control message that is not a ZLB."""
    number = packet.message_type
    if number is None:
        text = "the first AVP is not a Message Type"
        return Examined(None, None, True, fault=Fault(OUT_OF_RANGE, text))
    first = packet.avps[0]
    if first.reserved:
        return Examined(number, None, True, fault=_unrecognized(first))
    if first.length is not None:
        fault = Fault(LENGTH_IS_WRONG, f"message_type: Length is {first.length}")
        return Examined(number, None, True, fault=fault)
    message = specification.message(number)
    if message is None:
        return Examined(number, None, first.mandatory)
    reader = _Reader(specification, message)
    reader.read(packet.avps[1:], secret)
    return Examined(
        number,
        message,
        first.mandatory,
        reader.values,
        reader.octets,
        reader.fault or _missing(message, reader.values) or _leftover(packet),
        tuple(reader.ignored),
    )


class _Reader:
    def __init__(self, specification: Specification, message: MessageSpec) -> None:
        self.specification = specification
        self.message = message
        self.values: dict[str, Value] = {}
        self.octets: dict[str, bytes] = {}
        self.fault: Fault | None = None
        self.ignored: list[str] = []

    def read(self, avps: Sequence[AVP], secret: bytes | None) -> None:
        clear, problems = reveal(avps, secret)
        unreadable = dict(problems)
        for index, avp in enumerate(clear):
            spec = None if avp.reserved else self.specification.avp(avp.type, avp.vendor)
            if spec is None:
                self._refuse(avp, _unrecognized(avp))
            elif avp.length is not None:
                text = f"{spec.name}: Length is {avp.length}"
                self._refuse(avp, Fault(LENGTH_IS_WRONG, text))
            elif index in unreadable:
                self._refuse(avp, Fault(OUT_OF_RANGE, f"{spec.name}: {unreadable[index]}"))
            else:
                self._take(spec.name, avp)

    def _take(self, name: str, avp: AVP) -> None:
        spec = self.specification.avps[name]
        for finding in spec.findings(self.message.name, avp.value):
            wrong_length = finding.aspect == "length"
            if not wrong_length and name in _JUDGED_ELSEWHERE:
                continue
            error = LENGTH_IS_WRONG if wrong_length else OUT_OF_RANGE
            self._refuse(avp, Fault(error, f"{name}: {finding.text}"))
            return
        if name not in self.values:
            self.values[name] = spec.decode(avp.value)
            self.octets[name] = avp.value

    def _refuse(self, avp: AVP, fault: Fault) -> None:
        if not avp.mandatory:
            self.ignored.append(fault.text)
        elif self.fault is None:
            self.fault = fault


_JUDGED_ELSEWHERE = frozenset({"protocol_version", "result_code"})
"""A version has a result code of its own (5); any result code ends what it is about (P-57)."""


def _unrecognized(avp: AVP) -> Fault:
    shown = f"vendor {avp.vendor} attribute {avp.type}"
    return Fault(UNKNOWN_MANDATORY_AVP, f"unrecognized mandatory AVP: {shown}")


def _missing(message: MessageSpec, values: Mapping[str, Value]) -> Fault | None:
    for name in message.mandatory:
        if name != "message_type" and name not in values:
            return Fault(OUT_OF_RANGE, f"{message.name} without {name}")
    return None


def _leftover(packet: Packet) -> Fault | None:
    """Octets within the Length that are too few for an AVP."""
    end = packet.header.size + sum(avp.size for avp in packet.avps)
    length = packet.header.length
    last = packet.avps[-1]
    if length is None or length <= end or last.length is not None:
        return None
    return Fault(LENGTH_IS_WRONG, f"{length - end} octets behind the last AVP")

"""A datagram as the judge reads it: what the wire says, and what the tables make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from harness.spec.model import ALL_MESSAGES, Aspect, AvpSpec, MessageSpec, Specification
from harness.wire import AVP, Defect, DefectKind, Header, Packet, Value, parse, reveal
from harness.wire.model import RANDOM_VECTOR

ZLB: Final = "ZLB"
UNKNOWN: Final = "?"

STRUCTURE_DEFECTS: Final = frozenset(
    {
        DefectKind.AVP_LENGTH_SMALL,
        DefectKind.AVP_TRUNCATED,
        DefectKind.TRAILING_OCTETS,
        DefectKind.LENGTH_IN_HEADER,
    }
)
"""Behind these nobody knows where an AVP begins, or whether all of them are there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An AVP of the table, with what is worked out once for all of them.

    `rows`: by aspect. `messages`: that may carry it, None for all. `only_length`: there is nothing
    to say about a value but how long it is.
    """

    spec: AvpSpec
    rows: Mapping[Aspect, str]
    messages: frozenset[str] | None
    only_length: bool

    @classmethod
    def of(cls, specification: Specification, spec: AvpSpec) -> Plan:
        """The plan of an AVP."""
        rows: dict[Aspect, str] = {}
        for aspect in get_args(Aspect):
            try:
                rows[aspect] = specification.avp_row(spec.name, aspect)
            except KeyError:
                continue  # the table has nothing to say about this aspect of it
        fixed = all(not field.optional for field in spec.fields)
        return cls(
            spec=spec,
            rows=rows,
            messages=None if ALL_MESSAGES in spec.messages else frozenset(spec.messages),
            only_length=not spec.judges_values and fixed,
        )

    def carried_by(self, message: str) -> bool:
        """Whether a message may have it."""
        return self.messages is None or message in self.messages


Plans = Mapping[tuple[int, int], Plan]
"""By vendor and attribute type."""


def plans_of(specification: Specification) -> Plans:
    """The plans of all AVPs. There is one monitor for each case, and one table for all of them."""
    return {
        number: Plan.of(specification, spec) for number, spec in specification.avp_numbers.items()
    }


class Item:
    """One AVP of a message: as it came, in clear, and its entry of the table.

    `index` among the AVPs. `readable`: the value is in clear or could be deciphered. `plan` and
    `spec` are None for an AVP that no table has, or that its reserved bits make unrecognized.
    """

    __slots__ = ("avp", "came", "index", "plan", "readable")

    def __init__(self, index: int, came: AVP, avp: AVP, plan: Plan | None) -> None:
        self.index = index
        self.came = came
        self.avp = avp
        self.plan = plan
        self.readable = not avp.hidden and avp.length is None

    @property
    def spec(self) -> AvpSpec | None:
        """Its entry of the table."""
        return self.plan.spec if self.plan is not None else None


@dataclass(slots=True, eq=False)
class Message:
    """A control message. `name`: as the tables have it, `ZLB`, or `?` where no table knows it.

    `problems`: what hidden AVPs could not be read, index and reason.
    """

    packet: Packet
    defects: tuple[Defect, ...]
    data: bytes
    name: str
    spec: MessageSpec | None
    items: list[Item]
    problems: list[tuple[int, str]]
    _digest: int | None = field(default=None, repr=False)

    @property
    def header(self) -> Header:
        """The header as it came."""
        return self.packet.header

    @property
    def sound(self) -> bool:
        """Whether every reader takes it for the same message with the same AVPs."""
        if self.name == UNKNOWN or self.problems:
            return False
        return not self.defects

    def kinds(self) -> frozenset[DefectKind]:
        """The kinds of its defects."""
        return frozenset(defect.kind for defect in self.defects)

    def offset(self, index: int) -> int:
        """Where in the datagram the AVP of this index starts."""
        return self.packet.offset_of(index)

    def all(self, name: str) -> list[Item]:
        """Every AVP of that name, readable or not."""
        return [one for one in self.items if one.plan is not None and one.plan.spec.name == name]

    def has(self, name: str) -> bool:
        """Whether an AVP of that name stands in it, readable or not."""
        return any(one.plan is not None and one.plan.spec.name == name for one in self.items)

    def carries(self, spec: AvpSpec) -> bool:
        """As `has`, counting an AVP that its reserved bits make unrecognized (4.1)."""
        number = (spec.type, spec.vendor)
        return any((one.came.type, one.came.vendor) == number for one in self.items)

    def unreadable(self, name: str) -> bool:
        """Whether an AVP of that name cannot be read: hidden, malformed, or of a bad length."""
        return any(self._value(one) is None for one in self.all(name))

    def octets(self, name: str) -> list[bytes]:
        """The values of the readable AVPs of that name."""
        return [one.avp.value for one in self.all(name) if one.readable]

    def integers(self, name: str) -> list[int]:
        """The values of the AVPs of that name that are integers of the right length."""
        values = [self._value(one) for one in self.all(name)]
        return [value for value in values if isinstance(value, int)]

    def integer(self, name: str) -> int | None:
        """The first of `integers`."""
        for one in self.all(name):
            value = self._value(one)
            if isinstance(value, int):
                return value
        return None

    def value(self, name: str) -> Value:
        """The first value of that name; None if there is none or it cannot be read."""
        for one in self.all(name):
            value = self._value(one)
            if value is not None:
                return value
        return None

    @staticmethod
    def _value(item: Item) -> Value:
        if not item.readable or item.spec is None:
            return None
        try:
            return item.spec.decode(item.avp.value)
        except ValueError:
            return None

    @property
    def digest(self) -> int:
        """A hash of what stays the same when the message is sent again: its AVPs in clear.

        A sender may hide its values anew under another Random Vector, so that these do not count.
        """
        if self._digest is None:
            if any(one.came.hidden for one in self.items):
                avps = tuple(
                    one.avp._replace(value=one.avp.value if one.readable else b"", hidden=True)
                    for one in self.items
                    if one.avp.type != RANDOM_VECTOR or one.avp.vendor
                )
                self._digest = hash((avps, self.packet.trailing))
            else:
                self._digest = hash((self.packet.avps, self.packet.trailing))
        return self._digest


class Reader:
    """Reads datagrams by the tables of a specification.

    `secret`: to decipher hidden AVPs with. `plans`: `plans_of` the specification.
    """

    def __init__(self, specification: Specification, plans: Plans, secret: bytes | None) -> None:
        self._specification = specification
        self._secret = secret
        self._plans = plans

    def read(self, data: bytes) -> Message | Packet | None:
        """A control message; the packet as it is if it is a data message; None if it is neither.

        Nothing of a datagram whose version is not 2 is read further: `Message.items` is empty.
        """
        parsed = parse(data)
        packet = parsed.packet
        if packet is None:
            return None
        if not packet.header.control:
            return packet
        if packet.header.version != 2:
            return Message(packet, parsed.defects, data, UNKNOWN, None, [], [])
        came = packet.avps
        clear: Sequence[AVP] = came
        problems: list[tuple[int, str]] = []
        if any(avp.hidden for avp in came):
            clear, problems = reveal(came, self._secret)
        plans = self._plans
        items = [
            Item(index, one, avp, None if avp.reserved else plans.get((avp.vendor, avp.type)))
            for index, (one, avp) in enumerate(zip(came, clear, strict=True))
        ]
        number = packet.message_type
        spec = self._specification.message(number) if number is not None else None
        known = spec.name if spec is not None else UNKNOWN
        name = ZLB if packet.is_zlb else known
        return Message(packet, parsed.defects, data, name, spec, items, problems)

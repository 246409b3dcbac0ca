"""RFC 2661 as frozen values: messages, AVPs, codes, state rows and requirements.

Filled from `suites/spec/<name>/*.yaml` by `harness.spec.load`; nothing in the code repeats a fact
that stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from harness.errors import Place
from harness.spec.values import ValueRule
from harness.wire.fields import Field, Value, decode_value, encode_value, reserved_problems

Scope = Literal["tunnel", "session"]
Keyword = Literal["upper", "lower"]
Severity = Literal["fail", "warn", "note"]
Aspect = Literal["M", "H", "length", "value", "messages"]

ALL_MESSAGES = "*"
"""Stands in `AvpSpec.messages` for an AVP that every message may carry."""

MAX_VALUE_OCTETS = 1017
"""The 10-bit Length counts the 6 octets of the AVP header as well (RFC 2661 4.1)."""


class Role(StrEnum):
    """The sides of a tunnel."""

    LAC = "lac"
    LNS = "lns"

    @property
    def one(self) -> str:
        """`a LAC` or `an LNS`."""
        return "a LAC" if self is Role.LAC else "an LNS"


BOTH_ROLES = frozenset(Role)


LOWER_CASE = " (lower case)"


class Level(StrEnum):
    """How strongly a rule binds. IMPLIED: the RFC states it without a key word."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"
    IMPLIED = "implied"


class ValueFinding(NamedTuple):
    """A fault in an AVP's value: `aspect` is `length` or `value` as in the row ids."""

    aspect: Aspect
    text: str


@dataclass(frozen=True, slots=True)
class AvpSpec:
    """An AVP of section 4.4.

    `mandatory`: what its M bit has to be. `hideable`: whether its H bit may be set. `min_length`,
    `max_length`: octets of the value, 0..1017, before hiding. `messages`: names of the messages
    that utilize it, or `("*",)`. `values`: rules about the numbers in it; `length_level` and
    `value_level`: how strongly the RFC puts the least length and those rules. `example`: a plain
    value that fits.
    """

    type: int
    vendor: int
    name: str
    title: str
    section: str
    mandatory: bool
    hideable: bool
    fields: tuple[Field, ...]
    min_length: int
    max_length: int
    length_level: Level
    values: tuple[ValueRule, ...]
    value_level: Level
    messages: tuple[str, ...]
    example: Any
    place: Place

    def encode(self, value: Value) -> bytes:
        """The octets of a value; bytes or a `0x` text are taken as they are.

        Raises ValueError that says what does not fit.
        """
        return encode_value(self.fields, value)

    def decode(self, data: bytes) -> Value:
        """The value that the octets stand for. Raises ValueError if the length does not fit."""
        return decode_value(self.fields, data)

    def used_in(self, message: str) -> bool:
        """Whether the message may carry it."""
        return message in self.messages or ALL_MESSAGES in self.messages

    @property
    def judges_values(self) -> bool:
        """Whether there is anything to say about the numbers in it."""
        return bool(self.values) or any(field.constant is not None for field in self.fields)

    def findings(self, message: str, data: bytes) -> tuple[ValueFinding, ...]:
        """What is wrong with the octets of a value, unhidden, within this message.

        A length that does not fit hides all else, as nothing can be told apart then.
        """
        length = len(data)
        if not self.min_length <= length <= self.max_length:
            return (ValueFinding("length", f"{self._expected_length()}, found {length}"),)
        try:
            shown = decode_value(self.fields, data)
            faults = reserved_problems(self.fields, data)
        except ValueError as error:
            return (ValueFinding("length", str(error)),)
        for rule in self.values:
            number = shown.get(rule.field) if isinstance(shown, Mapping) else shown
            if isinstance(number, int) and rule.concerns(message):
                problem = rule.problem(number)
                if problem:
                    faults.append(problem)
        return tuple(ValueFinding("value", fault) for fault in faults)

    def check(self, message: str, data: bytes) -> list[str]:
        """As `findings`, texts only."""
        return [finding.text for finding in self.findings(message, data)]

    def _expected_length(self) -> str:
        if self.min_length == self.max_length:
            return f"the value of {self.name} has {self.min_length} octets"
        if self.max_length == MAX_VALUE_OCTETS:
            return f"the value of {self.name} has {self.min_length} octets or more"
        return f"the value of {self.name} has {self.min_length} to {self.max_length} octets"


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A control message of section 6.

    `mandatory` begins with `message_type`. `example`: plain values by AVP name that, with the
    type, make a minimal valid message where nothing else gives them.
    """

    type: int
    name: str
    title: str
    section: str
    senders: frozenset[Role]
    scope: Scope
    mandatory: tuple[str, ...]
    optional: tuple[str, ...]
    example: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class ResultCode:
    """A result code of one message, or a general error code (4.4.2).

    `message` is empty for an error code. `reserved`: in the list without a meaning. `error_code`:
    an Error Code follows and explains it. `excluded`: why a peer cannot judge its use.
    """

    number: int
    message: str
    text: str
    section: str
    role: frozenset[Role]
    reserved: bool
    error_code: bool
    excluded: str | None
    place: Place


ErrorCode = ResultCode


@dataclass(frozen=True, slots=True)
class StateRow:
    """A printed row of a state table of section 7.

    `event`: `receive` (then `messages`), or what happens inside. `condition`: `acceptable`,
    `not-acceptable` or `loses-tie`, where the table tells them apart.
    """

    id: str
    section: str
    machine: str
    role: frozenset[Role]
    states: tuple[str, ...]
    event: str
    messages: tuple[str, ...]
    condition: str | None
    actions: tuple[str, ...]
    next_state: str
    place: Place

    @property
    def sends(self) -> tuple[str, ...]:
        """The messages that the row sends."""
        words = (action.split() for action in self.actions)
        return tuple(message for verb, *rest in words if verb == "send" for message in rest)

    def text(self) -> str:
        """The row in one sentence."""
        if self.event == "receive":
            event = f"{_listed(self.messages)} received"
        else:
            event = self.event.replace("-or-", " or ").replace("-", " ")
        if self.condition:
            event += f" ({self.condition.replace('-', ' ')})"
        done = ", then ".join(action.replace("-", " ") for action in self.actions)
        return f"In {_listed(self.states)}, {event}: {done or 'no action'}, next {self.next_state}."


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule that binds a LAC, an LNS or both.

    `keyword`: whether the RFC writes the key word in capitals; `lower` as well where there is
    none. `excluded`: why a peer on the wire cannot observe it. `about`: messages and AVPs it
    speaks of. `derived`: made from a table rather than typed in requirements.yaml. `table`: which
    specification, or overlay on it, says so. `void`: an overlay takes the rule back, and `excluded`
    says why; nothing that breaks it is worse than a note.
    """

    id: str
    section: str
    level: Level
    keyword: Keyword
    role: frozenset[Role]
    text: str
    excluded: str | None
    about: tuple[str, ...]
    derived: bool
    place: Place
    table: str = ""
    void: bool = False

    @property
    def severity(self) -> Severity:
        """What breaking it comes to, unless a policy says otherwise."""
        if self.level is Level.MAY or self.void:
            return "note"
        binding = self.level in (Level.MUST, Level.MUST_NOT)
        return "fail" if binding and self.keyword == "upper" else "warn"

    @property
    def level_name(self) -> str:
        """`MUST`, `SHOULD (lower case)`, `implied`: the level as reports print it."""
        is_lower = self.keyword == "lower" and self.level is not Level.IMPLIED
        return f"{self.level}{LOWER_CASE}" if is_lower else f"{self.level}"

    def binds(self, role: Role) -> bool:
        """Whether a device in this role has to keep it."""
        return role in self.role


@dataclass(frozen=True, slots=True)
class Specification:
    """All that is known about one specification. `overlay`: the vendor's table laid over it."""

    name: str
    prefix: str
    title: str
    sections: Mapping[str, str]
    messages: Mapping[str, MessageSpec]
    avps: Mapping[str, AvpSpec]
    result_codes: Mapping[str, Mapping[int, ResultCode]]
    error_codes: Mapping[int, ErrorCode]
    requirements: Mapping[str, Requirement]
    states: tuple[StateRow, ...]
    machines: Mapping[str, tuple[str, ...]]
    message_types: Mapping[int, MessageSpec]
    avp_numbers: Mapping[tuple[int, int], AvpSpec]
    overlay: Overlay | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, then that of its base: a suite written for either fits."""
        return (self.name, self.overlay.base.name) if self.overlay else (self.name,)

    def message(self, name_or_number: str | int) -> MessageSpec | None:
        """A message by name (case as in the RFC) or type; None if there is no such message."""
        if isinstance(name_or_number, str):
            return self.messages.get(name_or_number)
        return self.message_types.get(name_or_number)

    def avp(self, name_or_type: str | int, vendor: int = 0) -> AvpSpec | None:
        """An AVP by name, or by attribute type and vendor; None if there is no such AVP."""
        if isinstance(name_or_type, str):
            return self.avps.get(name_or_type)
        return self.avp_numbers.get((vendor, name_or_type))

    def avp_row(self, avp: str, aspect: Aspect) -> str:
        """The id of the row about one aspect of an AVP. KeyError: no such AVP or row."""
        return self._known(f"{self.prefix}-{self.avps[avp].section}-{avp}-{aspect}")

    def message_row(self, message: str, avp: str) -> str:
        """The id of the row about an AVP that the message must or may carry.

        `sender` in place of an AVP: the row about who sends it, where only one side does.
        KeyError: no such message or row.
        """
        return self._known(f"{self.prefix}-{self.messages[message].section}-{message}-{avp}")

    def result_row(self, message: str, number: int) -> str:
        """The id of the row about a result code; `error` as message for an error code."""
        return self._known(f"{self.prefix}-4.4.2-{message}-{number}")

    def rows_of(self, role: Role) -> Iterator[Requirement]:
        """The requirements that bind this role, in the order of the specification."""
        return (row for row in self.requirements.values() if row.binds(role))

    def _known(self, row: str) -> str:
        if row in self.requirements:
            return row
        if self.overlay is not None:
            own = f"{self.overlay.prefix}{row.removeprefix(self.prefix)}"
            if own in self.requirements:
                return own
        raise KeyError(row)


def _listed(words: tuple[str, ...]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True, slots=True)
class Reading:
    """What the source says of one message.

    `sender`: in the source's words, such as `client` or `the receiver of SCCRP`. `receiver_of`:
    that message, where the source names the sender so. `printed`: the source's name for it, empty
    where it is the base's. `avps`: the source's names of AVPs by the base's. `meaning`: in own
    words.
    """

    message: str
    sender: str
    senders: frozenset[Role]
    receiver_of: str
    printed: str
    avps: Mapping[str, str]
    meaning: str
    place: Place


@dataclass(frozen=True, slots=True)
class Overlay:
    """What stands over a base specification, and where it comes from.

    `prefix` begins the ids of the rows that the base does not have. `sides`: the source's words for
    the roles. `modes`: ways of use that the source tells apart. `readings`: by message, in the
    source's order. `unlisted`: messages of the base that the source lacks.
    """

    name: str
    prefix: str
    title: str
    source: str
    base: Specification
    sides: Mapping[str, Role]
    modes: Mapping[str, str]
    readings: Mapping[str, Reading]
    unlisted: tuple[str, ...]

    def side(self, role: Role) -> str:
        """The source's word for a role."""
        return next((word for word, known in self.sides.items() if known is role), role.value)

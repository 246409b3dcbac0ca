"""Reading avps.yaml: the layout of every AVP and what may stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from harness.located import Node, suggest
from harness.spec.faults import Faults
from harness.spec.model import ALL_MESSAGES, MAX_VALUE_OCTETS, AvpSpec, Level
from harness.spec.tables import read_names
from harness.spec.values import ValueRule
from harness.wire.fields import Field, FieldKind, check_fields

_REQUIRED = (
    "type",
    "title",
    "section",
    "mandatory",
    "hideable",
    "fields",
    "messages",
    "example",
)
_KEYS = (*_REQUIRED, "vendor", "length", "value")
_FIELD_KEYS = ("name", "kind", "octets", "optional", "constant")
_RULE_KEYS = ("field", "minimum", "one_of", "forbidden", "bits", "messages")
_RULE_PARTS = ("minimum", "one_of", "forbidden", "bits")
_U32 = 0xFFFFFFFF


def read_avps(root: Node) -> dict[str, AvpSpec]:
    """The AVPs by name. `DataErrors` name every fault with its place."""
    faults = Faults()
    avps: dict[str, AvpSpec] = {}
    numbers: dict[tuple[int, int], str] = {}
    for name, node in root.mapping().items():
        with faults.caught():
            spec = _read_avp(name, node)
            number = (spec.vendor, spec.type)
            if number in numbers:
                raise node.fail(
                    "spec.duplicate-type", f"attribute {spec.type} is {numbers[number]}"
                )
            numbers[number] = name
            avps[name] = spec
    faults.raise_any()
    return avps


def _read_avp(name: str, node: Node) -> AvpSpec:
    entry = node.mapping(_KEYS, required=_REQUIRED)
    fields = _read_fields(entry["fields"])
    least, most = _lengths(fields)
    length_level = Level.IMPLIED
    if "length" in entry:
        length = entry["length"].mapping(("min", "max", "level"))
        if "min" in length:
            least = length["min"].integer(least, most)
        if "max" in length:
            most = length["max"].integer(least, most)
        if "level" in length:
            length_level = read_level(length["level"])
    rules, value_level = _read_value(entry.get("value"), fields)
    messages = entry["messages"]
    spec = AvpSpec(
        type=entry["type"].integer(0, 0xFFFF),
        vendor=entry["vendor"].integer(0, 0xFFFF) if "vendor" in entry else 0,
        name=name,
        title=entry["title"].text(),
        section=entry["section"].text(),
        mandatory=entry["mandatory"].boolean(),
        hideable=entry["hideable"].boolean(),
        fields=fields,
        min_length=least,
        max_length=most,
        length_level=length_level,
        values=rules,
        value_level=value_level,
        messages=(ALL_MESSAGES,) if messages.content == ALL_MESSAGES else read_names(messages),
        example=entry["example"].plain(),
        place=node.place,
    )
    if spec.judges_values != ("value" in entry):
        raise node.fail("spec.value", "`value` goes with rules or reserved fields, and only there")
    try:
        octets = spec.encode(spec.example)
    except ValueError as error:
        raise entry["example"].fail("spec.example", f"{name}: {error}") from error
    for message in spec.messages:
        for problem in spec.check(message, octets):
            raise entry["example"].fail("spec.example", problem)
    return spec


def read_level(node: Node) -> Level:
    """A level by its key word, or `implied`."""
    return Level(node.choice([level.value for level in Level], "level"))


def _read_fields(node: Node) -> tuple[Field, ...]:
    fields = []
    for item in node.sequence():
        entry = item.mapping(_FIELD_KEYS, required=("name", "kind"))
        kind = FieldKind(entry["kind"].choice([kind.value for kind in FieldKind], "kind"))
        try:
            field = Field(
                name=entry["name"].text(),
                kind=kind,
                octets=entry["octets"].integer(1, MAX_VALUE_OCTETS) if "octets" in entry else None,
                optional="optional" in entry and entry["optional"].boolean(),
                constant=entry["constant"].integer(0, _U32) if "constant" in entry else None,
            )
        except ValueError as error:
            raise item.fail("spec.field", str(error)) from error
        fields.append(field)
    for problem in check_fields(fields):
        raise node.fail("spec.field", problem)
    return tuple(fields)


def _lengths(fields: Sequence[Field]) -> tuple[int, int]:
    """The least and the greatest number of octets that the fields allow."""
    least = sum(field.octets or 0 for field in fields if not field.optional)
    if any(field.octets is None for field in fields):
        return least, MAX_VALUE_OCTETS
    return least, sum(field.octets or 0 for field in fields)


def _read_value(node: Node | None, fields: Sequence[Field]) -> tuple[tuple[ValueRule, ...], Level]:
    if node is None:
        return (), Level.IMPLIED
    entry = node.mapping(("level", "rules"), required=["level"])
    rules = entry["rules"].sequence() if "rules" in entry else []
    return tuple(_read_rule(rule, fields) for rule in rules), read_level(entry["level"])


def _read_rule(node: Node, fields: Sequence[Field]) -> ValueRule:
    entry = node.mapping(_RULE_KEYS, required=["field"])
    numbers = [field.name for field in fields if field.kind is FieldKind.UINT]
    name = entry["field"].text()
    if name not in numbers:
        raise entry["field"].fail(
            "spec.unknown-field", f"no integer field {name!r}", hint=suggest(name, numbers)
        )
    if sum(part in entry for part in _RULE_PARTS) != 1:
        raise node.fail("spec.rule", f"a rule has exactly one of {', '.join(_RULE_PARTS)}")
    bits = entry["bits"].mapping() if "bits" in entry else {}
    return ValueRule(
        field=name,
        minimum=entry["minimum"].integer(0, _U32) if "minimum" in entry else None,
        one_of=_read_numbers(entry.get("one_of")),
        forbidden=_read_numbers(entry.get("forbidden")),
        bits=MappingProxyType({bit: item.integer(1, _U32) for bit, item in bits.items()}),
        messages=read_names(entry["messages"]) if "messages" in entry else (),
    )


def _read_numbers(node: Node | None) -> tuple[int, ...]:
    return tuple(item.integer(0, _U32) for item in node.sequence()) if node else ()

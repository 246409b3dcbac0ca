"""A JSON Schema of the suite files, so that editors complete and check them while they are typed.

Made from the tables that the loader uses. It is looser than the loader where JSON Schema cannot
know (names saved by earlier steps, widths of values); whatever loads validates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.spec.model import AvpSpec, Specification
from harness.suite.grammar import (
    AXIS_TABLE_KEYS,
    CASE_KEYS,
    DEFAULT_KEYS,
    FILE_KEYS,
    LIMIT_KEYS,
    ROW_FORMS,
)
from harness.suite.shapes import Key, Shape
from harness.suite.step_keys import (
    ALTERNATIVE_KEYS,
    AVP_EDIT_KEYS,
    AVP_PART_KEYS,
    COMMON_KEYS,
    EDIT_KEYS,
    HEADER_EDIT_KEYS,
    HIDE_KEYS,
    MATCHER_KEYS,
    STEPS,
    StepForm,
)
from harness.suite.values import visible_fields
from harness.suite.vocabulary import HEADER_FIELDS, KNOWN_TAGS, RECEIVED_WORDS, ROLES, SENT_WORDS
from harness.wire.fields import FieldKind

Fragment = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER: Fragment = {"type": "string", "pattern": r"\$\{"}
_ANYTHING: Fragment = {}
_KEYS_FROM_AXES: Fragment = {r"\$\{": _ANYTHING}
_SCALAR: Fragment = {"type": ["string", "integer", "null"]}
_OCTETS: Fragment = {
    "anyOf": [{"type": "string"}, {"type": "integer"}],
    "description": "0x and two digits for each octet, or text",
}
_DURATION: Fragment = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[0-9.]+(ms|s|m)$"},
        _PLACEHOLDER,
    ]
}


def suite_schema(specification: Specification, capabilities: Mapping[str, str]) -> Fragment:
    """The schema, as plain values for `json.dumps`."""
    messages = list(specification.messages)
    definitions: Fragment = {
        "alternative": _object(ALTERNATIVE_KEYS),
        "avp-edit": _object(AVP_EDIT_KEYS),
        "avp-part": _object(AVP_PART_KEYS),
        "case": _object(CASE_KEYS),
        "defaults": _object({key: _optional(about) for key, about in DEFAULT_KEYS.items()}),
        "header-edit": _object(HEADER_EDIT_KEYS),
        "hide": _object(HIDE_KEYS),
        "limit": {**_object(LIMIT_KEYS), "minProperties": 1, "maxProperties": 1},
        "message-edits": _object(EDIT_KEYS),
        "operator": {**_object(MATCHER_KEYS), "minProperties": 1, "maxProperties": 1},
        "steps": {"type": "array", "items": {"oneOf": [_reference(f"step-{n}") for n in STEPS]}},
        **{f"step-{name}": _step(name, form) for name, form in STEPS.items()},
        "avp-name": _words(specification.avps, placeholder=True),
        "row": {
            "anyOf": [
                {"enum": list(specification.requirements)},
                _PLACEHOLDER,
                *(_object(form) for form in ROW_FORMS),
            ]
        },
        "capability": _words(capabilities, placeholder=True),
        "tag": {"type": "string", "examples": list(KNOWN_TAGS)},
        "role": _words(ROLES, placeholder=True),
        "policy": {"type": "string", "pattern": r"^P-[0-9]+$|\$\{"},
        "message": _message(messages, ()),
        "sent-message": _message(messages, SENT_WORDS),
        "received-message": _message(messages, RECEIVED_WORDS),
        "avp-values": _by_avp(specification, _avp_value),
        "avp-matchers": {
            **_by_avp(specification, _avp_matcher),
            "patternProperties": {**_KEYS_FROM_AXES, r"^[0-9]+/[0-9]+$": _free_matcher()},
        },
        "axis": _axis(),
    }
    return {
        "$schema": DIALECT,
        "title": f"A suite of test cases for {specification.title}",
        **_object(FILE_KEYS),
        "$defs": definitions,
    }


def _reference(name: str) -> Fragment:
    return {"$ref": f"#/$defs/{name}"}


def _optional(about: Key) -> Key:
    return Key(about.shape, about.text, choices=about.choices)


def _object(keys: Mapping[str, Key]) -> Fragment:
    required = [key for key, about in keys.items() if about.required and key not in DEFAULT_KEYS]
    found: Fragment = {
        "type": "object",
        "properties": {key: _described(about) for key, about in keys.items()},
        "patternProperties": _KEYS_FROM_AXES,
        "additionalProperties": False,
    }
    if required:
        found["required"] = required
    return found


def _described(about: Key) -> Fragment:
    return {"description": about.text, **_shape(about)}


def _shape(about: Key) -> Fragment:
    if about.shape is Shape.CHOICE:
        return _words(about.choices, placeholder=True)
    return _SHAPES[about.shape]


def _step(name: str, form: StepForm) -> Fragment:
    """A step: its name and the value behind it, then the keys beside it."""
    behind: list[Fragment] = []
    if form.head is not None:
        behind.append(_shape(form.head))
    if form.block:
        block = _object(form.block)
        block["required"] = [key for key, about in form.block.items() if about.required]
        behind.append(block)
    if name == "alive":
        behind.append({"type": "null"})
    keys = {**form.keys, **COMMON_KEYS}
    return {
        "type": "object",
        "description": form.text,
        "properties": {
            name: {"description": form.text, "anyOf": behind},
            **{key: _described(about) for key, about in keys.items()},
        },
        "required": [name],
        "additionalProperties": False,
    }


def _words(words: Iterable[str], *, placeholder: bool = False) -> Fragment:
    listed: Fragment = {"enum": list(words)}
    return {"anyOf": [listed, _PLACEHOLDER]} if placeholder else listed


def _message(names: list[str], words: tuple[str, ...]) -> Fragment:
    number = {"type": "integer", "minimum": 0, "maximum": 0xFFFF}
    return {"anyOf": [{"enum": [*names, *words]}, number, _PLACEHOLDER]}


def _one_or_list(item: Fragment) -> Fragment:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _mapping(value: Fragment, names: Fragment | None = None) -> Fragment:
    found: Fragment = {"type": "object", "additionalProperties": value}
    if names is not None:
        found["propertyNames"] = names
    return found


def _by_avp(specification: Specification, of: Any) -> Fragment:
    return {
        "type": "object",
        "properties": {
            name: {"description": f"{avp.title} ({avp.section})", **of(avp)}
            for name, avp in specification.avps.items()
        },
        "patternProperties": _KEYS_FROM_AXES,
        "additionalProperties": False,
    }


def _avp_value(avp: AvpSpec) -> Fragment:
    """A value to send: bare for one field, a mapping for several, octets for any."""
    fields = visible_fields(avp)
    if len(fields) < 2:
        return _SCALAR
    parts = {one.name: _field(one.kind) for one in fields}
    return {"anyOf": [_SCALAR, _fields(parts)]}


def _fields(parts: Fragment) -> Fragment:
    return {
        "type": "object",
        "properties": parts,
        "patternProperties": _KEYS_FROM_AXES,
        "additionalProperties": False,
        "minProperties": 1,
    }


def _avp_matcher(avp: AvpSpec) -> Fragment:
    fields = visible_fields(avp)
    alternatives = [_SCALAR, _reference("operator")]
    if len(fields) > 1:
        parts = {one.name: _free_matcher() for one in fields}
        alternatives.append(_fields(parts))
    return {"anyOf": alternatives}


def _field(kind: FieldKind) -> Fragment:
    types = ["integer", "string"] if kind is FieldKind.UINT else ["string", "integer"]
    return {"type": types}


def _free_matcher() -> Fragment:
    return {"anyOf": [{"type": ["string", "integer", "boolean", "null"]}, _reference("operator")]}


def _axis() -> Fragment:
    """The values of an axis: a list, or one mapping that says where they come from."""
    number = {"type": "integer"}
    sources: dict[str, Fragment] = {
        "range": {"type": "array", "items": number, "minItems": 2, "maxItems": 3},
        "result_codes": {"type": "string"},
        "error_codes": {"const": "all"},
    }
    for table, keys in AXIS_TABLE_KEYS.items():
        if keys:
            sources[table] = {"anyOf": [{"const": "all"}, _object(keys)]}
    return {
        "anyOf": [
            {"type": "array", "minItems": 1},
            {
                "type": "object",
                "properties": sources,
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


_NUMBER_OR_OPEN: Fragment = {"anyOf": [*_DURATION["anyOf"], {"type": ["integer", "null"]}]}
_TWO_NUMBERS: Fragment = {
    "type": "array",
    "items": _NUMBER_OR_OPEN,
    "minItems": 2,
    "maxItems": 2,
}
_COUNT: Fragment = {"anyOf": [{"type": "integer", "minimum": 1}, _PLACEHOLDER]}
_INTEGER: Fragment = {"anyOf": [{"type": "integer"}, _PLACEHOLDER]}
_HEADER_NUMBER: Fragment = {
    "anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^[+-][0-9]+$|\$\{"}]
}

_SHAPES: Mapping[Shape, Fragment] = {
    Shape.TEXT: {"type": "string"},
    Shape.NAME: {"type": "string", "minLength": 1},
    Shape.INTEGER: _INTEGER,
    Shape.COUNT: _COUNT,
    Shape.BOOLEAN: {"anyOf": [{"type": "boolean"}, _PLACEHOLDER]},
    Shape.NUMBER: _DURATION,
    Shape.NUMBER_RANGE: _TWO_NUMBERS,
    Shape.COUNT_RANGE: {"anyOf": [{"type": "integer", "minimum": 0}, _TWO_NUMBERS, _PLACEHOLDER]},
    Shape.DURATION: _DURATION,
    Shape.OCTETS: _OCTETS,
    Shape.RAW: _OCTETS,
    Shape.VALUE: _ANYTHING,
    Shape.HEADER_NUMBER: _HEADER_NUMBER,
    Shape.HEADER_FIELD: {"anyOf": [*_HEADER_NUMBER["anyOf"], {"const": False}]},
    Shape.SENT_MESSAGE: _reference("sent-message"),
    Shape.MESSAGE: _reference("sent-message"),
    Shape.RECEIVED_MESSAGE: _reference("received-message"),
    Shape.AVP_NAME: _reference("avp-name"),
    Shape.AVP_NAMES: _one_or_list(_reference("avp-name")),
    Shape.AVP_VALUES: _reference("avp-values"),
    Shape.AVP_EDITS: _one_or_list({"anyOf": [_reference("avp-edit"), _reference("avp-name")]}),
    Shape.AVP_REPLACEMENTS: _mapping(_reference("avp-part"), _reference("avp-name")),
    Shape.ORDER: {
        "anyOf": [
            {"const": "reversed"},
            _reference("avp-name"),
            {"type": "array", "items": _reference("avp-name")},
        ]
    },
    Shape.HEADER_EDIT: _reference("header-edit"),
    Shape.HIDE: {
        "anyOf": [
            _reference("hide"),
            _reference("avp-name"),
            {"type": "array", "items": _reference("avp-name")},
        ]
    },
    Shape.ALTERNATIVES: _one_or_list(
        {"anyOf": [_reference("received-message"), _reference("alternative")]}
    ),
    Shape.AVP_MATCHERS: _reference("avp-matchers"),
    Shape.HEADER_MATCHERS: _mapping(_free_matcher(), _words(HEADER_FIELDS, placeholder=True)),
    Shape.VALUE_MATCHERS: {**_mapping(_free_matcher()), "minProperties": 1},
    Shape.SAVE: _mapping({"type": "string"}),
    Shape.MESSAGE_EDITS: _mapping(_reference("message-edits"), _reference("message")),
    Shape.MESSAGE_NAMES: _one_or_list(_reference("sent-message")),
    Shape.TEXT_VALUES: _mapping({"type": ["string", "number", "boolean", "null"]}),
    Shape.ROWS: _one_or_list(_reference("row")),
    Shape.POLICY: _reference("policy"),
    Shape.POLICIES: _one_or_list(_reference("policy")),
    Shape.ROLES: _one_or_list(_reference("role")),
    Shape.CAPABILITIES: _one_or_list(_reference("capability")),
    Shape.TAGS: _one_or_list(_reference("tag")),
    Shape.STEPS: _reference("steps"),
    Shape.EACH: {
        "anyOf": [
            {"type": "array", "items": {"type": "object"}, "minItems": 1},
            {**_mapping(_reference("axis")), "minProperties": 1},
        ]
    },
    Shape.LIMIT: _reference("limit"),
    Shape.CASES: {**_mapping(_reference("case")), "minProperties": 1},
    Shape.DEFAULTS: _reference("defaults"),
}

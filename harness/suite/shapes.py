"""What a key of the suite language is: the shape of its value, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What kind of YAML value stands behind a key; `harness.suite.schema` spells each out."""

    TEXT = "text"
    NAME = "name"
    INTEGER = "integer"
    COUNT = "count"
    BOOLEAN = "boolean"
    NUMBER = "number"
    NUMBER_RANGE = "number-range"
    COUNT_RANGE = "count-range"
    DURATION = "duration"
    OCTETS = "octets"
    RAW = "raw"
    CHOICE = "choice"
    VALUE = "value"
    HEADER_NUMBER = "header-number"
    HEADER_FIELD = "header-field"
    SENT_MESSAGE = "sent-message"
    MESSAGE = "message"
    RECEIVED_MESSAGE = "received-message"
    AVP_NAME = "avp-name"
    AVP_NAMES = "avp-names"
    AVP_VALUES = "avp-values"
    AVP_EDITS = "avp-edits"
    AVP_REPLACEMENTS = "avp-replacements"
    ORDER = "order"
    HEADER_EDIT = "header-edit"
    HIDE = "hide"
    ALTERNATIVES = "alternatives"
    AVP_MATCHERS = "avp-matchers"
    HEADER_MATCHERS = "header-matchers"
    VALUE_MATCHERS = "value-matchers"
    SAVE = "save"
    MESSAGE_EDITS = "message-edits"
    MESSAGE_NAMES = "message-names"
    TEXT_VALUES = "text-values"
    ROWS = "rows"
    POLICY = "policy"
    POLICIES = "policies"
    ROLES = "roles"
    CAPABILITIES = "capabilities"
    TAGS = "tags"
    STEPS = "steps"
    EACH = "each"
    LIMIT = "limit"
    CASES = "cases"
    DEFAULTS = "defaults"


@dataclass(frozen=True, slots=True)
class Key:
    """A key: the shape of its value, what it means in one line, and its words if it has some."""

    shape: Shape
    text: str
    required: bool = False
    choices: tuple[str, ...] = ()

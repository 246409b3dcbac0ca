"""Which keys a suite file and a case may have, what shape their values have, and why.

The steps are in `harness.suite.step_keys`. The loader takes its known keys from these tables, the
JSON Schema is made from them, and a test holds the language reference against them: a key that is
not here does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.suite.shapes import Key, Shape
from harness.suite.vocabulary import ROLES

DEFAULT_KEYS: Mapping[str, Key] = {
    "covers": Key(Shape.ROWS, "requirement rows that the case checks", required=True),
    "iut": Key(Shape.ROLES, "which side is under test", required=True),
    "requires": Key(Shape.CAPABILITIES, "capabilities without which the case is skipped"),
    "policy": Key(Shape.POLICIES, "points of the verdict policy that apply"),
    "tags": Key(Shape.TAGS, "for selecting"),
    "selection": Key(Shape.TEXT, "a tag without which the case is not selected, but by its id"),
    "configuration": Key(Shape.NAME, "which of the device's configurations it runs against"),
    "limit": Key(Shape.LIMIT, "a limit of the device that it is about"),
    "exclusive": Key(Shape.BOOLEAN, "it needs the device to itself"),
    "seconds": Key(Shape.DURATION, "how long it takes at most, for the schedule"),
    "secret": Key(Shape.TEXT, "the shared secret, where it is not the device's"),
}

CASE_KEYS: Mapping[str, Key] = {
    "title": Key(Shape.TEXT, "a heading; default: the name"),
    "purpose": Key(Shape.TEXT, "what must hold, in one sentence", required=True),
    **DEFAULT_KEYS,
    "each": Key(Shape.EACH, "axes: the case once for every combination of their values"),
    "steps": Key(Shape.STEPS, "what happens", required=True),
}

FILE_KEYS: Mapping[str, Key] = {
    "title": Key(Shape.TEXT, "a heading", required=True),
    "spec": Key(Shape.NAME, "the specification, such as rfc2661", required=True),
    "defaults": Key(Shape.DEFAULTS, "what cases get that do not say otherwise"),
    "cases": Key(Shape.CASES, "the cases by name", required=True),
}

AXIS_TABLE_KEYS: Mapping[str, Mapping[str, Key]] = {
    "range": {},
    "messages": {
        "sender": Key(Shape.CHOICE, "only what this side sends", choices=ROLES),
        "scope": Key(Shape.CHOICE, "only messages about this", choices=("tunnel", "session")),
        "except": Key(Shape.TEXT, "names to leave out"),
    },
    "avps": {
        "message": Key(Shape.MESSAGE, "only AVPs that this message may carry"),
        "optional": Key(Shape.BOOLEAN, "only those it may (true) or has to (false) carry"),
        "mandatory": Key(Shape.BOOLEAN, "only those whose M bit has to be 1 (true) or 0 (false)"),
        "hideable": Key(Shape.BOOLEAN, "only those that may (true) or must not (false) be hidden"),
        "fixed": Key(Shape.BOOLEAN, "only those of one length (true) or of several (false)"),
        "outside": Key(Shape.MESSAGE, "only AVPs that do not belong into this message"),
        "except": Key(Shape.TEXT, "names to leave out"),
    },
    "result_codes": {},
    "error_codes": {},
}
"""The mappings that an axis may be instead of a list of values, and their own keys."""

LIMIT_KEYS: Mapping[str, Key] = {
    "tunnels": Key(Shape.COUNT_RANGE, "tunnels at a time: limits that suit the case"),
    "sessions": Key(Shape.COUNT_RANGE, "calls at a time in one tunnel: limits that suit the case"),
}
"""What a limit may be of."""

ROW_FORMS: tuple[Mapping[str, Key], ...] = (
    {
        "avp": Key(Shape.AVP_NAME, "the row about one aspect of this AVP", required=True),
        "aspect": Key(
            Shape.CHOICE, "which", True, choices=("M", "H", "length", "value", "messages")
        ),
    },
    {
        "message": Key(Shape.MESSAGE, "the row about this message", required=True),
        "avp": Key(Shape.AVP_NAME, "and an AVP that it must or may carry", required=True),
    },
    {
        "message": Key(Shape.MESSAGE, "the row about this message", required=True),
        "sender": Key(Shape.BOOLEAN, "and who sends it", required=True),
    },
    {
        "result": Key(Shape.TEXT, "the row about a result code of this message, or `error`", True),
        "code": Key(Shape.INTEGER, "which code", required=True),
    },
)
"""How a requirement row may be named, besides by its id."""

"""Whether a received value is what a matcher asks for, and if not, why, in words.

Pure and total: no value that a device may send, and no matcher, makes it raise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from harness.suite.edits import Given
from harness.suite.model import Alternative, Matcher
from harness.suite.variables import NoValueError, Variables, resolve_matcher, shown
from harness.suite.vocabulary import ACK, ANY, DATA, SILENCE, ZLB
from harness.wire.fields import Value

_LONGEST_SHOWN = 80
_COUNTERS = frozenset({"ns", "nr"})
_NO_VARIABLES: Variables = {}


class Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "absent"


MISSING: Final = Missing()
"""There is no such AVP, field or header field; not the same as an AVP without a value (None)."""


class Received(Protocol):
    """A received message, decoded.

    `message`: name, or the number of an unknown type as text, `ZLB` or `data`. `avps`: the first
    AVP of each kind, by name or `vendor/type`; octets where the value could not be decoded.
    `header`: `ns`, `nr`, `tunnel_id`, `session_id`, `version`, `length`, `flags`, `port`; None or
    left out where the header has no such field.
    """

    @property
    def message(self) -> str: ...
    @property
    def avps(self) -> Mapping[str, Value]: ...
    @property
    def header(self) -> Mapping[str, int | None]: ...


def match_alternative(
    alternative: Alternative, received: Received, variables: Variables = _NO_VARIABLES
) -> list[str]:
    """What keeps a message from being this alternative; empty if it is.

    `ack` takes any control message here: whether its Nr covers what was sent, only the sender of
    it can know. Nothing is `silence`.
    """
    wrong = _message_mismatch(alternative.message, received.message)
    if wrong:
        return [wrong]
    mismatches: list[str] = []
    for name, matcher in alternative.header.items():
        number = received.header.get(name)
        value = MISSING if number is None else number
        modulus = _modulus(name)
        mismatches += match(matcher, value, f"header.{name}", variables, modulus=modulus)
    for name, matcher in alternative.where.items():
        mismatches += match(matcher, received.avps.get(name, MISSING), name, variables)
    return mismatches


def match(
    matcher: Matcher,
    value: Value | Missing,
    name: str = "value",
    variables: Variables = _NO_VARIABLES,
    *,
    modulus: int = 0,
) -> list[str]:
    """What is wrong with a value, as `result_code.error is 2, expected 8`; empty if nothing is.

    `modulus`: numbers are equal if they are so modulo this, for counters that wrap.
    """
    try:
        resolved = resolve_matcher(matcher, variables)
    except NoValueError as error:
        return [f"{name} cannot be judged: {error.cause}"]
    return _match(_wrapped(resolved, modulus), value, name, modulus)


def lookup(path: str, received: Received) -> Value | Missing:
    """What a `save` path stands for: `message`, `header.ns`, an AVP or `avp.field`."""
    if path == "message":
        return received.message
    if path.startswith("header."):
        number = received.header.get(path.removeprefix("header."))
        return MISSING if number is None else number
    if path in received.avps:
        return received.avps[path]
    name, _, field = path.partition(".")
    value = received.avps.get(name, MISSING)
    if field and isinstance(value, Mapping):
        return value.get(field, MISSING)
    return MISSING


def describe_matcher(matcher: Matcher) -> str:
    """What a matcher asks for, in a few words, for the `expected` of a report."""
    if matcher.present is not None:
        return "present" if matcher.present else "absent"
    if matcher.fields:
        parts = (f"{name} {describe_matcher(one)}" for name, one in matcher.fields.items())
        return "{" + ", ".join(parts) + "}"
    if matcher.has_equals:
        return _short(matcher.equals)
    if matcher.one_of:
        return "one of " + ", ".join(_short(one) for one in matcher.one_of)
    if matcher.none_of:
        return "not " + " or ".join(_short(one) for one in matcher.none_of)
    if matcher.pattern is not None:
        return f"/{_cut(matcher.pattern)}/"
    if matcher.length is not None:
        return f"{_span(*matcher.length)} octets"
    return _span(matcher.low, matcher.high)


def describe_alternative(alternative: Alternative) -> str:
    """`StopCCN with result_code {result 2, error 8}`."""
    wanted = [
        f"header.{name} {describe_matcher(_wrapped(one, _modulus(name)))}"
        for name, one in alternative.header.items()
    ]
    wanted += [f"{name} {describe_matcher(one)}" for name, one in alternative.where.items()]
    return f"{alternative.message} with {', '.join(wanted)}" if wanted else alternative.message


def _modulus(field: str) -> int:
    """That of a header's field which counts; 0 for the others."""
    return 1 << 16 if field in _COUNTERS else 0


def _wrapped(matcher: Matcher, modulus: int) -> Matcher:
    """As it is to be read where numbers wrap: 65536 of a counter is 0."""
    equals = matcher.equals
    if not modulus or not matcher.has_equals or not isinstance(equals, int):
        return matcher
    return replace(matcher, equals=equals % modulus)


def _message_mismatch(wanted: str, message: str) -> str:
    control = message != DATA
    if wanted == SILENCE:
        return f"received {message}, expected silence"
    if wanted == ACK:
        return "" if control else f"received {message}, expected an acknowledgement"
    if wanted == ANY:
        fits = control and message != ZLB
        return "" if fits else f"received {message}, expected any control message but a ZLB"
    return "" if wanted == message else f"received {_cut(message)}, expected {wanted}"


def _match(matcher: Matcher, value: Value | Missing, name: str, modulus: int) -> list[str]:
    if matcher.present is not None:
        if matcher.present == isinstance(value, Missing):
            return [
                f"{name} is {'absent' if matcher.present else _short(value)}, "
                f"expected {'present' if matcher.present else 'absent'}"
            ]
        return []
    if isinstance(value, Missing):
        return [f"{name} is absent, expected {describe_matcher(matcher)}"]
    if matcher.fields:
        return _match_fields(matcher.fields, value, name)
    if _fits(matcher, value, modulus):
        return []
    if matcher.length is not None:
        octets = _octets(value)
        found = "no octets to count" if octets is None else f"{len(octets)} octets"
        return [f"{name} has {found}, expected {describe_matcher(matcher)}"]
    return [f"{name} is {_short(value)}, expected {describe_matcher(matcher)}"]


def _match_fields(fields: Mapping[str, Matcher], value: Value, name: str) -> list[str]:
    if not isinstance(value, Mapping):
        wanted = describe_matcher(Matcher(fields=fields))
        return [f"{name} is {_short(value)}, expected {wanted}"]
    mismatches: list[str] = []
    for field, one in fields.items():
        mismatches += _match(one, value.get(field, MISSING), f"{name}.{field}", 0)
    return mismatches


def _fits(matcher: Matcher, value: Value, modulus: int) -> bool:
    if matcher.has_equals:
        return equal(matcher.equals, value, modulus)
    if matcher.one_of:
        return any(equal(one, value, modulus) for one in matcher.one_of)
    if matcher.none_of:
        return not any(equal(one, value, modulus) for one in matcher.none_of)
    if matcher.pattern is not None:
        text = _text(value)
        try:
            return text is not None and re.search(matcher.pattern, text) is not None
        except (re.error, OverflowError, RecursionError):
            return False
    if matcher.length is not None:
        octets = _octets(value)
        return octets is not None and matcher.length[0] <= len(octets) <= matcher.length[1]
    number = _number(value)
    return (
        number is not None
        and (matcher.low is None or number >= matcher.low)
        and (matcher.high is None or number <= matcher.high)
    )


def equal(expected: Given | Value, value: Value, modulus: int = 0) -> bool:
    """Whether two values mean the same: a number and its octets, a text and its UTF-8 do.

    Of a mapping, only the fields that `expected` gives are compared.
    """
    if isinstance(expected, Mapping) or isinstance(value, Mapping):
        if not isinstance(expected, Mapping) or not isinstance(value, Mapping):
            return False
        return all(name in value and equal(part, value[name]) for name, part in expected.items())
    if expected is None or value is None:
        # an AVP without a value, and one whose value is empty
        return _empty(expected) and _empty(value)
    if isinstance(expected, int) or isinstance(value, int):
        left, right = _number(expected), _number(value)
        if left is None or right is None:
            return False
        return left % modulus == right % modulus if modulus else left == right
    if isinstance(expected, str) and isinstance(value, str):
        return expected == value
    left_octets, right_octets = _octets(expected), _octets(value)
    return left_octets is not None and left_octets == right_octets


def _empty(value: Given | Value) -> bool:
    return value is None or value in ("", b"")


def _number(value: Given | Value) -> int | None:
    """A number; octets are one in network order, text is one if it is all digits."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        return int.from_bytes(value, "big") if value else None
    if isinstance(value, str) and len(value) <= 40 and value.isascii() and value.isdigit():
        return int(value)
    return None


def _octets(value: Given | Value) -> bytes | None:
    """Octets; of a text its UTF-8, where a backslash stands for an octet that was none."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace")
    return None


def _text(value: Given | Value) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, int):
        return shown(value)
    return None


def _short(value: Given | Value | Missing) -> str:
    """A value for a mismatch; text in quotes, so that blanks and control characters show."""
    if isinstance(value, Missing):
        return "absent"
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        parts = (f"{name}: {_short(part)}" for name, part in value.items())
        return _cut("{" + ", ".join(parts) + "}")
    return _cut(ascii(value) if isinstance(value, str) else shown(value))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[: _LONGEST_SHOWN - 1]}… ({len(text)} characters)"


def _span(low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return "anything"
    if low == high:
        return shown(low)
    if low is None:
        return f"at most {shown(high)}"
    if high is None:
        return f"at least {shown(low)}"
    return f"{shown(low)} to {shown(high)}"

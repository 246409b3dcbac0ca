"""Readers of plain JSON values that come from a file which nobody vouches for.

Each gives a checked Python value or raises `WrongValueError`, whose text says what was expected.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from harness.run.kinds import Endpoint

Json = dict[str, Any]

_LONGEST: Final = 1e9
"""Seconds, about 30 years."""


class WrongValueError(Exception):
    """The text says what was expected."""


def shown(value: object) -> str:
    """The value for an error text: short, and safe to print."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    # an integer of thousands of digits would be an error to print
    words = ascii(value) if not isinstance(value, int) or abs(value) < 1 << 63 else "a huge number"
    return words if len(words) <= 60 else words[:57] + "..."


def text(value: object) -> str:
    """Text."""
    if not isinstance(value, str):
        raise WrongValueError("text")
    return value


def text_or_null(value: object) -> str | None:
    """Text, or None for null."""
    return None if value is None else text(value)


def natural(value: object) -> int:
    """A whole number of 63 bits without a sign."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise WrongValueError("a whole number, 0 or more")
    return value


def natural_or_null(value: object) -> int | None:
    """A whole number without a sign, or None for null."""
    return None if value is None else natural(value)


def integer(value: object) -> int:
    """A whole number of 64 bits with its sign."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 63:
        raise WrongValueError("a whole number of 64 bits")
    return value


def boolean(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def seconds(value: object) -> float:
    """A time span in seconds."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise WrongValueError("seconds")
    if not 0 <= value <= _LONGEST:
        raise WrongValueError("seconds, 0 or more and within reason")
    return float(value) or 0.0  # not -0.0


def timestamp(value: object) -> str:
    """ISO 8601 with a UTC offset."""
    words = text(value)
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year < 9000:
        raise WrongValueError("an ISO 8601 time with a UTC offset")
    return words


def octets(value: object) -> bytes:
    """Octets that are written in hex."""
    try:
        return bytes.fromhex(text(value))
    except ValueError:
        raise WrongValueError("octets in hex") from None


def endpoint(value: object) -> Endpoint:
    """An IP address and a port."""
    if isinstance(value, list) and len(value) == 2:
        host, port = value
        if isinstance(host, str) and type(port) is int and 0 <= port <= 0xFFFF and _literal(host):
            return host, port
    raise WrongValueError("[IPv4 or IPv6 literal, port]")


@functools.lru_cache(maxsize=1024)
def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def items(value: object) -> list[Any]:
    """A list of anything."""
    if not isinstance(value, list):
        raise WrongValueError("a list")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(item) for item in items(value))


def naturals(value: object) -> tuple[int, ...]:
    """A list of whole numbers without a sign."""
    return tuple(natural(item) for item in items(value))


def member(members: type[StrEnum]) -> Callable[[object], StrEnum]:
    """What reads one of the values of an enumeration."""
    known = {member.value: member for member in members}

    def read(value: object) -> StrEnum:
        found = known.get(value) if isinstance(value, str) else None
        if found is None:
            raise WrongValueError("one of " + ", ".join(known))
        return found

    return read


def entries(value: object, required: tuple[str, ...]) -> Json:
    """An object that has at least these keys."""
    if not isinstance(value, dict):
        raise WrongValueError("an object")
    for key in required:
        if key not in value:
            raise WrongValueError(f"an object with {key!r}")
    return value

"""What the command lines of the platforms say to what they do not take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

REFUSALS: Final[Mapping[str, str]] = {
    # The first words of a platform's name, and what its command line says to what it does not take
    "cisco": r"^\s*% ?(?!Warning)\S.*$|^Command rejected.*$",
    "juniper": r"^\s*(?:error: .*|syntax error.*|unknown command.*|invalid .*|missing argument.*)$",
    "mikrotik": r"^\s*(?:bad command name .*|syntax error .*|expected .*|failure: .*"
    r"|no such item.*|invalid value .*|input does not match any value.*|ambiguous .*)$",
    "huawei": r"^\s*(?:Error: ?.*|%.*)$",
}


def refusal_of(platform: str) -> re.Pattern[str] | None:
    """How a platform, by the name that netmiko has for it, refuses; None: not known."""
    for word, pattern in REFUSALS.items():
        if platform.startswith(word):
            return re.compile(pattern, re.MULTILINE)
    return None

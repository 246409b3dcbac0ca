"""Rules of a relay: which datagrams it loses, repeats, delays or swaps, in the words of `link`.

drop lac->lns SCCRQ            the first SCCRQ of the LAC is lost
drop lns->lac ZLB first 3      the first three bare acknowledgements
delay lac->lns by 300ms first 5
duplicate lns->lac ICRP
reorder lac->lns ICCN          it goes behind the next datagram
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from harness.errors import UsageError
from harness.located import suggest
from harness.peer.impair import Direction, Impairment, Kind

DIRECTIONS: Final[dict[str, Direction]] = {"lac->lns": "sent", "lns->lac": "received"}
_UNITS: Final = {"ms": 0.001, "s": 1.0}
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")
_OTHERS: Final = ("ZLB", "data")
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as it was written, and what it does."""

    text: str
    kind: Kind
    direction: Direction
    count: int = 1
    message: str | None = None
    seconds: float = 0.0

    def impairment(self, scale: float) -> Impairment:
        """A fresh impairment, which is used up by the datagrams that it meets."""
        return Impairment(self.kind, self.direction, self.count, self.message, self.seconds * scale)


def read_rule(text: str, messages: Collection[str]) -> Rule:
    """A rule from its words: KIND DIRECTION [MESSAGE] [first N] [by TIME]. UsageError if not."""
    words = text.split()
    if len(words) < 2:
        raise _wrong(text, "a rule has a kind and a direction", "drop lac->lns SCCRQ first 1")
    kinds = get_args(Kind)
    if words[0] not in kinds:
        raise _wrong(text, f"no rule is called {words[0]!r}", suggest(words[0], kinds))
    if words[1] not in DIRECTIONS:
        hint = suggest(words[1], DIRECTIONS) or "lac->lns or lns->lac"
        raise _wrong(text, f"{words[1]!r} is no direction", hint)
    rule = Rule(text, cast(Kind, words[0]), DIRECTIONS[words[1]])
    rest = words[2:]
    if rest and rest[0] not in ("first", "by"):
        known = (*messages, *_OTHERS)
        if rest[0] not in known and not rest[0].isdigit():
            raise _wrong(text, f"no message is called {rest[0]!r}", suggest(rest[0], known))
        rule, rest = replace(rule, message=rest[0]), rest[1:]
    while rest:
        word, value, rest = rest[0], rest[1] if len(rest) > 1 else "", rest[2:]
        if word == "first":
            rule = replace(rule, count=_count(text, value))
        elif word == "by":
            rule = replace(rule, seconds=_seconds(text, value))
        else:
            raise _wrong(text, f"{word!r} means nothing here", "first N, or by TIME")
    if (rule.kind == "delay") != (rule.seconds > 0):
        raise _wrong(text, "a delay, and nothing else, says by how much", "delay lac->lns by 300ms")
    return rule


def _count(text: str, value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= _MOST:
        raise _wrong(text, f"`first` needs a number from 1 to {_MOST}", "first 3")
    return int(value)


def _seconds(text: str, value: str) -> float:
    match = _TIME.fullmatch(value)
    if match is None:
        raise _wrong(text, f"{value!r} is no time", "write 300ms or 1.5s")
    return float(match[1]) * _UNITS[match[2]]


def _wrong(text: str, cause: str, hint: str) -> UsageError:
    return UsageError("relay.rule", f"--rule {text!r}: {cause}", hint=hint)

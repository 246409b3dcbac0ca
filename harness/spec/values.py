"""What the RFC says about the numbers inside an AVP's value, as rules that can be asked.

A rule concerns one unsigned integer field. Lengths and reserved fields are the layout's own
business (`harness.wire.fields`); relations between messages are rows of requirements.yaml.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValueRule:
    """The numbers that one field may hold.

    `messages`: the messages the rule speaks of, empty for all. `bits`: the defined bits of a mask
    by name; any other bit is reserved. Parts that are None or empty say nothing.
    """

    field: str
    minimum: int | None = None
    one_of: tuple[int, ...] = ()
    forbidden: tuple[int, ...] = ()
    bits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    messages: tuple[str, ...] = ()

    def concerns(self, message: str) -> bool:
        """Whether the rule speaks of this message."""
        return not self.messages or message in self.messages

    def problem(self, number: int) -> str | None:
        """What is wrong with the number, or None."""
        if self.minimum is not None and number < self.minimum:
            return f"{self.field} is {number}, at least {self.minimum} is required"
        if self.one_of and number not in self.one_of:
            return f"{self.field} is {number}, expected {_either(self.one_of)}"
        if number in self.forbidden:
            return f"{self.field} is {number}, which is not a value to use"
        if self.bits:
            reserved = number & ~self.mask
            if reserved:
                return f"{self.field} has reserved bits set: 0x{reserved:X}"
        return None

    @property
    def mask(self) -> int:
        """All defined bits of a mask; 0 if the field is none."""
        total = 0
        for bit in self.bits.values():
            total |= bit
        return total

    def text(self) -> str:
        """The rule in words, beginning with the field."""
        if self.minimum is not None:
            words = f"{self.field} is {self.minimum} or more"
        elif self.one_of:
            words = f"{self.field} is {_either(self.one_of)}"
        elif self.forbidden:
            words = f"{self.field} is not {_either(self.forbidden)}"
        else:
            names = ", ".join(f"{name} 0x{bit:X}" for name, bit in self.bits.items())
            words = f"{self.field} has no bits set but {names}"
        return f"{words} in {_either(self.messages)}" if self.messages else words


def _either(choices: tuple[int, ...] | tuple[str, ...]) -> str:
    """`1`, `1 or 2`, `1, 2 or 3`."""
    *most, last = (str(choice) for choice in choices)
    return f"{', '.join(most)} or {last}" if most else last

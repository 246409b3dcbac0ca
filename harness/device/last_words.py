"""The lines by which a program tells of its own crash: sanitizers, panics, failed assertions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_TELLING: Final = re.compile(
    r"==\d+==\s?ERROR: \w*Sanitizer|: runtime error: |^SUMMARY: \w*Sanitizer"
    r"|Assertion .* failed|terminate called|stack smashing detected|buffer overflow detected"
    r"|double free|free\(\): invalid|malloc\(\): |corrupted (size|double-linked)|munmap_chunk"
    r"|^panic: |^fatal error: |panicked at |^Traceback \(most recent call last\)"
    r"|Segmentation fault|Kernel panic|BUG: |Oops:|general protection fault"
)
_LINES: Final = 40


def last_words(log: Sequence[str]) -> tuple[str, ...]:
    """What a log says of a crash, from the first such line on; empty when it says nothing."""
    for number, line in enumerate(log):
        if _TELLING.search(line):
            return tuple(log[number : number + _LINES])
    return ()

"""The datagrams that findings point at, kept while a capture streams by.

A capture is read once and may be a pipe, so what a report is to show has to be remembered when it
is found: the frames that the finding names, and what the same hosts said just before. Bounded, so
of a frame that lies far back there may be no more than its number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from harness.capture.detect import Seen
from harness.spec.monitor import Entry, Finding

RECENT: Final = 512
RECENT_OCTETS: Final = 4 << 20
"""The last datagrams, any of which may turn out to be evidence."""

BEFORE: Final = 6
"""Datagrams of the same two hosts that are shown in front of a finding."""

KEPT: Final = 4096
KEPT_OCTETS: Final = 8 << 20


class Evidence:
    """Recent datagrams, and those that are evidence of something."""

    def __init__(self) -> None:
        self._recent: deque[Seen] = deque()
        self._recent_octets = 0
        self._kept: dict[int, dict[int, Seen]] = {}
        """By the first frame of a finding, the frames to show with it."""
        self._kept_octets = 0

    def see(self, seen: Seen) -> None:
        """A datagram that is about to be judged."""
        recent = self._recent
        recent.append(seen)
        self._recent_octets += len(seen.payload)
        while len(recent) > RECENT or self._recent_octets > RECENT_OCTETS:
            self._recent_octets -= len(recent.popleft().payload)

    def keep(self, finding: Finding, entries: Iterable[Entry]) -> None:
        """Remember the frames of a finding, for which other findings may be forgotten.

        `entries`: all there are, the evidence of which is not given up.
        """
        if finding.frames[0] in self._kept:
            shown = self._kept.pop(finding.frames[0])
            self._kept_octets -= _octets(shown)
        else:
            shown = {}
        shown |= self._shown(finding)
        self._kept[finding.frames[0]] = shown
        self._kept_octets += _octets(shown)
        if len(self._kept) > KEPT or self._kept_octets > KEPT_OCTETS:
            self._give_up({entry.first.frames[0] for entry in entries})

    def of(self, finding: Finding) -> list[Seen]:
        """The frames to show with a finding, in the order of the capture."""
        return [seen for _, seen in sorted(self._kept.get(finding.frames[0], {}).items())]

    def _shown(self, finding: Finding) -> dict[int, Seen]:
        wanted = set(finding.frames)
        shown: dict[int, Seen] = {}
        hosts: set[str] = set()
        before = 0
        for seen in reversed(self._recent):
            ends = {seen.source[0], seen.destination[0]}
            if seen.number in wanted:
                shown[seen.number] = seen
                hosts = hosts or ends
            elif hosts == ends and before < BEFORE and seen.number < finding.frames[0]:
                shown[seen.number] = seen
                before += 1
        return shown

    def _give_up(self, needed: set[int]) -> None:
        """Make room: first what nothing points at any more, then the largest of the rest."""
        for number in [one for one in self._kept if one not in needed]:
            self._kept_octets -= _octets(self._kept.pop(number))
        while len(self._kept) > KEPT or self._kept_octets > KEPT_OCTETS:
            largest = max(self._kept, key=lambda one: _octets(self._kept[one]))
            self._kept_octets -= _octets(self._kept.pop(largest))


def _octets(shown: dict[int, Seen]) -> int:
    return sum(len(seen.payload) for seen in shown.values())

"""Conformance of a capture: every L2TP datagram in it, judged by the monitors.

A capture is read once, from its beginning to its end, in bounded memory: what is remembered is
bounded in `layers.Fragments`, `detect.Detector`, `evidence.Evidence` and
`harness.spec.monitor.Monitor`.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.capture.detect import Detector, Seen
from harness.capture.evidence import Evidence
from harness.capture.files import open_capture
from harness.capture.fragments import Fragments
from harness.capture.layers import Datagram, decode, link_types
from harness.capture.reading import Packet
from harness.errors import DataError, UsageError
from harness.resources import data_folder
from harness.spec.load import load_specification
from harness.spec.model import Role, Severity
from harness.spec.monitor import (
    CAPTURE,
    EVERYONE,
    Entry,
    Finding,
    Monitor,
    RuleId,
    RuleTable,
    Tally,
    View,
    by_row,
    load_rules,
)

DEFAULT_PROFILE: Final = "rfc2661"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """How a capture is judged.

    `secret`: shared by all tunnels in it, to read hidden AVPs and Challenge Responses with.
    `lns`, `lac`: addresses whose role is known; the role of others shows in their calls.
    `iut`: the addresses that are judged, all if there are none.
    `complete`: the capture has every datagram that either side sent. Otherwise what rests on the
    absence of frames is only a note. `rules`: the table to judge by, None for RFC 2661.
    """

    secret: bytes | None = None
    lns: tuple[str, ...] = ()
    lac: tuple[str, ...] = ()
    iut: tuple[str, ...] = ()
    complete: bool = False
    rules: RuleTable | None = None


@dataclass(slots=True)
class FileResult:
    """One capture file.

    `frames`: packets read. `messages`: L2TP datagrams judged. `shortened`: UDP datagrams with port
    1701 or of a conversation that the capture cut to a snapshot length. `foreign`: datagrams with
    port 1701 of another version (L2F, L2TPv3). `unread`: link types that are not understood.
    `cut`: where the file ends too early. `error`: why it could not be read, or not to its end.
    `began`: the time of the first packet, seconds since 1970. `applied`: how often each rule was
    put to each row. `evidence`: the datagrams that the entries point at.
    """

    path: Path
    frames: int = 0
    messages: int = 0
    conversations: int = 0
    shortened: int = 0
    foreign: int = 0
    unread: set[int] = field(default_factory=set)
    cut: str | None = None
    error: DataError | None = None
    entries: list[Entry] = field(default_factory=list)
    began: float = 0.0
    applied: Counter[tuple[RuleId, str]] = field(default_factory=Counter)
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All files, in the order given."""

    files: tuple[FileResult, ...]
    rules: RuleTable

    @property
    def frames(self) -> int:
        """Packets read."""
        return sum(one.frames for one in self.files)

    @property
    def conversations(self) -> int:
        """Pairs of endpoints that speak L2TP."""
        return sum(one.conversations for one in self.files)

    @property
    def severities(self) -> frozenset[Severity]:
        """The severities that occur."""
        return frozenset(entry.severity for one in self.files for entry in one.entries)

    @property
    def errors(self) -> tuple[DataError, ...]:
        """Why files could not be read, or not to their end."""
        return tuple(one.error for one in self.files if one.error is not None)


def check_capture(paths: Sequence[Path], options: CheckOptions | None = None) -> CheckResult:
    """Judge capture files, each by itself.

    A file that cannot be read, or not to its end, has its `error`; what was read of it counts, and
    so do the other files. UsageError for an address that is none.
    """
    options = options or CheckOptions()
    rules = options.rules or default_rules()
    judged = tuple(map(_address, options.iut))
    roles = {_address(host): Role.LNS for host in options.lns}
    roles |= {_address(host): Role.LAC for host in options.lac}
    view = View(complete=True, horizon=0.0, as_it_comes=False) if options.complete else CAPTURE
    results = []
    for path in paths:
        result = FileResult(path)
        results.append(result)
        accounts = judged or (EVERYONE,)
        monitor = Monitor(rules, secret=options.secret, roles=roles, view=view, accounts=accounts)
        checker = _Checker(result, monitor, judged)
        try:
            with open_capture(path) as reader:
                checker.run(reader.packets())
                result.cut = reader.cut
        except DataError as error:
            result.error = error
        checker.end()
    return CheckResult(tuple(results), rules)


def default_rules(profile: str = DEFAULT_PROFILE) -> RuleTable:
    """The rules and rows of a specification that comes with the harness."""
    folder = data_folder("suites") / "spec" / profile
    return load_rules(folder, load_specification(folder))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(
            "capture.address", f"{text!r} is no IP address", hint="write 192.0.2.1 or 2001:db8::1"
        ) from None


class _Checker:
    """The way of the packets of one file."""

    def __init__(self, result: FileResult, monitor: Monitor, judged: tuple[str, ...]) -> None:
        self.result = result
        self.monitor = monitor
        self.judged = judged
        self.detector = Detector(monitor.knows)
        self.fragments = Fragments()
        self.tally = Tally(by_row)
        self.last = 0.0

    def run(self, packets: Iterable[Packet]) -> None:
        """Take all packets."""
        known = link_types()
        result, take = self.result, self.detector.take
        for number, at, link_type, data, _ in packets:
            result.frames = number
            if number == 1:
                result.began = at
            found = decode(link_type, data, at, self.fragments)
            if found is None:
                if link_type not in known:
                    result.unread.add(link_type)
                continue
            self.last = at
            if isinstance(found, Datagram):
                for seen in take(Seen(number, at, *found)):
                    self._judge(seen)
            elif self.detector.concerns(found.source, found.destination):
                result.shortened += 1

    def _judge(self, seen: Seen) -> None:
        result = self.result
        result.messages += 1
        result.evidence.see(seen)
        number, at, source, destination, payload, checksum = seen
        findings = self.monitor.datagram(
            at, source, destination, payload, number, checksum=bool(checksum)
        )
        if findings:
            self._count(findings)

    def _count(self, findings: list[Finding]) -> None:
        if self.judged:
            findings = [one for one in findings if one.source[0] in self.judged]
        for finding in self.tally.add(findings):
            self.result.evidence.keep(finding, self.tally)

    def end(self) -> None:
        """Nothing follows."""
        result = self.result
        self._count(self.monitor.end(self.last))
        result.conversations = self.detector.conversations
        result.foreign = self.detector.foreign
        result.entries = self.tally.entries()
        for counts in self.monitor.applied.values():
            result.applied.update(counts)

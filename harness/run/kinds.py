"""The kinds of events of a run, as frozen values. Import them from `harness.run.events`.

`at` is seconds since the header. Every text that a device had a hand in is kept as it came; who
shows it escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from harness.errors import EXIT_DEVICE, DataErrors, HarnessError

FORMAT: Final = 1
"""What this harness writes. Optional keys may be added; a breaking change counts it up."""

CAPTURE_FILE: Final = "capture.pcapng"

Endpoint = tuple[str, int]
"""An IPv4 or IPv6 literal and a UDP port, 0..65535."""

Timestamp = str
"""ISO 8601 with a UTC offset."""

Seed = int
"""Any whole number of 64 bits."""


class Verdict(StrEnum):
    """ISO/IEC 9646 verdicts, `warn` for a broken SHOULD, `skip` for what the ICS does not claim."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    INCONC = "inconc"
    ERROR = "error"
    NONE = "none"
    SKIP = "skip"
    XFAIL = "xfail"
    XPASS = "xpass"


class Expectation(StrEnum):
    """How a case's verdict stands to the device's baseline."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"
    XFAIL = "xfail"
    XPASS = "xpass"

    @property
    def turns_red(self) -> bool:
        """Whether the run fails because of it: an xpass means that the baseline is stale."""
        return self in (Expectation.UNEXPECTED, Expectation.XPASS)


class Direction(StrEnum):
    """Of a frame, as the peer sees it: `sent` goes to the IUT, `received` comes from it."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement as reports print it: `section` of the RFC, `level` (MUST, …), paraphrase.

    `table`: the specification or vendor's overlay that the row was judged by; empty where a stream
    does not say it, and then it is the header's `specification`.
    """

    section: str
    level: str
    text: str
    table: str = ""
    excluded: str = ""
    """Why no peer on the wire can judge it; empty where one can."""
    binds: bool = True
    """Whether it is for the side under test to keep."""


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A case that turns the run red. `verdict` is the shown one: xpass for a stale baseline."""

    case: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class RunError:
    """The error that ended a run, as `HarnessError` has it."""

    code: str
    cause: str
    hint: str = ""
    exit_code: int = EXIT_DEVICE

    @classmethod
    def of(cls, error: HarnessError) -> RunError:
        """As the stream keeps it; the place goes into the cause."""
        cause = f"{error.place}: {error.cause}" if error.place else error.cause
        if isinstance(error, DataErrors):
            cause = "; ".join(cls.of(each).cause for each in error.errors)
        return cls(error.code, cause, error.hint, error.exit_code)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a baseline, as `harness.run.baseline.Entry` has it, and where it stands."""

    case: str
    check: str | None
    verdict: Verdict
    reason: str
    link: str
    file: str
    line: int
    seen_in: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    by_chance: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """First of every stream. `rows` holds every requirement that a check of this run may name."""

    harness: str
    """Version of the harness."""
    device: str
    """Name or path, as `--device` takes it."""
    title: str
    role: str
    """Of the IUT: lac or lns."""
    specification: str
    started: Timestamp
    selection: tuple[str, ...]
    cases: int
    """How many cases the plan holds."""
    command: str
    seed: Seed
    format: int = FORMAT
    rows: Mapping[str, Row] = field(default_factory=dict)
    capture: str | None = CAPTURE_FILE
    """The pcapng beside the stream, relative to it; None when none is written."""
    virtual_time: bool = False
    """Whether the cases ran on a clock of their own: then `at` and `seconds` are of that clock,
    and only the footer's `wall_s` is real."""
    options: tuple[str, ...] = ()
    """Words of the command that change how cases run, such as `--set title=x`: who runs a case
    again needs them too."""
    shard: str = ""
    """`2/4`: the second of four runs that share the cases; empty: the run has them all."""
    whole: bool = False
    """Of a shard: whether all of them together run every case of the harness."""
    listed: tuple[Listed, ...] = ()
    """Of a shard: what the baseline lists of the monitors, which all shards answer together."""
    replay: str = ""
    """The command that judges all of it again, where no case can be run by itself."""

    version: str = ""
    """Of the program under test; empty where it is not known."""
    ics: Mapping[str, str] = field(default_factory=dict)
    """Capabilities, and what the device claims: `yes`, `no` or a value."""
    ixit: Mapping[str, str] = field(default_factory=dict)
    """What the tester was told of the device, without its secrets."""

    def moment(self, at: float = 0.0) -> datetime:
        """The time of day `at` seconds after the start. ValueError if `started` is no timestamp."""
        return datetime.fromisoformat(self.started) + timedelta(seconds=at)


@dataclass(frozen=True, slots=True)
class CaseStart:
    """A case begins. `case` is the full id with its axes; `covers` names requirement rows."""

    case: str
    suite: str
    title: str
    purpose: str
    file: str
    line: int
    covers: tuple[str, ...]
    at: float
    monitor: bool = False
    """Whether it is the result of a monitor's rule and no case of a suite; counted apart."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One UDP payload on the wire. `number` counts over the run from 1, as in the capture."""

    case: str
    number: int
    at: float
    direction: Direction
    source: Endpoint
    destination: Endpoint
    data: bytes
    """The UDP payload; hex in JSON."""
    summary: str
    step: int | None = None
    again: bool = False
    """Shown once more, as evidence of a monitor's result: the capture has it once, as `number`."""
    unchecked: bool = False
    """It came without a UDP checksum; false where that was not seen."""


@dataclass(frozen=True, slots=True)
class StepStart:
    """Step `index` of the case begins; `text` reads as the suite has it, variables resolved."""

    case: str
    index: int
    at: float
    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement. `rows` are requirement ids, `frames` the numbers of the evidence."""

    case: str
    step: int | None
    at: float
    name: str
    rows: tuple[str, ...]
    level: str
    verdict: Verdict
    expected: str
    actual: str
    frames: tuple[int, ...] = ()
    policy: str | None = None
    """P-1 … of the verdict policy, where the RFC leaves room."""
    note: str = ""
    count: int = 1
    """How often it was seen, when the same finding is reported once with its first evidence."""
    first_case: str = ""
    """The case whose frames are the evidence, where that is another one: a monitor's."""
    seen_in: tuple[str, ...] = ()
    """Of a monitor: the ids of the cases in which it was found to be as grave as this, sorted."""
    late_in: tuple[str, ...] = ()
    """Those of `seen_in` whose attempts that showed it are all in doubt: a device that waits for a
    processor is sent again what it has not answered, and shows what it would not have shown."""


@dataclass(frozen=True, slots=True)
class Note:
    """A variant that the RFC leaves open, recorded. Never turns a run red."""

    case: str
    at: float
    text: str
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceLog:
    """A line that the device printed; with a `code`, what became of the device itself.

    Codes: `device.crashed`, `device.exited`, `device.hung`, `device.slow`, `device.log-flood`, or
    that of the error which kept it from starting. `frames`: the datagrams that it is pinned on.
    """

    case: str
    at: float
    text: str
    code: str = ""
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseEnd:
    """A case ended with the verdict that it earned; `expectation` is against the baseline.

    `reason` says why in one line (for xfail: the baseline's reason). `seconds` is its own
    duration from when the device was up, `checks` how many checks were judged.
    """

    case: str
    at: float
    verdict: Verdict
    expectation: Expectation
    reason: str
    seconds: float
    checks: int
    reasons: tuple[str, ...] = ()
    """Of an xfail: the reason of each entry of the baseline that lists it."""
    by_chance: bool = False
    """Of an xfail: the device shows it in few runs only, as its baseline says."""

    @property
    def shown(self) -> Verdict:
        """The verdict that counts and reports show: xfail and xpass stand before the earned one."""
        if self.expectation is Expectation.XFAIL:
            return Verdict.XFAIL
        if self.expectation is Expectation.XPASS:
            return Verdict.XPASS
        return self.verdict


@dataclass(frozen=True, slots=True)
class Footer:
    """Last of every stream. A stream without one is a run that did not end.

    `verdicts` counts `CaseEnd.shown`, so that its sum is the number of cases that ended;
    `monitors` counts the results of the monitors' rules in the same way. `sum_s` adds the cases'
    own seconds, `longest_s` is that of `longest_case`. `remarks` say in what the place of the
    device was other than it could be, and which cases stayed in doubt.
    """

    verdicts: Mapping[str, int]
    unexpected: tuple[Unexpected, ...] = ()
    stale: tuple[str, ...] = ()
    wall_s: float = 0.0
    longest_s: float = 0.0
    longest_case: str | None = None
    sum_s: float = 0.0
    interrupted: bool = False
    error: RunError | None = None
    monitors: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


Event = (
    Header | CaseStart | Frame | StepStart | Check | Note | DeviceLog | CaseEnd | Footer
)  # fmt: skip

"""Whole runs: alike however they are run, and what one leaves behind when it ends."""

from __future__ import annotations

import asyncio
import functools
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import EmbeddedRunner
from harness.device.lease import Lease
from harness.errors import HarnessError
from harness.peer.network import Address
from harness.run.events import (
    CaseEnd,
    Event,
    Footer,
    Header,
    read_events,
)
from harness.run.run import Options, load_library, run
from tests.run.stage import ROOT, device

SUITE = """
title: A bit of everything that could come out differently
spec: rfc2661
defaults: {iut: [lns, lac], covers: [RFC2661-5.8-06]}
cases:
  hidden:
    purpose: A hidden host name, with padding, is understood by the IUT.
    iut: [lns]
    each: {padding: [0, 7], own: [true, false]}
    configuration: authenticated
    steps:
      - send: SCCRQ
        hide: {avps: [host_name, assigned_tunnel_id], padding: "${padding}", each_its_own: "${own}"}
      - expect: SCCRP
        where: {challenge: present}
        save: {id: assigned_tunnel_id}
      - compare: {id: "${iut_tunnel_id}"}
  calls:
    purpose: Several calls come up, and end, on a link that loses and swaps datagrams.
    iut: [lns]
    each: {calls: [1, 4]}
    steps:
      - link: {drop: 1, message: ZLB}
      - link: {reorder: 1, direction: sent, message: ICRQ}
      - link: {delay: 2, seconds: 300ms, message: ICRP}
      - repeat:
          count: "${calls}"
          steps:
            - establish: session
              session: "s${index}"
      - alive: tunnel
  dialled:
    purpose: A tunnel with a call in it comes up, and is taken down from the other side.
    iut: [lac]
    each: {times: [1, 2]}
    steps:
      - establish: session
      - send: CDN
        repeat: "${times}"
      - expect: ack
      - silence: 1s
  unanswered:
    purpose: What is not acknowledged is sent again, and more and more seldom.
    seconds: 20s
    steps:
      - establish: tunnel
      - hello: ignore
      - expect: HELLO
        within: 90s
      - retransmissions: {of: HELLO, within: 40s}
  refused:
    purpose: An SCCRP that nobody asked for is refused, and this expectation is wrong on purpose.
    steps:
      - establish: tunnel
      - send: SCCRP
      - expect: SCCCN
      - alive:
"""


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the suite."""
    folder = tmp_path_factory.mktemp("suites")
    (folder / "sample.yaml").write_text(SUITE)
    return folder


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading takes longer than running."""
    monkeypatch.setattr("harness.run.run.load_library", _load)


_load = functools.cache(load_library)


def options(suites: Path, out: Path, role: str = "lns", **more: object) -> Options:
    """A run of the suites against a reference peer."""
    made = Options(device=device(role), out=out, suites=suites, baseline=False)
    return replace(made, **more)  # type: ignore[arg-type]


def verdicts(out: Path) -> dict[str, str]:
    """What each case earned."""
    events = read_events(out / "events.ndjson")
    return {one.case: one.verdict.value for one in events if isinstance(one, CaseEnd)}


@pytest.mark.parametrize("role", ["lns", "lac"])
def test_one_place_or_many_another_seed_or_the_same_the_verdicts_do_not_change(
    suites: Path, tmp_path: Path, role: str
) -> None:
    found = []
    for number, (jobs, seed) in enumerate([(1, 0), (None, 0), (7, 2**63 - 1)]):
        out = tmp_path / str(number)
        run(options(suites, out, role, jobs=jobs, seed=seed))
        found.append(verdicts(out))
    cases = {one for one in found[0] if one.startswith("sample/")}
    assert len(cases) == (8 if role == "lns" else 4)
    assert {found[0][one] for one in cases} == {"pass", "fail"}
    assert all(one == found[0] for one in found)


def stream(out: Path) -> list[bytes]:
    """The lines of the stream between header and footer."""
    lines = (out / "events.ndjson").read_bytes().splitlines()
    return lines[1:-1]


def footer_of(out: Path) -> Footer:
    """The footer without what is measured by the clock on the wall."""
    *_, footer = read_events(out / "events.ndjson")
    assert isinstance(footer, Footer)
    return replace(footer, wall_s=0.0)


def header_of(out: Path) -> Header:
    """The header without the time of day."""
    header = next(iter(read_events(out / "events.ndjson")))
    assert isinstance(header, Header)
    return replace(header, started="")


SCRIPT = """
import random, sys
from pathlib import Path
from harness.device import load_device
from harness.run.run import Options, run
random.seed()
device = load_device(Path(sys.argv[1]))
run(Options(device=device, suites=Path(sys.argv[2]), out=Path(sys.argv[3]), baseline=False))
"""


@pytest.mark.parametrize("role", ["lns", "lac"])
def test_two_runs_are_alike_to_the_last_octet(suites: Path, tmp_path: Path, role: str) -> None:
    """Also in processes that hash differently, and with more luck than a seed would give."""
    for number in (1, 2):
        subprocess.run(
            [
                sys.executable,
                "-c",
                SCRIPT,
                str(ROOT / "peers" / f"reference-{role}"),
                str(suites),
                str(tmp_path / str(number)),
            ],
            check=True,
            env={"PYTHONHASHSEED": str(number), "PYTHONPATH": str(ROOT)},
            timeout=120,
        )
    random.seed()
    run(options(suites, tmp_path / "here", role))
    one, two, here = tmp_path / "1", tmp_path / "2", tmp_path / "here"
    assert len(stream(one)) > 100
    assert stream(one) == stream(two) == stream(here)
    assert footer_of(one) == footer_of(two) == footer_of(here)
    assert header_of(one) == header_of(two)


def test_another_seed_makes_other_choices(suites: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        run(options(suites, tmp_path / str(seed), seed=seed))
    assert stream(tmp_path / "1") != stream(tmp_path / "2")


class Leases:
    """Which leases of embedded devices were taken and given back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: set[int] = set()
        self.taken = 0
        lease_, release_ = EmbeddedRunner.lease, EmbeddedRunner.release

        async def lease(
            self_: EmbeddedRunner,
            case: str,
            peer: Address | None,
            configuration: str = DEFAULT_CONFIGURATION,
        ) -> Lease:
            lease = await lease_(self_, case, peer, configuration)
            self.held.add(id(lease))
            self.taken += 1
            return lease

        async def release(self_: EmbeddedRunner, lease: Lease) -> None:
            await release_(self_, lease)
            self.held.discard(id(lease))

        monkeypatch.setattr(EmbeddedRunner, "lease", lease)
        monkeypatch.setattr(EmbeddedRunner, "release", release)


def interrupting(number: signal.Signals) -> Callable[[Event], None]:
    """A subscriber that has the run interrupted once some cases have ended."""
    seen: list[Event] = []

    def subscriber(event: Event) -> None:
        if isinstance(event, CaseEnd):
            seen.append(event)
            if len(seen) == 3:
                signal.raise_signal(number)

    return subscriber


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        (signal.SIGINT, KeyboardInterrupt),
        (signal.SIGTERM, asyncio.CancelledError),
        (signal.SIGHUP, asyncio.CancelledError),
    ],
)
@pytest.mark.usefixtures("heeds_hangup")
def test_a_run_that_is_interrupted_ends_its_devices_and_its_record(
    suites: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    raised: type[BaseException],
) -> None:
    leases = Leases(monkeypatch)
    before = signal.getsignal(number)
    with pytest.raises(raised):
        run(options(suites, tmp_path, subscribers=(interrupting(number),)))
    assert signal.getsignal(number) is before
    assert leases.taken == 8
    assert leases.held == set()
    footer = footer_of(tmp_path)
    assert footer.interrupted
    assert footer.error is None
    assert len(verdicts(tmp_path)) < leases.taken


def test_a_clock_that_stands_still_ends_the_run_with_an_error(
    suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(*_: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("harness.run.case.run_script", forever)
    monkeypatch.setattr("harness.run.case.asyncio.timeout", lambda _: _Unlimited())
    with pytest.raises(HarnessError, match="nothing is left that could happen"):
        run(options(suites, tmp_path))
    error = footer_of(tmp_path).error
    assert error is not None
    assert error.code == "clock.stalled"


class _Unlimited:
    async def __aenter__(self) -> _Unlimited:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is limited."""

    def expired(self) -> bool:
        """Never."""
        return False

"""Asking a device: the questions are cases, run as every case is, in two rounds.

The first round finds out which side opens tunnels; with that the second can ask all the rest, side
by side. Timers take as long as the device does: about 75 s, all at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.device.description.device import Device
from harness.device.description.ics import CAPABILITIES
from harness.errors import DeviceError
from harness.probe.answers import SUITE, Answer, Listener, Reply
from harness.probe.findings import Findings, findings
from harness.run.events import Event
from harness.run.run import BASE_PROFILE, Options, load_library, run
from harness.spec.model import Role

QUESTIONS: Final = Path(__file__).with_name("questions.yaml")
FIRST: Final = ("accepts-tunnel", "initiates-tunnel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is to be asked of whom.

    out: where streams and captures of the two rounds go. slow: whether timers are measured, too.
    """

    device: Device
    named: str = ""
    out: Path
    slow: bool = True
    jobs: int | None = None
    seed: int = 0
    time_scale: float = 1.0
    command: str = ""
    subscribers: Sequence[Callable[[Event], None]] = ()


def probe(asked: Probe) -> Findings:
    """Ask. HarnessError when the device cannot be brought up, or reached."""
    library = load_library(QUESTIONS, BASE_PROFILE)
    listener = Listener(library.specification, asked.device.ixit.secret)
    _round(asked, listener, dict.fromkeys(CAPABILITIES, True), FIRST, "sides")
    first = listener.by_name()
    _check_that_it_started(first)
    sides = {
        "accepts_tunnel": first["accepts-tunnel"].reply is Reply.YES,
        "initiates_tunnel": first["initiates-tunnel"].reply is Reply.YES,
    }
    names = []
    for case in library.cases:
        name = case.id.removeprefix(f"{SUITE}/")
        if asked.device.role not in case.iut or name in FIRST:
            continue
        if asked.slow or "slow" not in case.tags:
            names.append(name)
    if any(sides.values()):
        _round(asked, listener, {**dict.fromkeys(CAPABILITIES, True), **sides}, names, "rest")
    return findings(asked.device, listener.by_name())


def _check_that_it_started(answers: Mapping[str, Answer]) -> None:
    """DeviceError when the device came up for no question: then nothing is known of it."""
    asked = [answers[name] for name in FIRST]
    if all(one.unstarted for one in asked):
        cause, _, hint = asked[0].why.partition("\n  hint: ")
        code = asked[0].unstarted
        raise DeviceError(code, cause.removesuffix(f" [{code}]"), hint=hint)


def _round(
    asked: Probe,
    listener: Listener,
    ics: dict[str, bool],
    names: Sequence[str],
    folder: str,
) -> None:
    device = replace(asked.device, ics={**ics}, profile=BASE_PROFILE)
    if device.role is Role.LNS:
        device = replace(device, ics={**device.ics, "accepts_tunnel": True})
    run(
        Options(
            device=device,
            named=asked.named,
            selection=[f"{SUITE}/{name}" for name in names],
            jobs=asked.jobs,
            out=asked.out / folder,
            seed=asked.seed,
            time_scale=asked.time_scale,
            command=asked.command,
            suites=QUESTIONS,
            baseline=False,
            subscribers=(listener.write, *asked.subscribers),
        )
    )

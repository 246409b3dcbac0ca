"""What all cases of a run share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.description.device import Device
from harness.device.lease import Runner
from harness.run.baseline import Baseline
from harness.run.events import Event
from harness.run.hosts import Hosts
from harness.run.monitoring import Monitoring
from harness.run.punctual import Punctuality
from harness.spec.model import Specification
from harness.wire.text import Names


@dataclass(slots=True)
class FrameNumbers:
    """Numbers the frames of a run from 1, as the capture does."""

    last: int = 0

    def take(self) -> int:
        """The next number."""
        self.last += 1
        return self.last


@dataclass(frozen=True, slots=True)
class Setting:
    """What all cases of a run share.

    started: on the loop's clock. stale: entries of the baseline that the run contradicts. remarks:
    what whoever reads the verdicts should know of how they came about. whole:
    all cases of the harness run, so that what a monitor has not found by their end is not there.
    summaries: whether frames say in words what they are; who only wants verdicts saves the time.
    diagnoses: whether a device that did not do well is looked into: those of real time are. cores:
    where core dumps are kept. punctuality: how late the harness was, where time is real.
    """

    device: Device
    runner: Runner
    hosts: Hosts
    specification: Specification
    baseline: Baseline
    emit: Callable[[Event], None]
    names: Names
    started: float
    seed: int
    time_scale: float = 1.0
    numbers: FrameNumbers = field(default_factory=FrameNumbers)
    stale: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    monitoring: Monitoring | None = None
    whole: bool = True
    summaries: bool = True
    diagnoses: bool = False
    cores: Path | None = None
    punctuality: Punctuality | None = None

    @property
    def at(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time() - self.started

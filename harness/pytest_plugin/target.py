"""One device of a pytest session: its plan, and where each of its items stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.cli.library import device_folder, device_of, suites_folder
from harness.cli.running import Request, folder_name
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.reading.load import PEER_FILE
from harness.device.registry import split_form
from harness.errors import Place
from harness.run.monitoring import OWN_PEER, SUITE, monitor_cases
from harness.run.run import load_library, rules_folder
from harness.run.select import select
from harness.run.shard import read_shard

RUN = "run"
"""The item of a device that stands for what concerns no case or monitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line of pytest asks for, beside the devices."""

    selection: tuple[str, ...]
    quick: bool
    shard: str | None
    suites: Path | None
    settings: tuple[str, ...]
    baseline: bool
    time_scale: float
    out: Path


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A device, what of its plan this session has, and the item for each.

    places: of every item's name its file and line, in the order in which they run.
    """

    name: str
    device: Device
    asked: Asked
    places: Mapping[str, Place]

    @property
    def folder(self) -> Path:
        """Where its runs go."""
        return self.asked.out / folder_name(self.name)

    @property
    def is_divisible(self) -> bool:
        """Whether several processes may each bring up one of its own."""
        return not isinstance(self.device.launch, ExternalLaunch) and not self.device.ixit.address

    def request(self, folder: Path, cases: frozenset[str] | None, shard: str | None) -> Request:
        """A run of these cases, or of all."""
        asked = self.asked
        words = ["run", "--device", self.name, *asked.selection]
        return Request(
            arguments=tuple(words),
            selection=asked.selection,
            quick=asked.quick,
            device=self.name,
            settings=asked.settings,
            jobs=None,
            out=folder,
            junit=None,
            html=False,
            as_json=True,
            no_baseline=not asked.baseline,
            time_scale=asked.time_scale,
            seed=0,
            suites=asked.suites,
            shard=shard,
            cases=cases,
        )


def load_target(name: str, asked: Asked) -> Target:
    """Read the device and the suites, and make the plan. HarnessError when that does not work."""
    device = device_of(name, asked.settings)
    suites = suites_folder(asked.suites)
    library = load_library(suites, device.profile)
    plan = select(library.suites, device, asked.selection, quick=asked.quick)
    if asked.shard is not None:
        plan = read_shard(asked.shard).of_plan(plan)
    rules = rules_folder(suites, device.profile) / "monitors.yaml"
    by_rule = {f"{SUITE}/{rule.value}": one.place for rule, one in library.rules.rules.items()}
    places = {one.case.id: one.case.place for one in plan}
    places |= {case: by_rule[case] for case in monitor_cases(library.rules)}
    places[f"{SUITE}/{OWN_PEER}"] = Place(str(rules), 1, 1)
    plain, _ = split_form(name)
    places[RUN] = Place(str(device_folder(plain) / PEER_FILE), 1, 1)
    return Target(name, device, asked, places)


def is_case(name: str) -> bool:
    """Whether an item is a case of a suite, rather than a monitor's or that of the run."""
    return name != RUN and not name.startswith(f"{SUITE}/")

"""What pytest asks of a plugin: the items, what they come to, and the end of a session."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.cli.library import devices_meant
from harness.errors import HarnessError
from harness.pytest_plugin.outcome import Outcome
from harness.pytest_plugin.runs import Runs, Session
from harness.pytest_plugin.target import Asked, Target, load_target
from harness.report.story import Counts
from harness.resources import data_folder

_SESSION = "l2tp_session"


class CaseItem(pytest.Item):
    """A case, a monitor's rule, or the run as a whole, of one device."""

    def __init__(self, *, target: Target, runs: Runs, **given: Any) -> None:
        super().__init__(**given)
        self.target = target
        self._runs = runs
        self.outcome: Outcome | None = None

    def setup(self) -> None:
        """Have it run, with all others."""
        self.outcome = self._runs.outcome(self.target, self.name)
        self.user_properties += [("device", self.target.name), *self.outcome.properties]
        self.outcome.set_up()

    def runtest(self) -> None:
        """Say how it came out."""
        assert self.outcome is not None
        if self.outcome.counts in (Counts.PASSED, Counts.EXCUSED) and self.outcome.text:
            self.add_report_section("call", "l2tp", self.outcome.text)
        self.outcome.play()

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands in its file, and what heads its failure."""
        heading = f"{self.name} on {self.target.name}"
        return self.path, self.target.places[self.name].line - 1, heading


class DeviceOfFile(pytest.Collector):
    """The cases of a file for one device, where there are several."""

    def __init__(self, *, target: Target, names: Sequence[str], runs: Runs, **given: Any) -> None:
        super().__init__(**given)
        self._target = target
        self._names = names
        self._runs = runs

    def collect(self) -> Iterator[CaseItem]:
        """Its items."""
        for name in self._names:
            yield CaseItem.from_parent(self, name=name, target=self._target, runs=self._runs)


class CaseFile(pytest.File):
    """A file of a suite, the table of the monitors, or a peer.yaml."""

    def __init__(
        self, *, items: Mapping[Target, Sequence[str]], several: bool, runs: Runs, **given: Any
    ) -> None:
        super().__init__(**given)
        self._items = items
        self._several = several
        self._runs = runs

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Its cases, below their device where there are several."""
        for target, names in self._items.items():
            if self._several:
                yield DeviceOfFile.from_parent(
                    self, name=target.name, target=target, names=names, runs=self._runs
                )
                continue
            for name in names:
                yield CaseItem.from_parent(self, name=name, target=target, runs=self._runs)


class CasePlugin:
    """The plugin, once a device is named."""

    def __init__(self, targets: Sequence[Target], session: Session) -> None:
        self._targets = targets
        self.session = session
        self._runs = Runs(session)
        self._files: dict[Path, dict[Target, list[str]]] = {}
        for target in targets:
            for name, place in target.places.items():
                file = Path(place.file).resolve()
                self._files.setdefault(file, {}).setdefault(target, []).append(name)

    @classmethod
    def of(cls, config: pytest.Config) -> CasePlugin:
        """As the command line asks for it. UsageError for what is not there."""
        option = config.option
        asked = Asked(
            selection=tuple(option.l2tp_select),
            quick=option.l2tp_quick,
            shard=option.l2tp_shard,
            suites=option.l2tp_suites,
            settings=tuple(option.l2tp_set),
            baseline=not option.l2tp_no_baseline,
            time_scale=option.l2tp_time_scale,
            out=option.l2tp_out,
        )
        given: Mapping[str, Any] = getattr(config, "workerinput", {})
        session = Session(
            given.get(_SESSION) or uuid.uuid4().hex,
            int(given.get("workerid", "gw0").removeprefix("gw")),
            int(given.get("workercount", 1)),
        )
        try:
            names = devices_meant(option.l2tp_device, asked.settings)
            plugin = cls([load_target(name, asked) for name in names], session)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            # no path was named: the cases, and not all that lies about here as well
            config.args[:] = map(str, plugin._files)
        return plugin

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist to which session it belongs."""
        node.workerinput[_SESSION] = self.session.name

    def pytest_report_header(self) -> list[str]:
        """What is tested, and where the reports go."""
        return [f"l2tp: {one.name}, {one.device.title}, into {one.folder}" for one in self._targets]

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> CaseFile | None:
        """The items of a file that the plan has something of."""
        items = self._files.get(file_path.resolve())
        if items is None:
            return None
        given: dict[str, Any] = {}
        if not file_path.is_relative_to(parent.config.rootpath):
            given["nodeid"] = _short(file_path)  # pytest would leave it out
        return CaseFile.from_parent(
            parent,
            path=file_path,
            items=items,
            several=len(self._targets) > 1,
            runs=self._runs,
            **given,
        )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn what is left of the items after all deselections."""
        items = [one for one in session.items if isinstance(one, CaseItem)]
        self._runs.prepare((one.target, one.name) for one in items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """An item took as long as its case did, not as long as it is to tell of it."""
        report = yield
        if isinstance(item, CaseItem) and item.outcome is not None and call.when == "call":
            report.duration = item.outcome.seconds
        return report

    def pytest_sessionfinish(self) -> None:
        """Leave nothing running."""
        self._runs.stop()


def _short(file: Path) -> str:
    """A file of the harness as its own repository has it; of another the name."""
    above = data_folder("suites").resolve().parent
    file = file.resolve()
    return file.relative_to(above).as_posix() if file.is_relative_to(above) else file.name

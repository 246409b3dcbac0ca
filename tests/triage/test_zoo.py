"""Devices that break, each in its own way, are told apart in every report."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from harness.device import load_device
from harness.device.description.device import Device
from harness.errors import DeviceError
from harness.report.html import HtmlReport
from harness.report.junit import JUnitReport
from harness.report.story import CaseStory, Ending, Teller
from harness.report.summary import SummaryReport
from harness.run.events import Event, Header, Verdict, read_events
from harness.run.run import Options, run
from harness.run.together import TOGETHER

ZOO = Path(__file__).parent / "zoo"
SCALE = 0.5

SUITE = """
title: What a device may die of
spec: rfc2661
defaults: {iut: [lns], covers: [RFC2661-6.1-01]}
cases:
  fault:
    purpose: The IUT meets what brings its fault about, among other datagrams.
    each: {name: [crash, exit, hang, flood]}
    steps:
      - establish: tunnel
        tunnel: other
      - send: SCCRQ
        set: {host_name: "${name}"}
      - expect: [SCCRP, StopCCN]
      - alive:
  leak:
    purpose: The IUT keeps something of each of many requests.
    steps:
      - repeat:
          count: 12
          steps:
            - send: SCCRQ
              tunnel: "t${index}"
              set: {host_name: leak}
      - alive:
  innocent:
    purpose: The IUT meets nothing unusual.
    each: {pause: [1s, 2s]}
    steps:
      - establish: tunnel
      - wait: "${pause}"
      - alive: tunnel
  two:
    purpose: The IUT meets one half of what it dies of.
    each: {half: [1, 2]}
    steps:
      - send: SCCRQ
        set: {host_name: "two-${half}"}
      - expect: SCCRP
      - wait: 4s
      - alive:
"""


class Stories:
    """The stories of a run's cases."""

    def __init__(self) -> None:
        self.cases: dict[str, CaseStory] = {}
        self.ending: Ending | None = None

    def begin(self, _header: Header) -> None:
        """Nothing is needed."""

    def case(self, story: CaseStory) -> None:
        self.cases[story.case] = story

    def end(self, ending: Ending) -> None:
        self.ending = ending


class Run:
    """A run of the suite on one of the zoo, with its reports."""

    def __init__(self, folder: Path, name: str, *selection: str, **overrides: str) -> None:
        suites = folder / "suites"
        suites.mkdir(exist_ok=True)
        (suites / "fates.yaml").write_text(SUITE)
        self.told, self.junit, self.html = Stories(), JUnitReport(), HtmlReport()
        self.summary = SummaryReport()
        self.teller = Teller(self.told, self.junit, self.html, self.summary)
        self.folder = folder
        self.events: list[Event] = []
        self.options = Options(
            device=member(name, **overrides),
            out=folder / "out",
            suites=suites,
            selection=selection,
            baseline=False,
            time_scale=SCALE,
            subscribers=(self.teller.write, self.events.append),
        )

    def go(self) -> Run:
        """Do it, and write the reports."""
        try:
            run(self.options)
        finally:
            self.junit.write(self.folder / "junit.xml")
            self.html.write(self.folder / "report.html")
            self.summary.write(self.folder / "summary.json")
        return self

    def codes(self, case: str) -> list[str]:
        """What became of the device in a case."""
        return self.told.cases[f"fates/{case}"].fate_codes

    def verdict(self, case: str) -> Verdict:
        """What a case earned."""
        return self.told.cases[f"fates/{case}"].verdict


def member(name: str, **overrides: str) -> Device:
    """One of the zoo, run by this interpreter."""
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    return load_device(ZOO / name, {"launch.process.binary": sys.executable, **given})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every fault, each case with an instance of its own."""
    selection = ("fates/fault*", "fates/leak", "fates/innocent*")
    return Run(tmp_path_factory.mktemp("own"), "crashes", *selection).go()


def test_five_ways_to_break_have_five_codes(own: Run) -> None:
    assert own.codes("fault[name=crash]") == ["device.crashed"]
    assert own.codes("fault[name=exit]") == ["device.exited"]
    assert own.codes("fault[name=hang]") == ["device.hung"]
    assert own.codes("fault[name=flood]") == ["device.log-flood"]
    assert own.codes("leak") == ["device.slow"]
    assert own.codes("innocent[pause=1s]") == own.codes("innocent[pause=2s]") == []
    fails = {"fault[name=crash]", "fault[name=exit]", "fault[name=hang]", "leak"}
    assert {case for case in fails if own.verdict(case) is Verdict.FAIL} == fails
    # who writes so much may be late with its answer
    assert own.verdict("fault[name=flood]") in (Verdict.PASS, Verdict.WARN)


@pytest.mark.parametrize("fault", ["crash", "exit"])
def test_a_crash_is_pinned_on_its_datagram(own: Run, fault: str) -> None:
    story = own.told.cases[f"fates/fault[name={fault}]"]
    (number,) = story.fates[0].frames
    frame = next(one for one in story.frames.all() if one.number == number)
    assert fault.encode() in frame.data
    survival = next(check for check in story.checks if check.name == "survival")
    assert number in survival.frames
    assert f"#{number} SCCRQ" in survival.note


def test_a_hang_is_pinned_on_what_was_not_answered(own: Run) -> None:
    story = own.told.cases["fates/fault[name=hang]"]
    (number,) = story.fates[0].frames
    frame = next(one for one in story.frames.all() if one.number == number)
    assert b"hang" in frame.data


def test_memory_tells_a_leak(own: Run) -> None:
    text = own.told.cases["fates/leak"].fates[0].text
    now, first = re.findall(r"(\d+) MiB", text)
    assert int(now) > 2 * int(first), text


def test_reports_show_status_last_words_and_codes(own: Run) -> None:
    texts = {}
    for case in next(iter(JUnitXml.fromfile(str(own.folder / "junit.xml")))):
        texts[case.name] = "\n".join(str(one.text) for one in case.result) + str(case.system_out)
    crash, hang = texts["fates/fault[name=crash]"], texts["fates/fault[name=hang]"]
    assert "device.crashed: killed by signal 11 (SIGSEGV), after #" in crash
    assert "SUMMARY: AddressSanitizer: heap-buffer-overflow avp.c:1733 in handle_avps" in crash
    assert "exited with status 7" in texts["fates/fault[name=exit]"]
    assert "fatal: no such luck" in texts["fates/fault[name=exit]"]
    assert "device.hung: runs, but answers no fresh SCCRQ within 5 s" in hang
    assert "waiting for a lock" in hang
    assert re.search(
        r"device.log-flood: it printed 1\d MiB; only its last lines are kept",
        texts["fates/fault[name=flood]"],
    )
    assert "device.slow: " in texts["fates/leak"]
    page = (own.folder / "report.html").read_text()
    every = ("device.crashed", "device.exited", "device.hung", "device.log-flood", "device.slow")
    assert all(f"{code}: " in page for code in every)
    summary = json.loads((own.folder / "summary.json").read_text())
    assert summary["incidents"] == dict.fromkeys(sorted(every), 1)
    assert list(read_events(own.folder / "out" / "events.ndjson")) == own.events


def test_one_that_never_starts_ends_the_run_and_is_told_so(tmp_path: Path) -> None:
    made = Run(tmp_path, "never-starts", "fates/innocent*", "fates/fault*")
    with pytest.raises(ExceptionGroup) as caught:
        made.go()
    error = caught.value.exceptions[0]
    assert isinstance(error, DeviceError)
    assert error.code == "device.cannot-start"
    assert "reading configuration" in error.hint
    ended = [story for story in made.told.cases.values() if story.end is not None]
    assert len(ended) >= 3
    assert {story.verdict for story in ended} == {Verdict.ERROR}
    assert {code for story in ended for code in story.fate_codes} == {"device.not-ready"}


def test_a_shared_instance_that_dies_costs_no_other_case_its_verdict(tmp_path: Path) -> None:
    selection = ("fates/fault[name=crash]", "fates/innocent*")
    made = Run(tmp_path, "crashes", *selection, launch__process__shared="true").go()
    assert made.codes("fault[name=crash]") == ["device.crashed"]
    assert made.verdict("fault[name=crash]") is Verdict.FAIL
    story = made.told.cases["fates/fault[name=crash]"]
    (number,) = story.fates[0].frames
    assert b"crash" in next(one for one in story.frames.all() if one.number == number).data
    for pause in ("1s", "2s"):
        # an answer that came late on a busy machine is a warning, and no harm
        assert made.verdict(f"innocent[pause={pause}]") in (Verdict.PASS, Verdict.WARN)
        assert made.codes(f"innocent[pause={pause}]") == []
    assert TOGETHER not in made.told.cases


def test_what_only_several_cases_bring_about_has_a_result_of_its_own(tmp_path: Path) -> None:
    made = Run(tmp_path, "crashes", "fates/two*", launch__process__shared="true").go()
    alone = {made.verdict("two[half=1]"), made.verdict("two[half=2]")}
    assert alone <= {Verdict.PASS, Verdict.WARN}
    story = made.told.cases[TOGETHER]
    assert story.verdict is Verdict.FAIL
    assert story.is_red
    check = story.checks[0]
    assert check.actual == "killed by signal 6 (SIGABRT)"
    assert check.note.startswith("of these cases together, and of none alone: ")
    assert "fates/two[half=1]" in check.note
    assert "fates/two[half=2]" in check.note
    assert story.fate_codes == ["device.crashed"]

"""The whole set on each real device, side by side, and the statements that were published of it.

Then the quick selection in containers, and in User-Mode Linux the suites in which something comes
out otherwise there. These come to the same verdicts, case by case; but for what the baselines tell
apart, which is what the kernel's data path and the real pppd do otherwise than the data path of
xl2tpd itself.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.report.statement_text import markdown
from harness.report.stating import state
from harness.run.events import EVENTS_FILE, Frame, read_events
from tests.cli.command import ROOT, junit_cases
from tests.device.bench import PEERS, missing, require_program
from tests.device.engine import require_image
from tests.devices.whole import NEEDED, Run, check_alike, in_turn, require_process

QUICK = ("--quick",)
"""All cases have run against each device as a process: of another way there a selection will do."""
GUESTS = {"uml-xl2tpd-lns": "xl2tpd-lns", "uml-xl2tpd-lac": "xl2tpd-lac"}
ONE_GUEST = ("--set", "launch.uml.guests=1", "--jobs", "20")
"""A guest has one processor, and here are two of them at once."""
AT_ONCE = 3
"""Runs side by side. The longest begin first."""
USERLAND = "baseline-userland.yaml"

pytestmark = [pytest.mark.devices, pytest.mark.longest]


def require_guest() -> None:
    for program in ("linux.uml", "xl2tpd", "pppd"):
        require_program(program)
    if os.geteuid() != 0:
        missing("guests need root")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """The devices in all their forms, each as soon as there is a place for it."""

    def run(device: str, require: Callable[[], object], words: Sequence[str] = ()) -> Run:
        return Run(device, words, require, tmp_path_factory.mktemp(device.replace(":", "-")))

    processes = [run(device, partial(require_process, device)) for device in reversed(NEEDED)]
    guests = [run(one, require_guest, (*ONE_GUEST, *told_apart_in(one))) for one in GUESTS]
    containers = [run(f"{one}:container", partial(require_image, one), QUICK) for one in NEEDED]
    with in_turn([*processes, *guests, *reversed(containers)], AT_ONCE) as runs:
        yield runs


@pytest.mark.parametrize("device", NEEDED)
def test_all_cases(runs: dict[str, Run], device: str) -> None:
    run = runs[device]
    code, summary, told = run.finished()
    assert code == 0, told
    assert summary["unexpected"] == []
    assert summary["stale"] == []
    assert summary["verdicts"]["pass"] > 300
    # a warning that nobody has looked into is no better than a failure that nobody has
    assert run.unlisted_warnings() == [], told
    # what takes long runs side by side
    assert summary["sum_s"] > 5 * summary["wall_s"], told
    check_junit(junit_cases(run.out / "junit.xml"), summary)
    check_capture(run.out)
    published = ROOT / "reports" / "published" / f"{device}.md"
    now, then = markdown(state(run.out / EVENTS_FILE)), published.read_text(encoding="utf-8")
    assert settled(now) == settled(then), f"{published.name} is stale: make statements"


@pytest.mark.parametrize("device", NEEDED)
def test_quick_cases_in_a_container(runs: dict[str, Run], device: str) -> None:
    check_alike(runs[f"{device}:container"], runs[device], part=True)


@pytest.mark.parametrize("device", GUESTS)
def test_the_same_in_a_guest(runs: dict[str, Run], device: str) -> None:
    told = told_apart(device)
    plain = runs[GUESTS[device]]
    check_alike(runs[device], plain, lambda case: is_told_apart(case, told), part=True)


def told_apart(guest: str) -> set[str]:
    """The cases that the baselines tell apart in a guest, and where there is none."""
    plain = PEERS / GUESTS[guest]
    return listed(plain / USERLAND) | listed(PEERS / guest / "baseline.yaml")


def told_apart_in(guest: str) -> list[str]:
    """The suites that have such cases, to be selected."""
    suites = {case.partition("/")[0] for case in told_apart(guest)} - {"monitor"}
    assert len(suites) > 5
    return [f"{suite}/*" for suite in sorted(suites)]


def listed(baseline: Path) -> set[str]:
    """The cases of a baseline, with `*` for any text."""
    return {entry["case"] for entry in yaml.safe_load(baseline.read_text(encoding="utf-8"))}


def is_told_apart(case: str, told: set[str]) -> bool:
    """Whether a case is told apart, or about data, which a PPP of its own sends otherwise."""
    patterns = {re.escape(one).replace(r"\*", ".*") for one in told}
    return case.startswith("monitor/data-") or any(re.fullmatch(one, case) for one in patterns)


def settled(statement: str) -> list[str]:
    """All of a statement but what the device did by chance, and the variants.

    How many messages stand out at once is up to the load. No verdict rests on a variant.
    """
    before, _, rest = statement.partition("\n## Variants\n")
    assert rest
    _, _, after = rest.partition("\n## ")
    before, _, _ = before.partition("\n## By chance\n")
    return [*before.splitlines(), *after.splitlines()]


def check_junit(cases: list[Any], summary: dict[str, Any]) -> None:
    """What another library reads out of the file is what the summary says."""
    counts = {
        name: summary["verdicts"][name] + summary["monitors"][name] for name in summary["verdicts"]
    }
    results = [case.result[0].type if case.result else "" for case in cases]
    assert len(cases) == sum(counts.values())
    assert results.count("") == counts["pass"] + counts["warn"]
    assert results.count("expected-failure") == counts["xfail"]
    assert results.count("skip") == counts["skip"]
    assert len({(case.classname, case.name) for case in cases}) == len(cases)


def check_capture(out: Path) -> None:
    """Wireshark opens the capture; it has every frame of the stream, with its case."""
    require_program("tshark")
    frames = [
        each
        for each in read_events(out / EVENTS_FILE)
        if isinstance(each, Frame) and not each.again
    ]
    fields = ("-T", "fields", "-e", "frame.number", "-e", "frame.comment")
    done = subprocess.run(
        ["tshark", "-r", str(out / "capture.pcapng"), *fields],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [int(number) for number, _ in lines] == [frame.number for frame in frames]
    assert all(
        comment.startswith(frame.case) for (_, comment), frame in zip(lines, frames, strict=True)
    )

"""Cases as items of pytest: what they come to, alone, side by side, and divided among workers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.pytest_plugin.runs import Runs, Session
from harness.pytest_plugin.target import Asked, load_target
from harness.report.story import Counts
from harness.run.events import CaseEnd, Header, read_events

pytest_plugins = ["pytester"]

MINE = ("--l2tp-device", "mine", "--l2tp-suites", "hello.yaml")
CASES = ("-k", "not monitor")
PLAIN = (*MINE, "--l2tp-no-baseline")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest of its own, as its user runs it."""
    without = ("cacheprovider", "benchmark", "hypothesispytest")
    switches = [word for name in without for word in ("-p", f"no:{name}")]
    return pytester.runpytest_subprocess(*switches, *arguments)


def ended(folder: Path) -> Counter[str]:
    """How often each case ended in a stream."""
    events = read_events(folder / "events.ndjson")
    return Counter(one.case for one in events if isinstance(one, CaseEnd))


def test_without_a_device_it_is_not_there(pytester: pytest.Pytester, place: Path) -> None:
    (place / "test_other.py").write_text(
        "import sys\n"
        "def test_other():\n"
        "    assert [name for name in sys.modules if name.startswith('harness')] == \\\n"
        "        ['harness', 'harness.pytest_plugin']\n"
    )
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [False, True], ids=["alone", "xdist"])
def test_each_verdict_is_the_outcome_that_is_like_it(
    pytester: pytest.Pytester, place: Path, workers: bool
) -> None:
    result = run(pytester, *MINE, "-rA", *(("-n", "2") if workers else CASES))
    outcomes = result.parseoutcomes()
    if workers:
        # a monitor has found what is wrong with the secret
        assert (outcomes["failed"], outcomes["errors"], outcomes["xfailed"]) == (3, 1, 1)
        result.stdout.fnmatch_lines(["FAILED *monitors.yaml::monitor/challenge-response - *"])
    else:
        # `run` passes too; an xpass of a baseline that is stale is a failure
        result.assert_outcomes(passed=3, failed=2, errors=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines_random(
        [
            "PASSED hello.yaml::hello/good",
            "PASSED hello.yaml::hello/weak",
            "PASSED mine/peer.yaml::run",
            "FAILED hello.yaml::hello/bad - *",
            "FAILED hello.yaml::hello/stale - *",
            "ERROR hello.yaml::hello/unsure - *",
            "XFAIL hello.yaml::hello/known - *it is as it is*",
            "SKIPPED * the ICS does not claim sequencing",
            # the rule, the octets, and how to see it again
            "  requirement  RFC2661-5.8-06 (section 5.8, MUST): *",
            "  expected     CDN within 1 s",
            "    0000  c8 02 *",
            "Replay:  l2tp-harness run --device mine --suites hello.yaml hello/bad",
            "Capture: tshark -r out/pytest/mine/capture.pcapng *",
            "*the baseline lists what was not found*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    together = ended(place / "out/pytest/mine")
    assert set(together.values()) == {1}
    if workers:
        parts = [ended(place / f"out/pytest/mine/{number}-of-2") for number in (1, 2)]
        cases = [{case for case in part if case.startswith("hello/")} for part in parts]
        assert all(cases)
        assert not cases[0] & cases[1]
        assert {case for case in together if case.startswith("hello/")} == cases[0] | cases[1]


def test_one_case_is_run_by_its_node_id(pytester: pytest.Pytester, place: Path) -> None:
    result = run(pytester, *PLAIN, "hello.yaml::hello/bad", "test_other.py")
    result.assert_outcomes(passed=1, failed=1)
    cases = {case for case in ended(place / "out/pytest/mine") if case.startswith("hello/")}
    assert cases == {"hello/bad"}


def test_what_a_monitor_finds_is_said_by_a_case_where_its_item_is_left_out(
    pytester: pytest.Pytester, place: Path
) -> None:
    result = run(pytester, *PLAIN, "-k", "hello/unsure or hello/good", "-rA")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["monitor/challenge-response: *", "PASSED *hello/good"])


def test_several_devices_have_an_item_each(pytester: pytest.Pytester, place: Path) -> None:
    devices = ("--l2tp-device", "mine", "--l2tp-device", "reference-lns")
    result = run(pytester, *devices, *MINE[2:], "-k", "hello/bad or hello/known", "-rA")
    result.assert_outcomes(failed=3, xfailed=1)
    result.stdout.fnmatch_lines(["FAILED hello.yaml::reference-lns::hello/known - *"])


def test_a_device_that_does_not_start_is_an_error(pytester: pytest.Pytester, place: Path) -> None:
    binary = ("--l2tp-set", "launch.process.binary=./none")
    result = run(pytester, "--l2tp-device", "xl2tpd-lns", *PLAIN[2:], *binary, "-k", "hello/good")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no program*device.no-program*", "hint: *"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--l2tp-device", "nobody"), "*unknown device 'nobody'*"),
        ((*MINE, "--l2tp-select", "5.5-hallo"), "*no case is selected by '5.5-hallo'*"),
        ((*MINE, "--l2tp-shard", "3"), "*--shard 3 is no part of a whole*"),
    ],
)
def test_wrong_usage_is_told(
    pytester: pytest.Pytester, place: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = run(pytester, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])


def test_shards_have_every_case_once(pytester: pytest.Pytester, place: Path) -> None:
    found: Counter[str] = Counter()
    for number in (1, 2):
        where = ("--l2tp-out", f"part-{number}", "--junitxml", f"{number}.xml")
        run(pytester, *PLAIN, *CASES, "--l2tp-shard", f"{number}/2", *where)
        folder = place / f"part-{number}" / "mine"
        header = next(read_events(folder / "events.ndjson"))
        assert isinstance(header, Header)
        assert header.shard == f"{number}/2"
        found += Counter(case for case in ended(folder) if case.startswith("hello/"))
    assert len(found) == 7
    assert set(found.values()) == {1}
    text = "".join((place / f"{number}.xml").read_text() for number in (1, 2))
    assert '<property name="requirement" value="RFC2661-5.8-06"' in text
    assert '<property name="verdict" value="inconc"' in text


def test_the_part_of_a_worker_that_never_began_is_taken_over(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    asked = Asked(
        selection=(),
        quick=False,
        shard=None,
        suites=Path("hello.yaml"),
        settings=(),
        baseline=False,
        time_scale=1.0,
        out=Path("out"),
    )
    target = load_target("mine", asked)
    runs = Runs(Session("one", worker=1, workers=2))
    runs.prepare((target, name) for name in target.places)
    assert runs.outcome(target, "run").counts is Counts.PASSED
    assert runs.outcome(target, "hello/bad").counts is Counts.FAILED
    cases = [name for name in target.places if name.startswith("hello/")]
    assert all(runs.outcome(target, name).message for name in cases)
    assert (place / "out/mine/1-of-2/summary.json").is_file()
    # another session runs it again; whoever comes late in this one does not
    late = Runs(Session("one", worker=0, workers=2))
    late.prepare((target, name) for name in target.places)
    before = (place / "out/mine/1-of-2/events.ndjson").stat().st_mtime_ns
    assert late.outcome(target, "hello/good").counts is Counts.PASSED
    assert (place / "out/mine/1-of-2/events.ndjson").stat().st_mtime_ns == before
    summary = json.loads((place / "out/mine/2-of-2/summary.json").read_text())
    assert summary["cases"]

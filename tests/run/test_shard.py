"""A run divided into shards and put together again is the run undivided."""

from __future__ import annotations

import functools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.capture.files import open_capture
from harness.errors import NothingSelected, UsageError
from harness.report.summary import summarize
from harness.run.events import Check, Event, Footer, Frame, Header, read_events
from harness.run.merge import merge
from harness.run.run import Options, load_library, run
from harness.run.select import Selected
from harness.run.shard import Shard, read_shard
from tests.run.stage import cases_of, device

SUITE = """
title: A bit of everything that could come out differently
spec: rfc2661
defaults: {iut: [lns], covers: [RFC2661-5.8-06]}
cases:
  calls:
    purpose: Several calls come up.
    each: {calls: [1, 2, 3, 4]}
    steps:
      - repeat:
          count: "${calls}"
          steps:
            - establish: session
              session: "s${index}"
      - alive: tunnel
  slow:
    purpose: The tunnel stays for a while.
    each: {pause: [1s, 20s, 90s]}
    steps:
      - establish: tunnel
      - wait: "${pause}"
      - alive: tunnel
  wrong:
    purpose: An answer is expected that never comes.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: StopCCN
  unclaimed:
    purpose: It asks for what the IUT does not claim.
    requires: [sequencing]
    steps:
      - establish: tunnel
      - alive:
"""
BASELINE = """
- case: sample/wrong
  verdict: fail
  reason: It is wrong on purpose.
- case: sample/slow[pause=1s]
  verdict: fail
  reason: It does not fail, so that this is stale.
- case: monitor/ns-sequence
  verdict: fail
  reason: The reference keeps its numbers, so that this is stale in a whole run.
- case: monitor/tunnel-id-unique
  verdict: fail
  row: RFC2661-4.4.3-17
  by_chance: true
  reason: It is in few runs, so that this is never stale.
"""


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.run.run.load_library", _load)


_load = functools.cache(load_library)


@pytest.fixture(name="options", scope="module")
def _options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A run with a good, a stale and an unexpected verdict, and one that is skipped."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "suites").mkdir()
    (folder / "suites" / "sample.yaml").write_text(SUITE)
    (folder / "baseline.yaml").write_text(BASELINE)
    tested = replace(
        device(), baselines=(folder / "baseline.yaml",), ics={**device().ics, "sequencing": False}
    )
    return Options(device=tested, out=folder / "whole", suites=folder / "suites", named="sharded")


def alike(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without what the wall clock says."""
    return {key: value for key, value in summary.items() if key != "wall_s"}


def events_of(out: Path) -> list[Event]:
    return list(read_events(out / "events.ndjson"))


def shards(options: Options, folder: Path, number: int) -> list[Path]:
    """Run all shards; gives their folders."""
    folders = []
    for each in range(1, number + 1):
        out = folder / str(each)
        run(replace(options, out=out, shard=Shard(each, number)))
        folders.append(out)
    return folders


@pytest.mark.parametrize("number", [1, 2, 4])
def test_merged_shards_are_the_whole_run(options: Options, tmp_path: Path, number: int) -> None:
    run(options)
    whole = summarize(options.out / "events.ndjson")
    assert whole["verdicts"]["xfail"] == whole["verdicts"]["xpass"] == 1
    assert whole["verdicts"]["skip"] == 1
    assert len(whole["stale"]) == 1
    folders = shards(options, tmp_path, number)
    merge(folders, tmp_path / "merged", "merge")
    merged = summarize(tmp_path / "merged" / "events.ndjson")
    assert sorted(map(str, merged.pop("unexpected"))) == sorted(map(str, whole.pop("unexpected")))
    assert alike(merged) == alike(whole)


def test_frames_are_numbered_anew_and_checks_follow(options: Options, tmp_path: Path) -> None:
    folders = shards(options, tmp_path, 3)
    merge(folders[::-1], tmp_path / "merged", "merge")
    told = events_of(tmp_path / "merged")
    frames = [one for one in told if isinstance(one, Frame) and not one.again]
    assert [one.number for one in frames] == list(range(1, len(frames) + 1))
    assert len(frames) == sum(
        isinstance(one, Frame) and not one.again for each in folders for one in events_of(each)
    )
    by_number = {one.number: one for one in frames}
    checks = [one for one in told if isinstance(one, Check) and one.frames and not one.first_case]
    assert checks
    for check in checks:
        assert {by_number[number].case for number in check.frames} == {check.case}
    with open_capture(tmp_path / "merged" / "capture.pcapng") as packets:
        assert len(list(packets.packets())) == len(frames)


def test_a_monitor_entry_is_stale_only_for_the_whole(options: Options, tmp_path: Path) -> None:
    """Only suites of the harness are the whole; here the headers say that they are."""
    folders = shards(options, tmp_path, 2)
    for folder in folders:
        lines = (folder / "events.ndjson").read_text().splitlines()
        header = json.loads(lines[0])
        assert header["whole"] is False
        listed = {one["case"]: (one["rows"], one["by_chance"]) for one in header["listed"]}
        assert listed == {
            "monitor/ns-sequence": ([], False),
            "monitor/tunnel-id-unique": (["RFC2661-4.4.3-17"], True),
        }
        lines[0] = json.dumps({**header, "whole": True})
        (folder / "events.ndjson").write_text("\n".join(lines) + "\n")
    footer = merge(folders, tmp_path / "merged", "merge")
    assert ["monitor/ns-sequence" in entry for entry in footer.stale[-1:]] == [True]
    assert not any("monitor/tunnel-id-unique" in entry for entry in footer.stale)
    footer = merge(folders[:1], tmp_path / "half", "merge")
    assert not any("monitor/ns-sequence" in entry for entry in footer.stale)


def test_what_is_remarked_upon_in_several_shards_is_told_once(
    options: Options, tmp_path: Path
) -> None:
    folders = shards(options, tmp_path, 3)
    for folder, words in zip(folders, (["here"], [], ["here", "there"]), strict=True):
        stream = folder / "events.ndjson"
        *events, footer = stream.read_text().splitlines()
        told = json.dumps({**json.loads(footer), "remarks": words})
        stream.write_text("\n".join([*events, told, ""]))
    assert merge(folders, tmp_path / "merged", "merge").remarks == ("here", "there")


def test_a_shard_that_is_missing_or_broke_off_is_an_error(options: Options, tmp_path: Path) -> None:
    folders = shards(options, tmp_path, 3)
    footer = merge(folders[:2], tmp_path / "two", "merge")
    assert footer.error is not None
    assert (footer.error.code, footer.error.exit_code) == ("merge.missing-shard", 3)
    assert "3/3" in footer.error.cause
    stream = folders[1] / "events.ndjson"
    whole = stream.read_bytes()
    stream.write_bytes(whole[:-200])
    footer = merge(folders, tmp_path / "cut", "merge")
    assert footer.error is not None
    assert footer.error.code == "run.no-footer"
    assert sum(footer.verdicts.values()) > 0


def test_what_is_no_shard_of_the_same_run_is_refused(options: Options, tmp_path: Path) -> None:
    one, two = shards(options, tmp_path, 2)
    with pytest.raises(UsageError, match="1/2 is there twice"):
        merge([one, one], tmp_path / "out", "merge")
    other = tmp_path / "other"
    run(replace(options, out=other, shard=Shard(2, 2), seed=5))
    with pytest.raises(UsageError, match="seed"):
        merge([one, other], tmp_path / "out", "merge")
    run(replace(options, out=other, shard=Shard(2, 3)))
    with pytest.raises(UsageError, match="different runs"):
        merge([one, other], tmp_path / "out", "merge")
    run(replace(options, out=other))
    run(replace(options, out=two))
    with pytest.raises(UsageError, match=r"is in .* and in "):
        merge([other, two], tmp_path / "out", "merge")


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.lists(st.floats(0, 100), min_size=1, max_size=60),
    number=st.integers(1, 9),
    order=st.randoms(use_true_random=False),
)
def test_every_case_is_in_one_shard_and_shards_are_balanced(
    seconds: list[float], number: int, order: Any
) -> None:
    (case,) = cases_of("- alive:")
    plan = [
        Selected(replace(case, id=f"c{index}", seconds=each)) for index, each in enumerate(seconds)
    ]
    found: Counter[str] = Counter()
    sums = []
    for each in range(1, number + 1):
        shuffled = list(plan)
        order.shuffle(shuffled)
        try:
            mine = Shard(each, number).of_plan(shuffled)
        except NothingSelected:
            mine = ()
        assert [one.case.id for one in mine] == [one.case.id for one in shuffled if one in mine]
        found.update(one.case.id for one in mine)
        sums.append(sum(one.case.seconds for one in mine))
    assert found == {one.case.id: 1 for one in plan}
    assert max(sums) - min(sums) <= max(seconds) + 0.1 * len(plan)


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "1/", "a/b", "-1/2", "1/0", "1/2/3"])
def test_a_bad_shard_is_an_error_of_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no part of a whole"):
        read_shard(text)


def test_the_header_of_a_shard_says_so(options: Options, tmp_path: Path) -> None:
    (folder,) = shards(options, tmp_path, 1)
    header, *_, footer = events_of(folder)
    assert isinstance(header, Header)
    assert isinstance(footer, Footer)
    assert header.shard == "1/1"

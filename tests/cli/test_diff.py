"""`diff`: two runs or more, as a person and as a script see them."""

from __future__ import annotations

import pytest

from tests.cli.command import Command

HELLO = "5.5-hello/acknowledged"


@pytest.fixture
def ran(command: Command) -> Command:
    """The command, and two runs alike."""
    for folder in ("a", "b"):
        assert command("run", HELLO, "--out", folder).code == 0
    return command


def test_runs_that_came_out_alike(ran: Command) -> None:
    result = ran("diff", "a", "b", "a/events.ndjson")
    assert (result.code, result.out.splitlines()[-1]) == (0, "all alike")


def test_a_case_that_came_out_differently(ran: Command) -> None:
    stream = ran.folder / "b" / "events.ndjson"
    lines = stream.read_text().splitlines(keepends=True)
    changed = [
        line.replace('"verdict":"pass"', '"verdict":"fail"')
        if '"event":"case-end"' in line and HELLO in line
        else line
        for line in lines
    ]
    stream.write_text("".join(changed))
    result = ran("diff", "a", "b")
    assert result.code == 1
    assert f"pass -> fail  {HELLO}" in result.out.splitlines()
    told = ran("diff", "a", "b", "--json")
    assert told.code == 1
    (change,) = told.json["changes"]
    assert change["case"] == HELLO
    assert [one["shown"] for one in change["verdicts"]] == ["pass", "fail"]


def test_a_stream_that_breaks_off(ran: Command) -> None:
    stream = ran.folder / "b" / "events.ndjson"
    stream.write_text("".join(stream.read_text().splitlines(keepends=True)[:-1]))
    result = ran("diff", "a", "b")
    assert result.code == 3
    assert "broke off" in result.out


def test_one_run_alone_or_none_at_all(ran: Command) -> None:
    assert "two runs or more" in ran("diff", "a").error
    assert ran("diff", "a", "nowhere").code == 2

"""`explain`: a case with its rules and steps, a rule with its cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import ROOT, Command


def test_a_case(command: Command) -> None:
    result = command("explain", "5.5-hello/unanswered-hello-ends-tunnel")
    assert result.code == 0
    for text in (
        "A tunnel whose HELLO is never acknowledged is given up.",
        "RFC2661-5.8-26 (section 5.8, MUST): When the peer does not respond",
        "an LNS",
        "P-18",
        "    - establish: tunnel\n",
        "    - hello: ignore\n",
        "5.5-hello.yaml:",
    ):
        assert text in result.out


def test_the_steps_are_those_of_the_file(command: Command) -> None:
    """The steps of every case, indented as in the file, stand there in this order."""
    for one in command("list", "--json").json:
        if one["axes"]:
            continue
        told = command("explain", one["case"], "--json").json
        text = Path(one["file"]).read_text()
        lines = iter(line.strip() for line in text.splitlines()[one["line"] - 1 :])
        assert told["source"]
        assert told["source"][0].startswith("- ")
        for line in told["source"]:
            assert line.strip() in lines
        return


def test_a_step_of_several_lines_stays_whole(command: Command) -> None:
    said = command("explain", "4.4.3-control-connection-avps/missing-mandatory-avp").out
    steps = said.partition("  steps\n")[2]
    assert '    - send: SCCRQ\n      omit: ["${avp}"]\n    - expect:\n' in steps
    assert "missing-mandatory-avp[avp=host_name]" in said


def test_a_variant_has_the_values_of_its_axes(command: Command) -> None:
    name = "4.4.3-control-connection-avps/missing-mandatory-avp[avp=host_name]"
    said = command("explain", name).out
    assert "- send: SCCRQ, omit: [host_name]" in said
    assert "${avp}" not in said
    assert f"l2tp-harness run --device NAME '{name}'" in said


def test_the_name_alone_is_enough_where_it_is_unique(command: Command) -> None:
    short = command("explain", "unanswered-hello-ends-tunnel").out
    assert short == command("explain", "5.5-hello/unanswered-hello-ends-tunnel").out


def test_a_requirement(command: Command) -> None:
    said = command("explain", "RFC2661-5.8-26").out
    for text in ("5.8", "MUST (breaking it: fail)", "When the peer does not respond", "gives-up"):
        assert text in said
    told = command("explain", "rfc2661-5.8-26", "--json").json
    assert told["kind"] == "requirement"
    assert told["level"] == "MUST"
    assert "5.5-hello/unanswered-hello-ends-tunnel" in told["cases"]


def test_case_and_requirement_agree(command: Command) -> None:
    case = command("explain", "5.5-hello/many-in-a-row", "--json").json
    assert case["kind"] == "case"
    for row in case["covers"]:
        told = command("explain", row["id"], "--json").json
        assert "5.5-hello/many-in-a-row" in told["cases"]
        assert told["text"] == row["text"]


def test_repeated_steps_are_told(command: Command) -> None:
    case = command("explain", "5.5-hello/many-in-a-row", "--json").json
    (repeat,) = [step for step in case["steps"] if "steps" in step]
    assert repeat["steps"][0]["text"] == "send: HELLO"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("5.5-hello/acknowleged", "did you mean '5.5-hello/acknowledged'?"),
        ("unanswered-helo-ends-tunnel", "did you mean '5.5-hello/unanswered-hello-ends-tunnel'?"),
        ("RFC2661-5.8-260", "did you mean 'RFC2661-5.8-26'?"),
        ("3.1-header/truncated[lost=999]", "did you mean '3.1-header/truncated[lost="),
        ("ΩΩΩΩΩΩ", "`l2tp-harness list` shows all cases"),
    ],
)
def test_an_unknown_id(command: Command, name: str, hint: str) -> None:
    result = command("explain", name)
    assert result.code == 2
    assert hint in result.error


def test_a_name_of_several_cases(command: Command, tmp_path: Path) -> None:
    suites = tmp_path / "twice"
    suites.mkdir()
    text = (ROOT / "suites" / "rfc2661" / "5.5-hello.yaml").read_text()
    for name in ("one", "two"):
        (suites / f"{name}.yaml").write_text(text)
    result = command("explain", "many-in-a-row", "--suites", suites)
    assert result.code == 2
    assert "one of one/many-in-a-row, two/many-in-a-row" in result.error


def test_how_a_case_of_a_selection_is_selected(command: Command) -> None:
    said = command("explain", "9.1-messages-of-others/hello[label=strict]").out
    assert "selected  by tag:security or its id only" in said
    assert (
        "selected" not in command("explain", "9.1-messages-of-others/hello[label=by-default]").out
    )

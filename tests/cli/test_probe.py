"""`probe` and `doctor`: what they find out is what the devices' authors found out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.device import load_device
from harness.device.description.ics import OF_EVERY_LNS
from harness.probe.probing import QUESTIONS
from harness.run.run import BASE_PROFILE, load_library
from harness.suite.model import Expect, Severity
from tests.cli.command import Command
from tests.device.bench import PEERS, require_namespaces, require_program

LIVELY = frozenset({"sequencing", "ppp"})
"""Capabilities that show only in data, which a device need not send."""


def agrees(measured: dict[str, bool], name: str) -> None:
    """What was measured agrees with peer.yaml, and leaves little out."""
    device = load_device(PEERS / name)
    given = OF_EVERY_LNS if device.role == "lns" else frozenset[str]()
    for capability, value in measured.items():
        stated = bool(device.ics.get(capability, capability in given))
        assert value == stated, capability
    assert len(measured) >= 8


@pytest.mark.parametrize("name", ["reference-lns", "reference-lac"])
def test_reference_peers(command: Command, name: str) -> None:
    result = command("probe", "--device", name)
    assert result.code == 0
    draft = yaml.safe_load(result.out)
    agrees(draft["ics"], name)
    assert draft["ixit"] == {
        "host_name": name,
        "hello_interval": "60s",
        "retransmit": {"first": "1s", "cap": "8s", "max": 6},
    }
    assert Path("out", f"{name}-probe", "rest", "capture.pcapng").is_file()


def test_what_was_measured_is_what_the_device_does(command: Command) -> None:
    settings = (
        *("--set", "ixit.hello_interval=7s"),
        *("--set", "ixit.retransmit.first=2s"),
        *("--set", "ixit.retransmit.cap=16s"),
        *("--set", "ixit.retransmit.max=5"),
        *("--set", "ixit.secret=other"),
        *("--set", "ixit.extra.challenge=true"),
    )
    result = command("probe", "--device", "reference-lns", *settings, "--json")
    assert result.code == 0
    found = result.json
    assert found["ixit"]["hello_interval"] == 7
    assert found["ixit"]["retransmit"]["first"] == 2
    assert found["ixit"]["retransmit"]["max"] == 5
    assert found["facts"]["challenges"] is True
    assert found["facts"]["receive_window_size"] == 4
    assert found["ics"]["tunnel_authentication"]["value"] is True
    assert found["contradictions"] == []


def test_contradictions_are_found_both_ways(command: Command) -> None:
    settings = ("--set", "ixit.max_sessions=1", "--set", "ics.hidden_avps=false")
    found = command("probe", "--device", "reference-lns", "--quick", "--json", *settings).json
    assert found["contradictions"] == [
        {"capability": "hidden_avps", "stated": False, "measured": True},
        {"capability": "multiple_sessions", "stated": True, "measured": False},
    ]
    assert found["ixit"]["hello_interval"] is None
    result = command("doctor", "--device", "reference-lns", *settings)
    assert result.code == 1
    assert "wrong    ics multiple_sessions: claimed, but: two-calls" in result.out
    assert "note     ics hidden_avps: not claimed, yet it works" in result.out
    assert result.out.endswith("1 of 13 need attention\n")


def test_two_calls_of_its_own_are_enough(command: Command) -> None:
    """A LAC that places no calls for its peer may have several that come in."""
    settings = ("--set", "ixit.extra.places_calls=false")
    found = command("probe", "--device", "reference-lac", "--quick", "--json", *settings).json
    assert found["ics"]["outgoing_calls"]["value"] is False
    assert found["ics"]["multiple_sessions"]["value"] is True
    assert found["ics"]["multiple_sessions"]["why"].startswith("two-calls-in: ")


def test_no_question_is_answered_by_what_was_not_asked_for() -> None:
    """What an expectation does not name is a no or nothing: by a row's level it would be a yes."""
    loose = [
        f"{case.id}: {step.place}"
        for case in load_library(QUESTIONS, BASE_PROFILE).cases
        for step in case.steps
        if isinstance(step, Expect) and step.otherwise not in (Severity.FAIL, Severity.INCONC)
        if not any(one.message == "any" for one in step.alternatives)
    ]
    assert loose == []


def test_a_device_that_cannot_be_made_to_do_it(command: Command, tmp_path: Path) -> None:
    """A host name full of YAML, and a LAC that refuses all: the draft is YAML all the same."""
    name = 'a"b: [#\n\x1b[31m'
    settings = ("--set", f"ixit.host_name={name}", "--set", "ixit.max_tunnels=0")
    result = command("probe", "--device", "reference-lns", *settings, "--quick")
    assert result.code == 0
    assert "\x1b" not in result.out
    draft = yaml.safe_load(result.out)
    assert draft["ics"]["accepts_tunnel"] is False


def test_the_draft_goes_to_a_new_file_only(command: Command) -> None:
    result = command("probe", "--device", "reference-lns", "--quick", "--out", "draft.yaml")
    assert result.code == 0
    assert result.out == ""
    assert yaml.safe_load(Path("draft.yaml").read_text())["ics"]["incoming_calls"] is True
    again = command("probe", "--device", "reference-lns", "--quick", "--out", "draft.yaml")
    assert again.code == 2
    assert "draft.yaml is there already [probe.exists]" in again.error


def test_a_device_that_does_not_start(command: Command) -> None:
    result = command(
        *("probe", "--device", "xl2tpd-lns", "--quick"),
        *("--set", "launch.process.binary=no-such-xl2tpd"),
    )
    assert result.code == 3
    assert "there is no program no-such-xl2tpd" in result.error


NEVER_READY = """\
title: It says what is wrong, and ends
role: lns
launch:
  process: {binary: sh, command: "sh -c 'echo no such option; exit 4'", ready: listening}
"""


def test_a_device_that_ends_before_it_is_ready(command: Command) -> None:
    """Of what never came up nothing is known: no draft, and no claim is called wrong."""
    Path("peers/mine").mkdir(parents=True)
    Path("peers/mine/peer.yaml").write_text(NEVER_READY)
    result = command("probe", "--device", "mine", "--quick")
    assert result.code == 3
    assert result.out == ""
    assert "exited with status 4 before it was ready [device.died-early]" in result.error
    assert "hint: it said: no such option" in result.error
    result = command("doctor", "--device", "mine")
    assert result.code == 1
    assert "missing  it starts, and answers: " in result.out
    assert "hint: it said: no such option" in result.out
    assert "ics" not in result.out


@pytest.mark.parametrize("name", ["xl2tpd-lns", "xl2tpd-lac"])
def test_xl2tpd(command: Command, name: str) -> None:
    require_program("xl2tpd")
    found = command("probe", "--device", name, "--quick", "--json").json
    agrees({one: it["value"] for one, it in found["ics"].items() if it["value"] is not None}, name)
    assert found["facts"]["vendor_name"] == "xelerance.com"
    assert found["ixit"]["host_name"] == "iut"


def test_l2tpns(command: Command) -> None:
    require_program("l2tpns")
    require_namespaces()
    found = command("probe", "--device", "l2tpns", "--quick", "--json").json
    measured = {one: it["value"] for one, it in found["ics"].items() if it["value"] is not None}
    # it answers LCP, which is not yet a PPP that comes up: that takes a RADIUS server
    agrees({one: value for one, value in measured.items() if one != "ppp"}, "l2tpns")


def test_the_machine(command: Command) -> None:
    result = command("doctor", "--json")
    found = {one["what"]: one for one in result.json["found"]}
    assert result.code == result.json["exit_code"] == 0
    assert found["device reference-lns"]["health"] == "ok"
    assert found["root"]["health"] in ("ok", "note")


def test_an_engine_that_is_not_where_it_is_said_to_be(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    assert "note     container engine" in command("doctor").out


def test_the_machine_with_a_broken_device(command: Command) -> None:
    Path("peers/bad").mkdir(parents=True)
    Path("peers/bad/peer.yaml").write_text("title: x\nrole: lns\nlaunch: {extrenal: {}}\n")
    result = command("doctor")
    assert result.code == 1
    assert "wrong    device bad: peers/bad/peer.yaml:3:10: unknown launch 'extrenal'" in result.out


def test_what_a_box_needs(command: Command) -> None:
    command("init", "box", "--launch", "external")
    result = command("doctor", "--device", "box")
    assert result.code == 1
    assert "missing  what it needs here: nobody has said where box is" in result.out
    assert "hint: --set ixit.address=ADDRESS" in result.out

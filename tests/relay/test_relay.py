"""The harness between a LAC and an LNS: what passes, who sees whom, what is judged and told."""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.device import load_device
from harness.device.description.device import Device
from harness.device.embedded import EmbeddedRunner
from harness.errors import DeviceError, UsageError
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.report.interop import InteropReport
from harness.report.story import Teller
from harness.run.events import CaseEnd, Check, Event, Frame, Verdict
from harness.run.relay.rules import read_rule
from harness.run.relay.run import RelayOptions, check_roles, relay
from harness.run.run import Library, load_library
from harness.spec.model import Specification
from harness.wire import parse
from tests.cli.command import Command
from tests.device.bench import require_namespaces, require_program
from tests.run.fakes import Crashing, Mute
from tests.run.stage import ROOT

SUITES = ROOT / "suites"
PAIR = "relay/reference-lac+reference-lns"


@functools.cache
def library() -> Library:
    return load_library(SUITES)


def peer(name: str) -> Device:
    return load_device(ROOT / "peers" / name)


class Relayed:
    """What came of a relay."""

    def __init__(
        self, out: Path, rules: Sequence[str] = (), lac: str = "reference-lac", **more: Any
    ) -> None:
        self.events: list[Event] = []
        self.interop = InteropReport()
        teller = Teller(self.interop)
        given = {"lacs": [peer(lac)], "lnss": [peer("reference-lns")], **more}
        options = RelayOptions(
            rules=[read_rule(rule, library().specification.messages) for rule in rules],
            out=out,
            suites=SUITES,
            subscribers=(teller.write, self.events.append),
            **given,
        )
        self.footer = relay(options, library())
        self.interop.write(out)

    def checks(self, case: str = PAIR) -> dict[str, str]:
        """The checks of a pair by name."""
        found = [one for one in self.events if isinstance(one, Check) and one.case == case]
        return {one.name: one.verdict.value for one in found}

    def frames(self, side: str) -> list[Frame]:
        """What went by on one side."""
        every = [one for one in self.events if isinstance(one, Frame) and one.case == PAIR]
        return [one for one in every if one.summary.startswith(f"{side} side: ")]

    def arrived(self, side: str, message: str) -> int:
        """How often the relay let a message go out on a side."""
        frames = [one for one in self.frames(side) if one.direction.value == "sent"]
        return sum(f": {message} " in one.summary for one in frames)

    def red(self) -> list[str]:
        """The results that are not as expected."""
        ends = [one for one in self.events if isinstance(one, CaseEnd)]
        return [one.case for one in ends if one.expectation.turns_red]


def test_tunnel_and_call_come_up_and_are_closed(tmp_path: Path) -> None:
    done = Relayed(tmp_path)
    assert done.checks() == {"tunnel": "pass", "call": "pass", "close": "pass"}
    assert done.red() == []
    (pair,) = done.interop.matrix()["pairs"]
    assert (pair["lac"], pair["lns"], pair["verdict"]) == ("reference-lac", "reference-lns", "pass")
    stages = ("tunnel", "call", "hold", "close")
    assert [pair[stage]["status"] for stage in stages] == ["yes"] * 4
    assert pair["findings"] == {"lac": [], "lns": []}
    assert json.loads((tmp_path / "interop.json").read_text()) == done.interop.matrix()
    row = "| reference-lac | reference-lns | yes | yes | yes | yes |"
    assert row in (tmp_path / "interop.md").read_text()


def test_each_side_sees_the_relay_and_nobody_else(tmp_path: Path) -> None:
    done = Relayed(tmp_path)
    for side in ("LAC", "LNS"):
        frames = done.frames(side)
        came = {one.source for one in frames if one.direction.value == "received"}
        went = {one.destination for one in frames if one.direction.value == "sent"}
        assert came == went
        assert len(came) == 1
        ends = {one.destination for one in frames if one.direction.value == "received"}
        assert ends == {one.source for one in frames if one.direction.value == "sent"}
        assert not ends & came
    lac, lns = done.frames("LAC"), done.frames("LNS")
    assert [one.data for one in lac if one.direction.value == "received"] == [
        one.data for one in lns if one.direction.value == "sent"
    ]


def test_both_sides_are_judged(tmp_path: Path) -> None:
    done = Relayed(tmp_path)
    ends = {one.case: one.verdict for one in done.events if isinstance(one, CaseEnd)}
    for side in ("lac", "lns"):
        judged = [case for case in ends if case.startswith(f"{PAIR}/{side}/")]
        assert f"{PAIR}/{side}/ns-sequence" in judged
        assert len(judged) > 20
    assert set(ends.values()) == {Verdict.PASS}


@pytest.mark.parametrize(
    ("rule", "side", "message", "arrivals"),
    [
        ("drop lac->lns SCCRQ first 2", "LNS", "SCCRQ", 1),
        ("duplicate lac->lns SCCRQ", "LNS", "SCCRQ", 2),
        ("drop lns->lac SCCRP", "LAC", "SCCRP", 1),
        ("drop lac->lns SCCCN", "LNS", "SCCCN", 1),
        ("delay lac->lns ICRQ by 300ms", "LNS", "ICRQ", 1),
        ("delay lac->lns ICRQ by 2500ms", "LNS", "ICRQ", 2),
        ("reorder lac->lns ICCN", "LNS", "ICCN", 2),
        ("drop lns->lac ICRP first 3", "LAC", "ICRP", 1),
    ],
)
def test_a_lossy_relay_is_got_over(
    tmp_path: Path, rule: str, side: str, message: str, arrivals: int
) -> None:
    done = Relayed(tmp_path, [rule])
    assert done.checks() == {"tunnel": "pass", "call": "pass", "close": "pass"}
    assert done.red() == []
    assert done.arrived(side, message) == arrivals


def test_what_does_not_come_up_is_told_as_far_as_it_came(tmp_path: Path) -> None:
    done = Relayed(tmp_path, ["drop lns->lac SCCRP first 999"])
    assert done.checks() == {"tunnel": "fail"}
    assert done.red() == [PAIR]
    (pair,) = done.interop.matrix()["pairs"]
    assert pair["tunnel"] == {"status": "no", "why": "it came as far as the SCCRP of the LNS"}
    assert pair["call"]["status"] == "not reached"
    assert "- tunnel: it came as far as the SCCRP of the LNS" in done.interop.markdown()
    done = Relayed(tmp_path, ["drop lac->lns ICCN first 999"])
    assert done.checks()["tunnel"] == "pass"
    assert done.checks()["call"] == "fail"


def use(monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Endpoint]) -> None:
    """Have one of the reference devices be something else."""
    made = EmbeddedRunner.__init__

    def factory(
        specification: Specification,
        config: PeerConfig,
        chance: random.Random,
        log: Callable[[str], None],
    ) -> Endpoint:
        return kind(specification, config, chance=chance, log=log)

    def init(self: EmbeddedRunner, device: Device, *words: Any, **more: Any) -> None:
        if device.name == name:
            more["factory"] = factory
        made(self, device, *words, **more)

    monkeypatch.setattr(EmbeddedRunner, "__init__", init)


class DiesOfIcrq(Crashing):
    """It dies of an incoming call."""

    dies_of = 10


def test_a_device_that_says_nothing_or_dies_fails_the_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        use(patched, "reference-lns", Mute)
        done = Relayed(tmp_path)
        assert done.checks() == {"tunnel": "fail"}
        (pair,) = done.interop.matrix()["pairs"]
        assert pair["tunnel"]["why"] == "it came as far as the SCCRQ of the LAC"
    use(monkeypatch, "reference-lns", DiesOfIcrq)
    done = Relayed(tmp_path)
    assert done.checks()["call"] == "fail"
    assert done.checks()["survival"] == "fail"


class SetsPriority(Endpoint):
    """It sends each of its messages with the P bit, which is for data messages alone."""

    def outgoing(self) -> Any:
        for data, to in super().outgoing():
            yield bytes([data[0] | 1]) + data[1:], to


def test_what_one_side_breaks_is_found_on_that_side_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "reference-lns", SetsPriority)
    done = Relayed(tmp_path)
    assert f"{PAIR}/lns/header-priority-bit" in done.red()
    assert not any(case.startswith(f"{PAIR}/lac/") for case in done.red())
    (pair,) = done.interop.matrix()["pairs"]
    assert "header-priority-bit" in [one["rule"] for one in pair["findings"]["lns"]]
    assert pair["findings"]["lac"] == []
    assert "| none | 1 fail |" in done.interop.markdown()


class HangsUp(Endpoint):
    """It ends each call as soon as it is up, as one does whose peer cannot log in."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        super().receive(data, source, now)
        packet = parse(data).packet
        if packet is not None and packet.message_type == 12:
            self.shut_down(now)


def test_a_call_that_a_device_ends_before_its_time_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may, so nothing is red, but nobody reads that the call was up and closed, and no more."""
    use(monkeypatch, "reference-lns", HangsUp)
    done = Relayed(tmp_path, hold=30.0)
    assert done.checks()["call"] == "pass"
    (pair,) = done.interop.matrix()["pairs"]
    assert pair["hold"]["status"] == "no"
    assert re.fullmatch(r"it ended \d+\.\d\d s after it was up: .*StopCCN.*", pair["hold"]["why"])
    assert "- call lasted: it ended " in done.interop.markdown()


def test_a_device_that_does_not_start_costs_only_its_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = EmbeddedRunner.lease

    async def failing(self: EmbeddedRunner, *words: Any) -> Any:
        if self._device.name == "reference-lac" and not hasattr(failing, "failed"):
            failing.failed = True  # type: ignore[attr-defined]
            raise DeviceError("device.not-ready", "it was not ready")
        return await lease(self, *words)

    monkeypatch.setattr(EmbeddedRunner, "lease", failing)
    twin = replace(peer("reference-lns"), name="twin")
    done = Relayed(tmp_path, lnss=[peer("reference-lns"), twin])
    verdicts = {one["lns"]: one["verdict"] for one in done.interop.matrix()["pairs"]}
    assert verdicts == {"reference-lns": "error", "twin": "pass"}
    assert "- error: it was not ready" in done.interop.markdown()


def test_a_device_in_two_forms_of_launch_is_two_devices(tmp_path: Path) -> None:
    device = peer("reference-lns")
    second = replace(device, launches={**device.launches, "again": device.launch}, form="again")
    done = Relayed(tmp_path, lnss=[device, second])
    pairs = done.interop.matrix()["pairs"]
    assert [one["lns"] for one in pairs] == ["reference-lns", "reference-lns:again"]
    assert [one["close"]["status"] for one in pairs] == ["yes", "yes"]
    options = RelayOptions(
        lacs=[peer("reference-lac")], lnss=[device] * 2, out=tmp_path, suites=SUITES
    )
    with pytest.raises(UsageError, match="two devices are called reference-lns"):
        check_roles(options)


def test_a_device_on_the_wrong_side_is_an_error_of_usage(tmp_path: Path) -> None:
    options = RelayOptions(
        lacs=[peer("reference-lns")], lnss=[peer("reference-lns")], out=tmp_path, suites=SUITES
    )
    with pytest.raises(UsageError, match="reference-lns is an LNS"):
        check_roles(options)


def test_a_baseline_excuses_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "baseline.yaml").write_text(
        "- case: monitor/header-priority-bit\n  verdict: fail\n  reason: It is always in a hurry.\n"
    )
    use(monkeypatch, "reference-lns", SetsPriority)
    known = replace(peer("reference-lns"), baselines=(tmp_path / "baseline.yaml",))
    done = Relayed(tmp_path / "out", lnss=[known])
    assert f"{PAIR}/lns/header-priority-bit" not in done.red()
    assert "1 known" in done.interop.markdown()


def test_the_command_prints_a_line_for_each_pair(command: Command) -> None:
    names = ("--lac", "reference-lac", "--lns", "reference-lns")
    result = command("relay", *names, "--out", "here")
    assert result.code == 0
    assert "reference-lac + reference-lns  tunnel yes, call yes, hold yes, close yes" in result.out
    assert (command.folder / "here" / "interop.md").is_file()
    result = command("relay", *names, "--json", "--rule", "drop lns->lac SCCRP first 999")
    assert result.code == result.json["exit_code"] == 1
    assert result.json["rules"] == ["drop lns->lac SCCRP first 999"]
    assert "relay.rule" in command("relay", *names, "--rule", "drop").error
    assert (
        "relay.role" in command("relay", "--lac", "reference-lns", "--lns", "reference-lns").error
    )


@pytest.mark.devices
@pytest.mark.parametrize("lns", ["xl2tpd-lns", "l2tpns"])
@pytest.mark.parametrize(
    "rules", [[], ["drop lac->lns SCCRQ", "duplicate lns->lac SCCRP", "drop lns->lac ICRP"]]
)
def test_real_devices_through_the_relay(tmp_path: Path, lns: str, rules: list[str]) -> None:
    require_program("xl2tpd")
    require_program("slirp-fullbolt")
    if lns == "l2tpns":
        require_program("l2tpns")
        require_namespaces()
    # l2tpns ends the call when it likes: what a call may last is then a bound, and no time to wait
    hold = 60.0 if lns == "l2tpns" else 1.0
    done = Relayed(tmp_path, rules, "xl2tpd-lac", lnss=[peer(lns)], hold=hold)
    case = f"relay/xl2tpd-lac+{lns}"
    assert done.checks(case) == {"tunnel": "pass", "call": "pass", "close": "pass"}
    assert done.red() == []
    (pair,) = done.interop.matrix()["pairs"]
    if lns == "l2tpns":  # it wants its peers to authenticate, and the stand-in for pppd cannot
        assert "the LNS sent CDN" in pair["hold"]["why"]
    else:
        assert pair["hold"] == {"status": "yes"}

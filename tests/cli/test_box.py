"""Runs against a box on the wire: a `serve` that the harness has not started."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Command
from tests.device.bench import require_namespaces
from tests.device.boxes import ELSEWHERE, HERE, THERE
from tests.device.fake_router import CISCO, PASSWORD, FakeRouter
from tests.polling import await_true

PEER = """\
title: A box
role: lns
launch:
  external:
    at_once: 20
    source: {address: [HERE, ELSEWHERE]}
ics: {tunnel_authentication: true, hidden_avps: true, incoming_calls: true, multiple_sessions: true}
ixit: {address: "THERE", secret: secret}
"""
PATIENCE = 60.0


def described(launch: str = "", rest: str = "") -> None:
    """peers/box in the current folder."""
    folder = Path("peers/box")
    folder.mkdir(parents=True)
    text = PEER.replace("ics:", f"{launch}ics:", 1)
    for word, address in (("THERE", THERE), ("ELSEWHERE", ELSEWHERE), ("HERE", HERE)):
        text = text.replace(word, address)
    (folder / "peer.yaml").write_text(text + rest)


@contextlib.contextmanager
def serving(address: str = THERE) -> Iterator[subprocess.Popen[bytes]]:
    """A reference LNS there."""
    words = [sys.executable, "-m", "harness", "serve", "--address", address, "--secret", "secret"]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as box:
        assert box.stderr is not None
        ready, _, _ = select.select([box.stderr], [], [], PATIENCE)
        assert ready
        assert b"listens" in box.stderr.readline()
        # what it says later is of no interest, but must not fill the pipe
        drain = subprocess.Popen(["cat"], stdin=box.stderr, stdout=subprocess.DEVNULL)
        try:
            yield box
        finally:
            box.kill()
            box.wait()
            drain.wait()


def test_cases_share_a_box(command: Command) -> None:
    described()
    with serving():
        result = command("run", "--device", "box", "5.1-*", "--json")
        assert box_has_no_tunnel_left(command)
    assert result.code == 0, result.err
    verdicts = result.json["verdicts"]
    assert verdicts["pass"] > 20
    assert verdicts["pass"] + verdicts["skip"] == result.json["cases"]
    events = Path("out/box/events.ndjson").read_text()
    sources = set(re.findall(r'"source":\["([0-9.]+)"', events))
    assert sources == {HERE, ELSEWHERE, THERE}


def box_has_no_tunnel_left(command: Command) -> bool:
    """Every tunnel of the run was ended by somebody: a StopCCN for each SCCRP."""
    lines = Path("out/box/events.ndjson").read_text().splitlines()
    frames = [line for line in lines if '"event":"frame"' in line]
    opened = {line.split('"case":"')[1].split('"')[0] for line in frames if '"SCCRP ' in line}
    ended = {line.split('"case":"')[1].split('"')[0] for line in frames if '"StopCCN' in line}
    return bool(opened) and opened <= ended


def test_a_box_that_is_not_there(command: Command) -> None:
    described()
    result = command("run", "--device", "box", "--junit", "junit.xml")
    assert result.code == 3
    assert "box cannot be reached at" in result.error
    assert "nothing listens on that port [device.unreachable]" in result.error
    assert "hint: are the address and the port right" in result.error
    assert Path("junit.xml").is_file()


def test_the_doctor_looks_at_a_box(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOX_PASSWORD", PASSWORD)
    with FakeRouter(CISCO) as router:
        described(
            f"    secrets: {{password: BOX_PASSWORD}}\n"
            f"    cli: {{platform: cisco_xe, host: 127.0.0.1, port: {router.port}, user: harness,\n"
            "      password: '${password}'}\n"
            "    alive: {cli: show clock, expect: UTC}\n"
        )
        with serving():
            result = command("doctor", "--device", "box")
            assert result.code == 0, result.out
            for told in (
                f"ok       its address, and one of ours: {THERE} port 1701",
                "ok       it answers an SCCRQ",
                f"ok       its command line at 127.0.0.1 port {router.port} (ssh): logged in",
                "ok       its probe `alive`: it lives",
                "ok       ics hidden_avps: claimed, and so",
            ):
                assert told in result.out
            monkeypatch.setenv("BOX_PASSWORD", "wrong")
            result = command("doctor", "--device", "box", "--json")
        assert result.code == 1
        ill = [one for one in result.json["found"] if one["health"] == "missing"]
        assert "refused the login of 'harness'" in ill[0]["cause"]
        assert "user and password" in ill[0]["hint"]


SUITE = """\
title: Deadly
spec: rfc2661
defaults: {iut: [lns], covers: [RFC2661-6.5-03]}
cases:
  killed:
    purpose: The box is killed by an action, and is found to be dead.
    steps:
      - establish: tunnel
      - device: die
      - alive: device
  lives:
    purpose: A HELLO is acknowledged by a box that lives.
    each: {n: [1, 2, 3, 4, 5, 6]}
    steps:
      - establish: tunnel
      - repeat:
          count: "${n}"
          steps:
            - send: HELLO
            - expect: ack
      - wait: 1s
"""
BOX = """\
#!/bin/sh
# starts a reference LNS that outlives this script, once the port of the last one is free
cd "$(dirname "$0")"
touch log
PYTHONPATH={root} setsid {python} -m harness serve --address {address} --secret secret 2>> log &
echo $! > pid
"""


@pytest.fixture
def deadly(command: Command) -> Iterator[Path]:
    """Suites and a box that an action kills, and another starts. All of it ends with the test."""
    described(
        "    ready_within: 30s\n",
        "actions:\n"
        "  die: {command: \"sh -c 'kill -9 $$(cat pid)'\"}\n"
        "  restart: {command: ./start}\n",
    )
    folder = Path("peers/box").resolve()
    start = folder / "start"
    start.write_text(BOX.format(root=ROOT, python=sys.executable, address=THERE))
    start.chmod(0o755)
    (folder / "deadly.yaml").write_text(SUITE)
    try:
        subprocess.run([start], check=True)
        await_true(lambda: "listens" in (folder / "log").read_text())
        yield folder
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((folder / "pid").read_text()), 9)


def test_a_box_that_dies_is_restarted_and_the_others_are_run_again(
    command: Command, deadly: Path
) -> None:
    result = command("run", "--device", "box", "--suites", deadly / "deadly.yaml", "--json")
    assert result.code == 1
    verdicts = result.json["verdicts"]
    # an acknowledgement may come late on a busy machine
    assert (verdicts["pass"] + verdicts["warn"], verdicts["fail"]) == (6, 1), result.err
    (red,) = result.json["unexpected"]
    assert red["case"] == "deadly/killed"


def test_a_box_that_nobody_can_restart_ends_the_run(command: Command, deadly: Path) -> None:
    peer = deadly / "peer.yaml"
    peer.write_text(peer.read_text().replace("  restart: {command: ./start}\n", ""))
    result = command("run", "--device", "box", "--suites", deadly / "deadly.yaml")
    assert result.code == 3
    assert "could not be restarted" in result.error
    assert "action `restart`" in result.error
    assert Path("out/box/junit.xml").is_file()


def test_ipv6(command: Command) -> None:
    """In a network namespace of the test's own, where two addresses of IPv6 are to be had."""
    require_namespaces()
    if shutil.which("ip") is None:
        pytest.fail("the program ip is missing: apt-get install iproute2")
    described()
    harness = f"PYTHONPATH={ROOT} {sys.executable} -m harness"
    script = f"""
        set -e
        ip link set lo up
        for one in 1 2; do ip -6 address add 2001:db8::$one/128 dev lo nodad; done
        {harness} serve --address 2001:db8::1 --secret secret 2> serve.log &
        while ! grep -q listens serve.log; do sleep 0.1; done
        {harness} run --device box --set ixit.address=2001:db8:0::1 \\
            --set launch.external.source.address=2001:db8::2 --json \\
            5.1.1-tunnel-authentication/challenge-answered 5.5-hello/acknowledged
        kill $!
    """
    result = subprocess.run(
        ["unshare", "--net", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    verdicts = json.loads(result.stdout)["verdicts"]
    assert verdicts["pass"] + verdicts["warn"] == sum(verdicts.values()) > 4
    assert not verdicts["fail"], result.stderr
    events = Path("out/box/events.ndjson").read_text()
    assert set(re.findall(r'"source":\["([0-9a-f:]+)"', events)) == {"2001:db8::1", "2001:db8::2"}


def test_the_worked_examples_are_no_obstacle_to_a_newcomer(command: Command) -> None:
    listed = {one["device"]: one for one in command("devices", "--json").json}
    example = listed["cisco-ios-xe-lns"]
    assert example["error"] is None
    assert example["missing"]["code"] == "device.no-address"
    result = command("run", "--device", "cisco-ios-xe-lns")
    assert result.code == 3
    assert "nobody has said where cisco-ios-xe-lns is [device.no-address]" in result.error


def test_a_case_that_needs_two_addresses_where_there_is_one(command: Command) -> None:
    described()
    with serving():
        result = command(
            *("run", "--device", "box", "5.1-control-connection/same-id-from-two-hosts", "--json"),
            *("--set", f"launch.external.source.address={HERE}"),
        )
    assert result.code == 1
    assert result.json["verdicts"]["inconc"] == 1
    assert "the case needs 2 addresses of the harness" in result.err


def test_a_login_that_is_refused_is_no_death(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found out before the first case, and what is told is what to do about it."""
    monkeypatch.setenv("BOX_PASSWORD", "wrong")
    with FakeRouter(CISCO) as router, serving():
        described(
            f"    secrets: {{password: BOX_PASSWORD}}\n"
            f"    cli: {{platform: cisco_xe, host: 127.0.0.1, port: {router.port}, user: harness,\n"
            "      password: '${password}'}\n"
            "    alive: {cli: show clock}\n"
        )
        result = command("run", "--device", "box", "5.5-hello/acknowledged", "--json")
        assert result.code == 3
        assert "refused the login of 'harness' [device.login-refused]" in result.error
        assert "hint: are user and password of launch.external.cli right?" in result.error
        assert result.json["cases"] == 0
        monkeypatch.setenv("BOX_PASSWORD", PASSWORD)
        text = Path("peers/box/peer.yaml").read_text()
        Path("peers/box/peer.yaml").write_text(text.replace("show clock", "show clokc"))
        result = command("run", "--device", "box", "5.5-hello/acknowledged")
    assert result.code == 3
    assert "the probe `alive` of box fails before any case: " in result.error

"""`launch: external` in peer.yaml: what is read, and where each mistake is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.description.action import AskAction, CommandAction, ConsoleAction, HttpAction
from harness.device.description.external import ExternalLaunch, Source
from harness.device.description.template import Template
from harness.errors import DataError, UsageError

GOOD = """\
title: A router
role: lns
launch:
  external:
    address: lns.example.net
    at_once: 8
    ready_within: 3m
    source: {address: [192.0.2.2, 192.0.2.3], interface: eth1, port: 1710, ttl: 64, dscp: cs6}
    secrets: {password: ROUTER_PASSWORD}
    cli:
      platform: cisco_xe
      host: 192.0.2.9
      port: 2222
      user: harness
      password: ${password}
    alive: {cli: show version, expect: Cisco}
ics: {incoming_calls: true}
ixit: {secret: secret, extra: {challenge: "no"}}
configurations:
  authenticated: {challenge: "yes"}
actions:
  hangup: clear l2tp session ${session_id}
  close: {cli: [show clock, {line: "clear all", answers: {"confirm": "y"}}], within: 20s}
  configure: {cli: ["challenge ${challenge}"], configure: true}
  dial: {ask: "Dial ${peer_address}"}
  call-out: {command: "./call ${tunnel_id}", within: 2s}
  restart:
    http:
      url: http://lab.example.net/power
      headers: {Authorization: "Bearer ${password}"}
      body: {outlet: 7, state: "${configuration}", list: [1, a]}
    within: 30s
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "peer.yaml").write_text(GOOD)
    return tmp_path


def test_everything_is_read(folder: Path) -> None:
    device = load_device(folder)
    launch = device.launch
    assert isinstance(launch, ExternalLaunch)
    assert (launch.address, launch.at_once, launch.ready_within) == ("lns.example.net", 8, 180)
    assert launch.source == Source(("192.0.2.2", "192.0.2.3"), "eth1", 1710, 64, 48)
    assert launch.secrets == {"password": "ROUTER_PASSWORD"}
    console = launch.console
    assert console is not None
    assert (console.platform, console.transport, console.port) == ("cisco_xe", "ssh", 2222)
    assert isinstance(launch.alive, ConsoleAction)
    assert launch.alive.expect is not None
    hangup = device.actions["hangup"]
    assert isinstance(hangup, ConsoleAction)
    assert hangup.lines[0].line.text == "clear l2tp session ${session_id}"
    close = device.actions["close"]
    assert isinstance(close, ConsoleAction)
    assert close.within == 20
    assert [(sign.pattern, reply.text) for sign, reply in close.lines[1].answers] == [
        ("confirm", "y")
    ]
    configure = device.actions["configure"]
    assert isinstance(configure, ConsoleAction)
    assert configure.configure
    assert isinstance(device.actions["dial"], AskAction)
    assert isinstance(device.actions["call-out"], CommandAction)
    restart = device.actions["restart"]
    assert isinstance(restart, HttpAction)
    assert (restart.method, restart.within) == ("POST", 30)
    assert isinstance(restart.body, dict)
    assert restart.body["outlet"] == 7
    assert isinstance(restart.body["state"], Template)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "lns", "a-b.example.net."])
def test_addresses(folder: Path, address: str) -> None:
    launch = load_device(folder, {"launch.external.address": address}).launch
    assert isinstance(launch, ExternalLaunch)
    assert launch.address == address


MISTAKES = [
    ("address: lns.example.net", "address: 192.0.2.256", "5:14", "no IP address and no host name"),
    ("address: lns.example.net", "address: '[2001:db8::1]:1701'", "5:14", "the port is ixit.port"),
    ("address: lns.example.net", "adress: lns", "5:5", "did you mean 'address'?"),
    ("at_once: 8", "at_once: 0", "6:14", "0 is outside 1..1000"),
    ("192.0.2.2, 192.0.2.3", "192.0.2.2, lns", "8:35", "'lns' is no IP address"),
    ("192.0.2.2, 192.0.2.3", "192.0.2.2, '::1'", "8:23", "IPv4 and IPv6 are for one run each"),
    ("192.0.2.2, 192.0.2.3", "192.0.2.2, 192.0.2.2", "8:23", "an address stands twice"),
    ("ttl: 64", "ttl: 300", "8:81", "300 is outside 1..255"),
    ("dscp: cs6", "dscp: cs9", "8:91", "unknown code point 'cs9'"),
    ("dscp: cs6", "dscp: 64", "8:91", "64 is outside 0..63"),
    ("ROUTER_PASSWORD", "my-secret!", "9:25", "name the variable with it"),
    ("ROUTER_PASSWORD}", "ROUTER_PASSWORD, port: X}", "9:48", "'port' has a meaning of its own"),
    ("platform: cisco_xe", "transport: ssh", "11:7", "missing key 'platform'"),
    ("port: 2222", "transport: carrier-pigeon", "13:18", "unknown transport"),
    ("port: 2222", "transport: serial", "11:7", "a serial transport needs a `line`"),
    ("port: 2222", "line: /dev/ttyS0", "11:7", "only a serial transport has a line"),
    ("password: ${password}", "password: ${pasword}", "15:17", "did you mean 'password'?"),
    ("{cli: show version, expect: Cisco}", "{ask: Lives it}", "16:12", "a person cannot be asked"),
    ("expect: Cisco", "expect: '('", "16:40", "no regular expression"),
    ("{cli: show version, expect: Cisco}", "{signal: HUP}", "16:12", "a probe is one of"),
    ("answers: {", "answer: {", "23:49", "did you mean 'answers'?"),
    ("configure: {cli", "configured: {cli", "20:3", "need an action `configure`"),
    ("{ask: ", "{aks: ", "25:9", "is one of: cli, http, ask, command"),
    ("{ask: ", "{cli: show clock, ask: ", "25:9", "is one of: cli, http, ask, command"),
    ("{ask: ", "{control: ", "25:9", "has no control FIFO"),
    ("http://lab", "ftp://lab", "29:12", "a hook has an http or https URL"),
    ("      url: http", "      method: TAKE\n      url: http", "29:15", "unknown method 'TAKE'"),
    ("  external:\n", "  embedded: {}\n  external:\n", "4:3", "launched in no other way"),
    ("ixit: {", "ixit: {address: 192.0.2.5, ", "18:17", "and lns.example.net in launch"),
    ("hangup: clear l2tp session ${session_id}", 'hangup: "a\\nb"', "22:11", "one line"),
]


@pytest.mark.parametrize(("old", "new", "where", "said"), MISTAKES)
def test_mistakes(folder: Path, old: str, new: str, where: str, said: str) -> None:
    assert old in GOOD
    (folder / "peer.yaml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        load_device(folder)
    error = caught.value
    assert error.place is not None
    assert f"{error.place.line}:{error.place.column}" == where
    assert said in str(error)


def test_a_line_needs_a_command_line(folder: Path) -> None:
    before, _, after = GOOD.partition("    cli:\n")
    rest = after[after.index("ics:") :]
    (folder / "peer.yaml").write_text(before + rest)
    with pytest.raises(Exception, match="no command line that a line could be typed on"):
        load_device(folder)


def test_a_bad_override_is_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="no IP address and no host name") as caught:
        load_device(folder, {"launch.external.address": "1.2.3"})
    assert str(caught.value.place) == "--set launch.external.address=1.2.3"


def test_a_code_point_from_the_command_line(folder: Path) -> None:
    launch = load_device(folder, {"launch.external.source.dscp": "46"}).launch
    assert isinstance(launch, ExternalLaunch)
    assert launch.source.dscp == 46

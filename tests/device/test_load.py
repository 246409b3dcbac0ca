"""peer.yaml: what is read from it, and where each mistake is reported."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from harness.device import EmbeddedLaunch, ProcessLaunch, load_device
from harness.device.description.action import CommandAction, ControlAction, SignalAction
from harness.device.description.device import Retransmission
from harness.errors import DataError, DataErrors, UsageError
from harness.spec.model import Role
from tests.device.bench import PEERS

GOOD = """\
title: A daemon
role: lns
launch:
  process:
    binary: daemon
    command: ${binary} -c "${work}/a b.conf" $$5
    config: [daemon.conf.j2]
    ready: ^ready
    stop: {signal: SIGINT, within: 500ms}
    environment: {HOME: "${work}"}
    control: ${work}/control
    needs: {root: true, programs: [helper], install: get it}
ics: {tunnel_authentication: true, hidden_avps: false}
ixit:
  port: 1702
  secret: secret
  hello_interval: 1m
  retransmit: {first: 1s, cap: 8s, max: 5}
  extra: {challenge: "no", pool: 4}
configurations:
  authenticated: {challenge: "yes"}
  open: {secret: null, hello_interval: 5s}
actions:
  call-out: o ${tunnel_id} 5551234
  reload: {signal: HUP}
  poke: {command: "poke ${address}", within: 2s}
"""
TEMPLATE = "listen {{ address }}\n{% if secret %}\nsecret {{ secret }}\n{% endif %}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "peer.yaml").write_text(GOOD)
    (tmp_path / "daemon.conf.j2").write_text(TEMPLATE)
    return tmp_path


def edited(folder: Path, old: str, new: str) -> Path:
    """The folder with one piece of its peer.yaml replaced."""
    assert old in GOOD
    (folder / "peer.yaml").write_text(GOOD.replace(old, new, 1))
    return folder


def error_of(folder: Path, **overrides: str) -> DataError:
    with pytest.raises(DataError) as caught:
        load_device(folder, overrides)
    return caught.value


def test_everything_is_read(folder: Path) -> None:
    device = load_device(folder)
    launch = device.launch
    assert isinstance(launch, ProcessLaunch)
    assert (device.name, device.title, device.role) == (folder.name, "A daemon", Role.LNS)
    assert device.profile == "rfc2661"
    assert [word.text for word in launch.command] == ["${binary}", "-c", "${work}/a b.conf", "$$5"]
    assert launch.config == (folder / "daemon.conf.j2",)
    assert launch.ready is not None
    assert launch.ready.search("not\nready")
    assert (launch.stop.signal, launch.stop.within) == (signal.SIGINT, 0.5)
    assert launch.needs.programs == ("helper",)
    assert launch.needs.root
    assert device.ics == {"tunnel_authentication": True, "hidden_avps": False}
    assert device.ixit.port == 1702
    assert device.ixit.address is None
    assert device.ixit.hello_interval == 60
    assert device.ixit.retransmit == Retransmission(1, 8, 5)
    assert device.ixit.extra == {"challenge": "no", "pool": 4}
    assert isinstance(device.actions["call-out"], ControlAction)
    assert device.actions["reload"] == SignalAction(signal.SIGHUP)
    poke = device.actions["poke"]
    assert isinstance(poke, CommandAction)
    assert poke.within == 2


def test_limits_are_those_of_each_configuration_in_which_they_are_known(folder: Path) -> None:
    text = (folder / "peer.yaml").read_text()
    text = text.replace("ixit:\n", "ixit:\n  max_tunnels: 498\n")
    text = text.replace("configurations:\n", "configurations:\n  few: {max_sessions: 3}\n")
    (folder / "peer.yaml").write_text(text)
    found = load_device(folder)
    assert set(found.limits("tunnels").values()) == {498}
    assert set(found.limits("tunnels")) == {"default", *found.configurations}
    assert found.limits("sessions") == {"few": 3}
    assert found.configured("few").ixit.names()["max_sessions"] == 3
    lower = load_device(folder, {"ixit.max_tunnels": "5"})
    assert set(lower.limits("tunnels").values()) == {5}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("max_sessions: 65536", "data.range"),
        ("max_sessions: -1", "data.range"),
        ("max_tunnels: few", "data.integer"),
    ],
)
def test_a_limit_is_a_number_that_there_can_be(folder: Path, line: str, code: str) -> None:
    error = error_of(edited(folder, "ixit:\n", f"ixit:\n  {line}\n"))
    assert (error.code, error.place and error.place.line) == (code, 15)


def test_configurations_change_the_ixit(folder: Path) -> None:
    device = load_device(folder)
    assert device.configured() is device
    assert device.configured("authenticated").ixit.extra == {"challenge": "yes", "pool": 4}
    assert device.configured("open").ixit.secret is None
    assert device.configured("open").ixit.hello_interval == 5
    with pytest.raises(UsageError) as caught:
        device.configured("authentikated")
    assert "'authenticated'" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "hint"),
    [
        ("title: A daemon", "titel: A daemon", "data.unknown-key", 1, "'title'"),
        ("role: lns", "role: lnss", "data.unknown-role", 2, "'lns'"),
        ("process:", "proces:", "data.unknown-launch", 4, "'process'"),
        ("binary: daemon", "binry: daemon", "data.unknown-key", 5, "'binary'"),
        ("${binary} -c", "${binry} -c", "device.unknown-name", 6, "'binary'"),
        ("${binary} -c", "${} -c", "device.placeholder", 6, "$$"),
        ('"${work}/a b.conf"', '"${work}', "device.command", 6, ""),
        ("[daemon.conf.j2]", "[demon.conf.j2]", "device.no-file", 7, "'daemon.conf.j2'"),
        ("^ready", "'(ready'", "device.pattern", 8, ""),
        ("SIGINT", "SIGIN", "device.signal", 9, "'INT'"),
        ("500ms", "soon", "data.duration", 9, "500ms"),
        ('"${work}"}', '"${wrok}"}', "device.unknown-name", 10, "'work'"),
        ("${work}/control", "${Work}/control", "device.unknown-name", 11, "'work'"),
        ("hidden_avps", "hiden_avps", "data.unknown-capability", 13, "'hidden_avps'"),
        ("port: 1702", "port: 70000", "data.range", 15, ""),
        ("port: 1702", "prot: 1702", "data.unknown-key", 15, "'port'"),
        ("port: 1702", "address: here", "device.address", 15, ""),
        ("secret: secret", "secret: 5", "data.text", 16, ""),
        ("pool: 4", "work: 4", "device.name-taken", 19, ""),
        ("pool: 4", "po-ol: 4", "device.name", 19, "a_b_1"),
        ("pool: 4", "pool: [4]", "device.value", 19, ""),
        ("open: {secret", "open: {sekret", "data.unknown-ixit value", 22, "'secret'"),
        ("{signal: HUP}", "{signl: HUP}", "data.unknown-action", 25, "'signal'"),
        ("{signal: HUP}", "{signal: HUP, within: 1s}", "device.action", 25, ""),
        ("${tunnel_id}", "${tunnel id}", "device.placeholder", 24, ""),
        ("reload:", "Reload:", "device.name", 25, "call-out"),
        ("    control: ${work}/control\n", "", "device.no-control", 23, "launch.process.control"),
    ],
)
def test_mistakes_are_located(
    folder: Path, old: str, new: str, code: str, line: int, hint: str
) -> None:
    error = error_of(edited(folder, old, new))
    assert error.code == code
    assert error.place is not None
    assert (error.place.file, error.place.line) == (str(folder / "peer.yaml"), line)
    assert hint in error.hint


NAMESPACE = """\
    namespace:
      interface: wan0
      addresses: [192.0.2.1/24, "2001:db8::1/64"]
      sysctls: {net.ipv4.ip_forward: 1, net/ipv4/conf/wan0.5/forwarding: "1"}
    ahead: 2
    at_once: 8
"""


def with_namespace(folder: Path, old: str = "", new: str = "") -> Path:
    """The folder with a namespace in its peer.yaml, a piece of which is replaced."""
    assert old in NAMESPACE + GOOD
    text = GOOD.replace("    config:", f"{NAMESPACE}    config:")
    (folder / "peer.yaml").write_text(text.replace(old, new, 1) if old else text)
    return folder


def test_namespace_is_read(folder: Path) -> None:
    device = load_device(with_namespace(folder, "-c", "-i ${interface} -c"))
    launch = device.launch
    assert isinstance(launch, ProcessLaunch)
    namespace = launch.namespace
    assert namespace is not None
    assert namespace.interface == "wan0"
    assert [str(one) for one in namespace.addresses] == ["192.0.2.1/24", "2001:db8::1/64"]
    assert namespace.sysctls == {"net/ipv4/ip_forward": "1", "net/ipv4/conf/wan0.5/forwarding": "1"}
    assert namespace.address == "192.0.2.1"
    assert str(namespace.host("2001:db8::5")) == "2001:db8::5/64"
    assert namespace.host("192.0.3.1") is None
    assert (launch.ahead, launch.at_once) == (2, 8)
    six = load_device(folder, {"ixit.address": "2001:db8:0::1"})
    assert six.ixit.address == "2001:db8:0::1"


def test_namespace_by_default(folder: Path) -> None:
    launch = load_device(edited(folder, "    config:", "    namespace: {}\n    config:")).launch
    assert isinstance(launch, ProcessLaunch)
    assert launch.namespace is not None
    assert launch.namespace.interface == "eth0"
    assert [str(one) for one in launch.namespace.addresses] == ["198.18.0.1/16"]
    plain = load_device(edited(folder, "title", "title")).launch
    assert isinstance(plain, ProcessLaunch)
    assert (plain.namespace, plain.ahead, plain.at_once) == (None, 0, None)


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "hint"),
    [
        ("sysctls", "sysctl", "data.unknown-namespace key", 10, "'sysctls'"),
        ("wan0\n", "a name with blanks\n", "device.interface", 8, "eth0"),
        ("wan0\n", "a-name-that-is-too-long\n", "device.interface", 8, "eth0"),
        ("192.0.2.1/24", "192.0.2.1/33", "device.address", 9, "198.18.0.1/16"),
        ("192.0.2.1/24", "here", "device.address", 9, "198.18.0.1/16"),
        ("192.0.2.1/24", "192.0.2.1", "device.address", 9, "30 addresses"),
        ("192.0.2.1/24", "192.0.2.1/30", "device.address", 9, "30 addresses"),
        ("192.0.2.1/24", "192.0.2.0/24", "device.address", 9, ""),
        ("192.0.2.1/24", "2001:db8::2/64", "device.address", 9, ""),
        ('[192.0.2.1/24, "2001:db8::1/64"]', "[]", "device.address", 9, ""),
        ("net.ipv4.ip_forward", "kernel.core_pattern", "device.sysctl", 10, "net.ipv4.ip_forward"),
        ("net.ipv4.ip_forward", "net/../kernel", "device.sysctl", 10, ""),
        ("ip_forward: 1", "ip_forward: [1]", "device.sysctl", 10, ""),
        ("ahead: 2", "ahead: 0", "data.range", 11, ""),
        ("ahead: 2", "ahead: two", "data.integer", 11, ""),
        ("at_once: 8", "at_once: -1", "data.range", 12, ""),
        ("-c", "--to ${peer_address} -c", "device.ahead", 11, "leave `ahead` out"),
        ("  port: 1702", "  port: 1702\n  address: 192.0.2.2", "device.address", 22, "192.0.2.1"),
    ],
)
def test_mistakes_in_a_namespace_are_located(
    folder: Path, old: str, new: str, code: str, line: int, hint: str
) -> None:
    error = error_of(with_namespace(folder, old, new))
    assert error.code == code
    assert error.place is not None
    assert (error.place.file, error.place.line) == (str(folder / "peer.yaml"), line)
    assert hint in error.hint


def test_names_that_only_a_namespace_has(folder: Path) -> None:
    error = error_of(edited(folder, "-c", "-i ${interface} -c"))
    assert error.code == "device.unknown-name"


def test_instances_ahead_have_no_peer_in_their_templates(folder: Path) -> None:
    (folder / "daemon.conf.j2").write_text("{{ peer_port }}\n")
    load_device(folder)
    error = error_of(with_namespace(folder))
    assert error.code == "device.ahead"
    assert "peer_port" in error.cause


def test_mistakes_in_templates_are_located(folder: Path) -> None:
    template = folder / "daemon.conf.j2"
    template.write_text("a\nb {{ adress }}\n")
    error = error_of(folder)
    assert (error.code, error.hint) == ("device.unknown-name", "did you mean 'address'?")
    assert str(error.place) == f"{template}:2:1"
    template.write_text("a\nb\n{% if secret %}\n")
    error = error_of(folder)
    assert error.code == "device.template"
    assert error.place is not None
    assert error.place.line == 3
    template.write_text("{% for one in range(3) %}{% set x = one %}{{ x }}{% endfor %}")
    load_device(folder)


def test_all_mistakes_at_once(folder: Path) -> None:
    edited(folder, "role: lns", "role: both")
    text = (folder / "peer.yaml").read_text().replace("^ready", "'('").replace("HUP", "HIP")
    (folder / "peer.yaml").write_text(text.replace("SIGINT", "SIGNIT"))
    with pytest.raises(DataErrors) as caught:
        load_device(folder)
    assert [one.place.line for one in caught.value.errors if one.place] == [2, 8, 9, 25]


def test_unknown_keys_hide_no_other_mistake(folder: Path) -> None:
    text = GOOD.replace("title:", "titel:").replace("ready:", "redy:").replace("binary:", "binry:")
    text = text.replace("tunnel_auth", "tunel_auth").replace("hidden_avps: false", "hidden: 2")
    (folder / "peer.yaml").write_text(text.replace("dial", "o").replace("HUP", "HIP"))
    with pytest.raises(DataErrors) as caught:
        load_device(folder)
    told = [(one.place.line, one.hint) for one in caught.value.errors if one.place]
    assert told[:3] == [
        (1, "did you mean 'title'?"),
        (5, "did you mean 'binary'?"),
        (8, "did you mean 'ready'?"),
    ]
    assert [line for line, _ in told[3:]] == [13, 13]
    text = GOOD.replace("1702", "0").replace("1m", "soon").replace("secret: secret", "secret: [a]")
    (folder / "peer.yaml").write_text(text)
    with pytest.raises(DataErrors) as caught:
        load_device(folder)
    assert [one.place.line for one in caught.value.errors if one.place] == [15, 16, 17]


def test_a_few_lines_of_aliases_that_stand_for_billions(folder: Path) -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(11)]
    (folder / "peer.yaml").write_text("\n".join([*bomb, GOOD]))
    error = error_of(folder)
    assert error.code == "data.yaml-aliases"
    assert error.place is not None
    assert error.place.line > 0
    (folder / "peer.yaml").write_text(GOOD.replace("secret: secret", "secret: &s word", 1))
    load_device(folder)


def test_override_takes_relative_paths_from_the_current_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    launch = load_device(folder, {"launch.process.binary": "./daemon"}).launch
    assert isinstance(launch, ProcessLaunch)
    assert launch.binary == str(here / "daemon")
    launch = load_device(edited(folder, "binary: daemon", "binary: bin/daemon")).launch
    assert isinstance(launch, ProcessLaunch)
    assert launch.binary == str(folder / "bin" / "daemon")


def test_override_reads_yaml_and_keeps_text(folder: Path) -> None:
    device = load_device(
        folder,
        {
            "title": "a: b: c",
            "ixit.secret": "0123",
            "ixit.port": "1703",
            "ixit.extra.challenge": "yes please",
            "ixit.host_name": "new",
            "launch.process.stop": "{signal: KILL}",
            "launch.process.needs.root": "false",
            "ics.ppp": "true",
        },
    )
    assert (device.title, device.ixit.secret, device.ixit.port) == ("a: b: c", "0123", 1703)
    assert device.ixit.extra["challenge"] == "yes please"
    assert device.ixit.host_name == "new"
    assert device.ics["ppp"] is True
    assert isinstance(device.launch, ProcessLaunch)
    assert device.launch.stop.signal == signal.SIGKILL
    assert not device.launch.needs.root
    assert load_device(folder, {"ixit.secret": ""}).ixit.secret is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("launch.proces.binary", "x", "'process'"),
        ("launch.process.binry", "x", "'binary'"),
        ("ixit.prot", "1", "'port'"),
        ("ixit.port", "many", "expected an integer"),
        ("ics.pppp", "true", "'ppp'"),
        ("titel", "x", "'title'"),
        ("title.short", "x", "plain value"),
        ("title..x", "x", "is not a path"),
        ("ixit.port", "{a: 1}", "expected an integer"),
    ],
)
def test_bad_override_is_an_error_of_usage(folder: Path, path: str, value: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_device(folder, {path: value})
    assert words in str(caught.value)


def test_no_peer_file(tmp_path: Path) -> None:
    assert error_of(tmp_path).code == "data.unreadable"


@pytest.mark.parametrize("text", ["", "- a", "title: x", "launch: {process: {}, embedded: {}}"])
def test_incomplete_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "peer.yaml").write_text(text)
    with pytest.raises((DataError, DataErrors)):
        load_device(tmp_path)


def test_embedded_device(tmp_path: Path) -> None:
    text = "title: x\nrole: lac\nlaunch: {embedded: {window: 4, mutant: null}}\n"
    (tmp_path / "peer.yaml").write_text(text)
    device = load_device(tmp_path)
    assert isinstance(device.launch, EmbeddedLaunch)
    assert device.launch.parameters == {"window": 4, "mutant": None}
    assert device.launch.places["window"].line == 3


@pytest.mark.parametrize(
    "folder", sorted(PEERS.glob("*/peer.yaml")), ids=lambda one: one.parent.name
)
def test_devices_of_the_project_load(folder: Path) -> None:
    device = load_device(folder.parent)
    for configuration in device.configurations:
        device.configured(configuration)

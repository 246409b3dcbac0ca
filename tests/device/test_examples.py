"""The worked examples in peers/: each action is one that a command line of its platform takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.description.action import CONFIGURE, ConsoleAction
from harness.device.description.external import ExternalLaunch
from harness.device.needs import check_external
from harness.errors import DeviceError
from tests.device.bench import PEERS, run
from tests.device.boxes import HERE, THERE, used
from tests.device.fake_router import (
    CISCO,
    HUAWEI,
    JUNIPER,
    MIKROTIK,
    PASSWORD,
    FakeRouter,
    Platform,
)

EXAMPLES = {
    "cisco-ios-xe-lns": CISCO,
    "juniper-mx-lns": JUNIPER,
    "mikrotik-lac": MIKROTIK,
    "huawei-vrp-lns": HUAWEI,
}
TYPED = {
    "cisco-ios-xe-lns": [
        "show clock",
        "clear vpdn tunnel l2tp id 4711",
        "clear vpdn tunnel l2tp all",
        "reply",
        "vpdn-group l2tp-harness",
        "l2tp tunnel authentication",
        "no l2tp tunnel authentication",
    ],
    "juniper-mx-lns": [
        "show system uptime",
        "clear services l2tp tunnel local-tunnel-id 4711",
        "clear services l2tp session local-session-id 42",
        "clear services l2tp tunnel all",
        "delete access profile l2tp-harness client default l2tp shared-secret",
        "commit",
        "set access profile l2tp-harness client default l2tp shared-secret secret",
    ],
    "mikrotik-lac": [
        "/system clock print",
        f"/interface l2tp-client set l2tp-harness connect-to={HERE}",
        "/interface l2tp-client enable l2tp-harness",
        "/interface l2tp-client disable l2tp-harness",
    ],
    "huawei-vrp-lns": [
        "display version",
        "reset l2tp tunnel local-id 4711",
        "l2tp-group 1",
        "tunnel authentication",
        "undo tunnel authentication",
    ],
}
"""Lines that have to be typed in the course of all actions, in any order, each at least once."""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("L2TP_CLI_PASSWORD", PASSWORD)


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_of_it_is_taken_by_a_command_line(name: str) -> None:
    async def main(port: int) -> None:
        settings = {
            "ixit.address": THERE,
            "launch.external.cli.host": "127.0.0.1",
            "launch.external.cli.port": str(port),
            "launch.external.source.address": HERE,
        }
        device = load_device(PEERS / name, settings)
        async with used(device, knocks=False) as runner:
            lease = await runner.lease("case", (HERE, 1701))
            assert await lease.examine() is None
            for action in device.actions:
                if action != CONFIGURE:
                    await lease.action(action, {"tunnel_id": "4711", "session_id": "42"})
            await runner.release(lease)
            for configuration in (*device.configurations, "default"):
                await runner.release(await runner.lease("case", (HERE, 1701), configuration))

    with FakeRouter(EXAMPLES[name]) as router:
        run(main(router.port))
        assert router.logins == 1
    assert set(TYPED[name]) <= set(router.lines)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_mistyped_command_would_be_seen(name: str) -> None:
    """The simulated command lines refuse what their platforms do not know."""
    platform: Platform = EXAMPLES[name]

    async def main(port: int) -> None:
        settings = {
            "ixit.address": THERE,
            "launch.external.cli.host": "127.0.0.1",
            "launch.external.cli.port": str(port),
            "launch.external.source.address": HERE,
            "actions.close": "claer l2tp tunnels",
        }
        async with used(load_device(PEERS / name, settings), knocks=False) as runner:
            lease = await runner.lease("case", (HERE, 1701))
            with pytest.raises(DeviceError) as caught:
                await lease.action("close", {"tunnel_id": "1"})
            assert caught.value.code == "device.console-refused"

    with FakeRouter(platform) as router:
        run(main(router.port))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_a_newcomer_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = load_device(PEERS / name)
    launch = device.launch
    assert isinstance(launch, ExternalLaunch)
    with pytest.raises(DeviceError) as caught:
        check_external(device, launch)
    assert caught.value.code == "device.no-address"
    assert "--set ixit.address=ADDRESS" in caught.value.hint
    monkeypatch.delenv("L2TP_CLI_PASSWORD")
    device = load_device(PEERS / name, {"ixit.address": "192.0.2.1"})
    launch = device.launch
    assert isinstance(launch, ExternalLaunch)
    with pytest.raises(DeviceError) as caught:
        check_external(device, launch)
    assert caught.value.code == "device.no-secret"
    assert "export L2TP_CLI_PASSWORD=" in caught.value.hint


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_configuration_of_the_device_is_there(name: str) -> None:
    (text,) = [
        one.read_text()
        for one in Path(PEERS / name).iterdir()
        if one.suffix in (".cfg", ".set", ".rsc")
    ]
    device = load_device(PEERS / name)
    for action in device.actions.values():
        assert isinstance(action, ConsoleAction)
    assert "l2tp-harness" in text or "l2tp-group 1" in text
    assert "CHANGE-ME" in text


def test_what_the_configurations_refer_to_is_in_them() -> None:
    """A name that nothing defines is what a router refuses, or passes over without a word."""
    junos = (PEERS / "juniper-mx-lns" / "junos.set").read_text()
    for user, owner in (
        (r" l2tp interface-id (\S+)", r" dial-options l2tp-interface-id (\S+)"),
        (r"tunnel-group \S+ dynamic-profile (\S+)", r"^set dynamic-profiles (\S+) "),
        (r"l2tp-access-profile (\S+)", r"^set access profile (\S+) "),
        (r"user-group-profile (\S+)", r"^set access group-profile (\S+) "),
        (r"service-interface (\S+)", r"^set interfaces (si-\S+) "),
        (r"local-gateway address (\S+)", r"lo0 unit 0 family inet address ([0-9.]+)"),
    ):
        used = set(re.findall(user, junos))
        assert used
        assert used <= set(re.findall(owner, junos, re.MULTILINE)), user
    cisco = (PEERS / "cisco-ios-xe-lns" / "router.cfg").read_text()
    for user, owner in (
        (r"virtual-template (\d+)", r"^interface Virtual-Template(\d+)"),
        (r"ip unnumbered (\S+)", r"^interface (\S+)"),
        (r"address pool (\S+)", r"^ip local pool (\S+)"),
    ):
        assert set(re.findall(user, cisco)) <= set(re.findall(owner, cisco, re.MULTILINE)), user
    huawei = (PEERS / "huawei-vrp-lns" / "vrp.cfg").read_text()
    for user, owner in (
        (r"virtual-template (\d+)", r"^interface Virtual-Template(\d+)"),
        (r"address pool (\S+)", r"^ip pool (\S+)"),
    ):
        assert set(re.findall(user, huawei)) <= set(re.findall(owner, huawei, re.MULTILINE)), user

"""Command lines of devices: logging in, lines, refusals, questions, failures."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from harness.device.external import console
from harness.errors import DeviceError, HarnessError
from tests.device.bench import run
from tests.device.boxes import HERE, THERE, box, reference, used
from tests.device.fake_router import (
    CISCO,
    HUAWEI,
    JUNIPER,
    MIKROTIK,
    PASSWORD,
    USER,
    FakeRouter,
    Platform,
    SerialRouter,
)

ACTIONS = """\
actions:
  hangup: clear l2tp session id ${session_id}
  look: {cli: show clock, expect: UTC}
  look-for: {cli: show clock, expect: CET}
  wrong: [show clock, frobnicate everything]
  configure: {cli: [interface Loopback0, no shutdown], configure: true}
  configure-wrongly: {cli: [frobnicate], configure: true}
  reload: {cli: [{line: reload, answers: {"\\\\[confirm\\\\]": ""}}], within: 5s}
  hang: {cli: hang, within: 1s}
"""


def cli(port: int, platform: str = "cisco_xe", more: str = "") -> str:
    return f"""\
secrets: {{password: FAKE_PASSWORD}}
cli:
  platform: {platform}
  host: 127.0.0.1
  port: {port}
  user: {USER}
  password: ${{password}}
  login_within: 20s
{more}"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PASSWORD", PASSWORD)


async def typed(folder: Path, launch: str, *names: str, rest: str = ACTIONS) -> tuple[str, ...]:
    """Do actions; the log of the lease."""
    async with used(box(folder, THERE, launch, rest=rest), knocks=False) as runner:
        lease = await runner.lease("case", (HERE, 1701))
        for name in names:
            await lease.action(name, {"session_id": "77"})
        return lease.log()


def refused(folder: Path, launch: str, name: str, rest: str = ACTIONS) -> HarnessError:
    with pytest.raises(HarnessError) as caught:
        run(typed(folder, launch, name, rest=rest))
    return caught.value


def test_lines_are_typed_in_one_session(tmp_path: Path) -> None:
    with FakeRouter(CISCO) as router:
        log = run(typed(tmp_path, cli(router.port), "look", "hangup", "look"))
        assert router.logins == 1
    done = [line for line in router.lines if not line.startswith("terminal")]
    assert done == ["show clock", "clear l2tp session id 77", "show clock"]
    assert log == (
        "> show clock",
        "*12:00:00.000 UTC Mon Mar 1 2027",
        "> clear l2tp session id 77",
        "> show clock",
        "*12:00:00.000 UTC Mon Mar 1 2027",
    )


def test_over_telnet(tmp_path: Path) -> None:
    with FakeRouter(CISCO, "telnet") as router:
        run(typed(tmp_path, cli(router.port, more="  transport: telnet"), "hangup"))
    assert router.lines[-1] == "clear l2tp session id 77"


def test_over_a_serial_line(tmp_path: Path) -> None:
    with SerialRouter(CISCO) as router:
        launch = f"""\
secrets: {{password: FAKE_PASSWORD}}
cli:
  platform: cisco_xe
  transport: serial
  line: {router.line}
  user: {USER}
  password: ${{password}}
  login_within: 20s
"""
        log = run(typed(tmp_path, launch, "look", "hangup", "configure"))
    assert "*12:00:00.000 UTC Mon Mar 1 2027" in log
    assert "clear l2tp session id 77" in router.lines
    assert router.lines.index("configure terminal") < router.lines.index("no shutdown")


def test_configuration_mode(tmp_path: Path) -> None:
    with FakeRouter(CISCO) as router:
        run(typed(tmp_path, cli(router.port), "configure"))
    at = router.lines.index("configure terminal")
    assert router.lines[at : at + 4] == [
        "configure terminal",
        "interface Loopback0",
        "no shutdown",
        "end",
    ]


def test_junos_commits(tmp_path: Path) -> None:
    rest = 'actions: {configure: {cli: ["set access tunnel"], configure: true}}\n'
    with FakeRouter(JUNIPER) as router:
        run(typed(tmp_path, cli(router.port, "juniper_junos"), "configure", rest=rest))
    at = router.lines.index("set access tunnel")
    assert "commit" in router.lines[at:]


@pytest.mark.parametrize("transport", ["ssh", "telnet"])
def test_a_question_is_answered(tmp_path: Path, transport: str) -> None:
    with FakeRouter(CISCO, transport) as router:
        launch = cli(router.port, more=f"  transport: {transport}")
        run(typed(tmp_path, launch, "reload", "look"))
    at = router.lines.index("reload")
    assert router.lines[at : at + 3] == ["reload", "reply", "show clock"]


@pytest.mark.parametrize("transport", ["ssh", "telnet"])
@pytest.mark.parametrize("line", ["logout", '{line: logout, answers: {sure: ""}}'])
def test_a_device_that_hangs_up_is_not_waited_for(
    tmp_path: Path, transport: str, line: str
) -> None:
    within = "300s" if "answers" in line else "1s"
    rest = f"actions: {{leave: {{cli: [{line}], within: {within}}}}}\n"
    with FakeRouter(CISCO, transport) as router:
        launch = cli(router.port, more=f"  transport: {transport}")
        error = refused(tmp_path, launch, "leave", rest)
    assert error.code == "device.console-closed"
    assert "hung up after 'logout'" in error.cause


# -- sessions that end ---------------------------------------------------------------------------

RELOADING = replace(CISCO, leaves=frozenset({"reload", "halt"}), says={**CISCO.says, "halt": ""})


@pytest.mark.parametrize("transport", ["ssh", "telnet"])
def test_a_session_that_has_ended_is_neither_an_error_nor_a_death(
    tmp_path: Path, transport: str
) -> None:
    """A device hangs up on whoever is idle, and when it restarts: it is asked for another one."""

    async def main(router: FakeRouter) -> None:
        launch = cli(router.port, more=f"  transport: {transport}\nalive: {{cli: show clock}}")
        async with used(box(tmp_path, THERE, launch, rest=ACTIONS), knocks=False) as runner:
            lease = await runner.lease("case", None)
            assert await lease.examine() is None
            router.hang_up()
            assert await lease.examine() is None
            router.hang_up()
            await lease.action("reload", {})

    with FakeRouter(CISCO, transport) as router:
        run(main(router))
        assert router.logins == 3


def test_a_command_line_that_does_not_come_back_is_a_death(tmp_path: Path) -> None:
    async def main() -> None:
        with FakeRouter(CISCO) as router:
            launch = cli(router.port, more="alive: {cli: show clock}")
            device = box(tmp_path, THERE, launch)
            runner = await gone.enter_async_context(used(device, knocks=False))
            lease = await runner.lease("case", None)
            assert await lease.examine() is None
        death = await lease.examine()
        assert death is not None
        assert "cannot be reached" in death.reason

    async def within() -> None:
        async with gone:
            await main()

    gone = contextlib.AsyncExitStack()
    run(within())


@pytest.mark.parametrize(
    ("transport", "line"), [("ssh", "halt"), ("telnet", "{line: reload, answers: {confirm: ''}}")]
)
def test_a_restart_ends_the_session(tmp_path: Path, transport: str, line: str) -> None:
    rest = f"actions: {{restart: {{cli: [{line}, show clock], within: 300s}}, look: show clock}}\n"

    async def main(port: int) -> None:
        launch = cli(port, more=f"  transport: {transport}")
        async with reference(THERE), used(box(tmp_path, THERE, launch, rest=rest)) as runner:
            lease = await runner.lease("case", None)
            await lease.action("restart", {})
            await lease.action("look", {})
            await runner.revive("box")

    with FakeRouter(RELOADING, transport) as router:
        run(main(router.port))
        assert router.logins == 3
    assert router.lines.count("show clock") == 1


def test_a_restart_ends_a_session_whose_prompt_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "comes_to_prompt", lambda *_: False)
    rest = "actions: {restart: {cli: halt, within: 1s}, look: show clock}\n"
    with FakeRouter(RELOADING, "telnet") as router:

        async def main() -> None:
            launch = cli(router.port, more="  transport: telnet")
            async with reference(THERE), used(box(tmp_path, THERE, launch, rest=rest)) as runner:
                lease = await runner.lease("case", None)
                await lease.action("restart", {})
                await lease.action("look", {})

        run(main())
        assert router.logins == 2


def test_a_restart_by_others_ends_the_session_too(tmp_path: Path) -> None:
    rest = "actions: {restart: {command: 'true'}}\n"

    async def main(port: int) -> None:
        async with reference(THERE), used(box(tmp_path, THERE, cli(port), rest=rest)) as runner:
            await runner.revive("box")

    with FakeRouter(CISCO) as router:
        run(main(router.port))
        assert router.logins == 2


def test_a_serial_line_at_which_somebody_was_logged_out(tmp_path: Path) -> None:
    """Nothing ends there: it is seen by the prompt that does not come."""

    async def main(router: SerialRouter) -> None:
        launch = f"""\
secrets: {{password: FAKE_PASSWORD}}
cli: {{platform: cisco_xe, transport: serial, line: {router.line}, user: {USER},
      password: "${{password}}", login_within: 20s}}
alive: {{cli: show clock, expect: UTC}}
"""
        async with used(box(tmp_path, THERE, launch), knocks=False) as runner:
            lease = await runner.lease("case", None)
            assert await lease.examine() is None
            router.log_out()
            assert await lease.examine() is None

    with SerialRouter(CISCO) as router:
        run(main(router))
        assert router.lines.count("show clock") == 2


@pytest.mark.parametrize(
    ("platform", "name", "line", "said"),
    [
        (CISCO, "cisco_xe", "frobnicate", "% Invalid input detected at '^' marker."),
        (JUNIPER, "juniper_junos", "frobnicate", "unknown command."),
        (MIKROTIK, "mikrotik_routeros", "/frobnicate", "bad command name /frobnicate"),
        (HUAWEI, "huawei_vrp", "frobnicate", "Error: Unrecognized command found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_of_each_platform(
    tmp_path: Path, platform: Platform, name: str, line: str, said: str
) -> None:
    with FakeRouter(platform) as router:
        error = refused(tmp_path, cli(router.port, name), "go", f"actions: {{go: {line}}}\n")
    assert error.code == "device.console-refused"
    assert f"refused '{line}'" in error.cause
    assert said in error.cause
    assert f"127.0.0.1 port {router.port} (ssh)" in error.cause


def test_what_follows_a_refusal_is_not_typed(tmp_path: Path) -> None:
    rest = "actions: {go: {cli: [frobnicate, show clock]}}\n"
    with FakeRouter(CISCO) as router:
        refused(tmp_path, cli(router.port), "go", rest)
    assert "show clock" not in router.lines


def test_a_refusal_in_configuration_mode(tmp_path: Path) -> None:
    with FakeRouter(CISCO) as router:
        error = refused(tmp_path, cli(router.port), "configure-wrongly")
    assert "% Invalid input" in error.cause


def test_a_refusal_of_ones_own(tmp_path: Path) -> None:
    with FakeRouter(CISCO) as router:
        error = refused(tmp_path, cli(router.port, more="  refused: UTC"), "look")
    assert error.code == "device.console-refused"


def test_an_answer_that_was_not_expected(tmp_path: Path) -> None:
    with FakeRouter(CISCO) as router:
        error = refused(tmp_path, cli(router.port), "look-for")
    assert "did not say 'CET'" in error.cause
    assert "12:00:00" in error.hint


def test_a_command_that_comes_to_no_prompt_and_a_fresh_session_after_it(tmp_path: Path) -> None:
    async def main(port: int) -> None:
        device = box(tmp_path, THERE, cli(port), rest=ACTIONS)
        async with used(device, knocks=False) as runner:
            lease = await runner.lease("case", None)
            with pytest.raises(DeviceError) as caught:
                await lease.action("hang", {})
            assert caught.value.code == "device.console-stuck"
            assert "after 'hang'" in caught.value.cause
            assert "answers:" in caught.value.hint
            await lease.action("look", {})

    with FakeRouter(CISCO) as router:
        run(main(router.port))
        assert router.logins == 2


@pytest.mark.parametrize("transport", ["ssh", "telnet"])
def test_a_login_that_is_refused(
    tmp_path: Path, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PASSWORD", "not-it")
    with FakeRouter(CISCO, transport) as router:
        launch = cli(router.port, more=f"  transport: {transport}")
        error = refused(tmp_path, launch, "look")
    assert error.code == "device.login-refused"
    assert "refused the login of 'harness'" in error.cause
    assert "user and password" in error.hint
    assert "not-it" not in str(error)


@pytest.mark.parametrize("transport", ["ssh", "telnet"])
def test_a_command_line_that_is_not_there(tmp_path: Path, transport: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refused(tmp_path, cli(port, more=f"  transport: {transport}"), "look")
    assert error.code == "device.console-unreachable"
    assert f"127.0.0.1 port {port} ({transport}) cannot be reached" in error.cause
    assert "refused" in error.cause.lower()


def test_a_serial_port_that_is_not_there(tmp_path: Path) -> None:
    launch = "cli: {platform: cisco_xe, transport: serial, line: /dev/no-such-tty}"
    error = refused(tmp_path, launch, "look")
    assert error.code == "device.console-unreachable"
    assert "/dev/no-such-tty" in error.cause


@pytest.mark.parametrize(
    ("platform", "more", "said", "hint"),
    [
        ("cisco_ex", "", "no platform 'cisco_ex'", "did you mean"),
        ("mikrotik_routeros", "  transport: telnet", "over telnet", "one of ssh"),
    ],
)
def test_platforms_that_netmiko_does_not_know(
    tmp_path: Path, platform: str, more: str, said: str, hint: str
) -> None:
    error = refused(tmp_path, cli(9, platform, more), "look")
    assert error.code == "device.platform"
    assert said in error.cause
    assert hint in error.hint
    assert error.place is not None
    assert error.place.line == 7

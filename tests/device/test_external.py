"""Devices on the wire: found, reached, shared, left alone; and what is said when that fails."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.lease import RESTART
from harness.errors import DeviceError
from harness.peer.network import Address
from tests.device.bench import run
from tests.device.boxes import ELSEWHERE, HERE, THERE, box, own_socket, reference, used


def error_of(
    folder: Path, launch: str = "at_once: 4", address: str = THERE, role: str = "lns"
) -> DeviceError:
    """The error of opening a box at which nobody is."""

    async def main() -> None:
        async with used(box(folder, address, launch, role=role)):
            pytest.fail("it was opened")

    with pytest.raises(DeviceError) as caught:
        run(main())
    return caught.value


async def echo(address: str, source: str | None = None) -> asyncio.Task[None]:
    """Somebody who answers each datagram with an unreadable one, perhaps from another address."""
    loop = asyncio.get_running_loop()
    listening = own_socket(address, 1701)
    answering = own_socket(source, 1701) if source else listening

    async def serve() -> None:
        try:
            while True:
                data, to = await loop.sock_recvfrom(listening, 65535)
                await loop.sock_sendto(answering, data, to)
        finally:
            listening.close()
            answering.close()

    return asyncio.create_task(serve())


# -- reaching it ---------------------------------------------------------------------------------


def test_a_box_is_reached_and_shared(tmp_path: Path) -> None:
    async def main() -> None:
        async with reference(THERE), used(box(tmp_path, THERE)) as runner:
            assert runner.parallel == 4
            leases = [await runner.lease(f"case {one}", None) for one in range(4)]
            assert {lease.address for lease in leases} == {(THERE, 1701)}
            assert len({lease.instance for lease in leases}) == 1
            for lease in leases:
                assert await lease.examine() is None
            fifth = asyncio.create_task(runner.lease("fifth", None))
            await asyncio.sleep(0)
            assert not fifth.done()
            await runner.release(leases[0])
            await runner.release(leases[0])
            await fifth
            await runner.release(await fifth)

    run(main())


def test_a_box_by_its_name(tmp_path: Path) -> None:
    async def main() -> None:
        with own_socket("127.0.0.1") as reserved:
            port = reserved.getsockname()[1]
        async with reference("127.0.0.1", port):
            device = box(tmp_path, "localhost", f"source: {{address: {HERE}}}", port=port)
            async with used(device) as runner:
                assert runner.remote == ("127.0.0.1", port)

    run(main())


def test_nothing_listens(tmp_path: Path) -> None:
    error = error_of(tmp_path)
    assert error.code == "device.unreachable"
    assert f"{THERE} port 1701" in error.cause
    assert "nothing listens on that port" in error.cause


def test_nobody_answers(tmp_path: Path) -> None:
    silent = own_socket(THERE, 1701)
    try:
        error = error_of(tmp_path, "ready_within: 200ms")
    finally:
        silent.close()
    assert error.code == "device.unreachable"
    assert "does not answer an SCCRQ" in error.cause
    assert "firewall" in error.hint


def test_it_answers_from_another_address(tmp_path: Path) -> None:
    async def main() -> None:
        answering = await echo(THERE, ELSEWHERE)
        try:
            async with used(box(tmp_path, THERE)):
                pytest.fail("it was opened")
        finally:
            answering.cancel()

    with pytest.raises(DeviceError) as caught:
        run(main())
    assert caught.value.code == "device.other-address"
    assert f"the answer to an SCCRQ came from {ELSEWHERE} port 1701" in caught.value.cause
    assert f"--set ixit.address={ELSEWHERE}" in caught.value.hint


def test_a_name_without_an_address(tmp_path: Path) -> None:
    error = error_of(tmp_path, address="no-such-host.invalid")
    assert error.code == "device.unresolved"
    assert "no-such-host.invalid" in error.cause
    assert "IPv4 or IPv6 address" in error.hint


def test_no_address_at_all(tmp_path: Path) -> None:
    (tmp_path / "peer.yaml").write_text(
        "title: A box\nrole: lns\nlaunch:\n  external:\n    at_once: 4\n"
    )

    async def main() -> None:
        async with used(load_device(tmp_path)):
            pytest.fail("it was opened")

    with pytest.raises(DeviceError) as caught:
        run(main())
    error = caught.value
    assert error.code == "device.no-address"
    assert "--set ixit.address=ADDRESS" in error.hint
    assert error.place is not None
    assert error.place.line == 5


def test_others_are_not_heard(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with reference(THERE), used(box(tmp_path, THERE)) as runner:
            lease = await runner.lease("case", None)
            came: list[bytes] = []
            link = await lease.network.open(lambda data, _source: came.append(data), HERE)
            stranger, device = own_socket(ELSEWHERE), own_socket(THERE)
            with stranger, device:
                for _ in range(3):
                    await loop.sock_sendto(stranger, b"strange", link.local)
                await loop.sock_sendto(device, b"its own, from another port", link.local)
                async with asyncio.timeout(10):
                    while not came:
                        await asyncio.sleep(0.01)
            link.close()
            assert came == [b"its own, from another port"]
            (line,) = lease.log()
            assert line.startswith(f"3 datagrams came from {ELSEWHERE}, which is not the device")

    run(main())


# -- the harness's own end -----------------------------------------------------------------------


def test_source_ttl_and_dscp(tmp_path: Path) -> None:
    async def main() -> tuple[Address, dict[int, int]]:
        loop = asyncio.get_running_loop()
        listening = own_socket(THERE, 1701)
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        listening.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        launch = f"source: {{address: {HERE}, interface: lo, port: 1710, ttl: 7, dscp: ef}}"
        with listening:
            async with used(box(tmp_path, THERE, launch), knocks=False) as runner:
                assert runner.parallel == 1
                lease = await runner.lease("case", None)
                host = runner.hosts.take(0)
                link = await lease.network.open(lambda *_: None, host, runner.hosts.port or 0)
                arrived: asyncio.Future[None] = loop.create_future()
                loop.add_reader(listening, arrived.cancel)
                link.send(b"?", lease.address)
                await asyncio.wait((arrived,))
                loop.remove_reader(listening)
                _, ancillary, _, source = listening.recvmsg(100, 100)
                link.close()
        return source, {kind: data[0] for _, kind, data in ancillary}

    source, options = run(main())
    assert source == (HERE, 1710)
    assert options == {socket.IP_TOS: 46 << 2, socket.IP_TTL: 7}


def test_cases_on_one_address_have_ports_of_their_own(tmp_path: Path) -> None:
    async def main() -> None:
        launch = f"at_once: 3\nsource: {{address: {HERE}}}"
        async with reference(THERE), used(box(tmp_path, THERE, launch)) as runner:
            assert runner.parallel == 3
            assert {runner.hosts.take(0) for _ in range(3)} == {HERE}
            with pytest.raises(DeviceError) as caught:
                runner.hosts.take(0, [HERE])
            assert caught.value.code == "device.no-further-address"
            assert "launch.external.source.address" in caught.value.hint

    run(main())


def test_a_device_that_dials_needs_an_address_for_each_case(tmp_path: Path) -> None:
    async def main(source: str) -> int:
        launch = f"at_once: 3\nsource: {{address: {source}}}"
        async with used(box(tmp_path, THERE, launch, role="lac")) as runner:
            return runner.parallel

    assert run(main(HERE)) == 1
    assert run(main(f"[{HERE}, {ELSEWHERE}]")) == 2


@pytest.mark.parametrize(
    ("launch", "code", "said"),
    [
        ("source: {address: 192.0.2.77}", "device.source", "192.0.2.77 is no address of this"),
        ("source: {address: '::1'}", "device.family", "which ::1 cannot talk to"),
        ("source: {address: THERE}", "device.same-address", "the address of the harness"),
        ("source: {address: HERE, interface: no-such-0}", "network.interface", "no-such-0"),
    ],
)
def test_sources_that_cannot_be(tmp_path: Path, launch: str, code: str, said: str) -> None:
    launch = launch.replace("THERE", THERE).replace("HERE", HERE)
    error = error_of(tmp_path, launch)
    assert error.code == code
    assert said in error.cause
    assert error.hint


def test_an_address_of_one_link(tmp_path: Path) -> None:
    error = error_of(tmp_path, "ready_within: 1s", address="fe80::1%lo")
    assert error.code == "device.link-local"
    assert "fe80::1" in error.cause


def test_port_in_use(tmp_path: Path) -> None:
    with own_socket(HERE, 1710):
        error = error_of(tmp_path, f"source: {{address: {HERE}, port: 1710}}")
    assert error.code == "device.port-taken"
    assert "`ss -lunp sport = :1710`" in error.hint
    with own_socket(HERE, 1701):
        error = error_of(tmp_path, f"source: {{address: {HERE}}}", role="lac")
    assert error.code == "device.port-taken"
    assert "the device dials no other port" in error.hint


# -- actions -------------------------------------------------------------------------------------

ACTIONS = """\
actions:
  touch: {command: "sh -c 'echo ${tunnel_id} ${peer_address} > touched; echo done'"}
  fail: {command: "sh -c 'echo no such tunnel; exit 3'"}
  hang: {command: "sleep 60", within: 100ms}
  nothing: {command: no-such-program}
  press: {ask: "Press the button of ${address}"}
"""


async def act(folder: Path, name: str, rest: str = ACTIONS) -> tuple[str, ...]:
    async with used(box(folder, THERE, rest=rest), knocks=False) as runner:
        lease = await runner.lease("case", (HERE, 1701))
        await lease.action(name, {"tunnel_id": "7"})
        return lease.log()


def refused(folder: Path, name: str, rest: str = ACTIONS) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        run(act(folder, name, rest))
    return caught.value


def test_a_command(tmp_path: Path) -> None:
    log = run(act(tmp_path, "touch"))
    assert (tmp_path / "touched").read_text() == f"7 {HERE}\n"
    assert log[0].startswith("$ sh -c")
    assert log[1] == "done"


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("fail", "fail: sh exited with status 3", "it said: no such tunnel"),
        ("hang", "hang: sleep took more than 0.1 s", ""),
        ("nothing", "nothing: there is no program no-such-program", "folder of the device"),
        ("tuch", "has no action 'tuch'", "did you mean 'touch'?"),
        (RESTART, "has no action 'restart'", "the harness did not start it"),
        ("press", "nobody is at a terminal: Press the button of THERE", "run this device alone"),
    ],
)
def test_commands_that_fail(tmp_path: Path, name: str, said: str, hint: str) -> None:
    error = refused(tmp_path, name)
    assert said.replace("THERE", THERE) in error.cause
    assert hint in error.hint


def test_a_probe_tells_of_a_death(tmp_path: Path) -> None:
    async def main() -> None:
        device = box(tmp_path, THERE, "alive: {command: test -e alive}")
        async with used(device, knocks=False) as runner:
            lease = await runner.lease("case", None)
            (tmp_path / "alive").touch()
            assert await lease.examine() is None
            (tmp_path / "alive").unlink()
            death = await lease.examine()
            assert death is not None
            assert death.reason == "failed its probe: test exited with status 1"

    run(main())


def test_secrets_come_from_the_environment_and_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = "secrets: {token: BOX_TOKEN}"
    rest = "actions: {show: {command: 'echo ${token}'}}\n"

    async def main() -> tuple[str, ...]:
        device = box(tmp_path, THERE, launch, rest=rest)
        async with used(device, knocks=False) as runner:
            lease = await runner.lease("case", None)
            await lease.action("show", {})
            return lease.log()

    monkeypatch.delenv("BOX_TOKEN", raising=False)
    error = error_of(tmp_path, launch)
    assert error.code == "device.no-secret"
    assert "export BOX_TOKEN=" in error.hint
    monkeypatch.setenv("BOX_TOKEN", "hunter2")
    assert run(main()) == ("$ echo ***", "***")

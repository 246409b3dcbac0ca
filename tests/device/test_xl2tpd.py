"""The real xl2tpd, as LNS and as LAC: up in numbers, acted on, gone without a trace."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.device import ProcessRunner, load_device
from harness.device.process_lease import ProcessLease
from harness.errors import DeviceError
from harness.peer.network import Address, Link
from harness.wire import AVP, Header, Packet, build, challenge_response, message, parse, zlb
from tests.device.bench import PEERS, opened, processes_of, require_program, run

SCCRQ, SCCRP, SCCCN, STOPCCN, OCRQ, ICRQ, ICRP, ICCN = 1, 2, 3, 4, 7, 10, 11, 12
CHALLENGE, RESPONSE, ASSIGNED_TUNNEL, ASSIGNED_SESSION, RANDOM_VECTOR = 11, 13, 9, 14, 36
OCTETS = bytes(range(0x10, 0x20))
LCP_REQUEST = bytes.fromhex("ff03 c021 01 01 000a 0506 deadbeef")


@pytest.fixture(autouse=True)
def _xl2tpd() -> None:
    require_program("xl2tpd")
    require_program("slirp-fullbolt")


def number(value: int) -> bytes:
    return value.to_bytes(2, "big")


class Wire:
    """One side of a tunnel, by hand: sends what it is told, acknowledges what it gets."""

    def __init__(self, iut: Address) -> None:
        self.iut = iut
        self.link: Link | None = None
        self.arrived: asyncio.Queue[Packet] = asyncio.Queue()
        self.ns = self.nr = self.tunnel = 0

    def receive(self, data: bytes, _source: Address) -> None:
        packet = parse(data).packet
        assert packet is not None
        header = packet.header
        if header.control and packet.avps:
            if header.ns != self.nr:
                return
            self.nr += 1
            self.put(zlb(self.tunnel, self.ns, self.nr))
        if packet.avps or not header.control:
            self.arrived.put_nowait(packet)

    def put(self, packet: Packet) -> None:
        assert self.link is not None
        self.link.send(build(packet), self.iut)

    def say(self, kind: int, *avps: AVP, session: int = 0) -> None:
        self.put(
            message(kind, *avps, tunnel_id=self.tunnel, session_id=session, ns=self.ns, nr=self.nr)
        )
        self.ns += 1

    def begin(self, kind: int, *further: AVP) -> None:
        self.say(
            kind,
            AVP(2, b"\1\0"),
            AVP(3, b"\0\0\0\3"),
            AVP(7, b"peer"),
            AVP(ASSIGNED_TUNNEL, number(77)),
            *further,
        )

    async def hear(self, *kinds: int) -> Packet:
        packet = await self.arrived.get()
        assert packet.avps[0].value in [number(kind) for kind in kinds]
        return packet

    async def establish(self, *further: AVP) -> Packet:
        """As LAC: bring the tunnel up; the SCCRP."""
        self.begin(SCCRQ, *further)
        sccrp = await self.hear(SCCRP)
        self.tunnel = int.from_bytes(value(sccrp, ASSIGNED_TUNNEL) or b"", "big")
        challenge = value(sccrp, CHALLENGE)
        answer = [AVP(RESPONSE, challenge_response(3, b"secret", challenge))] if challenge else []
        self.say(SCCCN, *answer)
        return sccrp


def value(packet: Packet, kind: int) -> bytes | None:
    return next((avp.value for avp in packet.avps if avp.type == kind), None)


@asynccontextmanager
async def wired(
    runner: ProcessRunner, configuration: str = "default"
) -> AsyncIterator[tuple[Wire, ProcessLease]]:
    """A fresh xl2tpd, and a peer that it knows of on a port of its own."""
    wire = Wire(("", 0))
    link = await runner.network.open(wire.receive, runner.addresses.take())
    try:
        lease = await runner.lease("case", link.local, configuration)
        wire.link, wire.iut = link, lease.address
        yield wire, lease
        await runner.release(lease)
        assert processes_of(str(lease.work)) == []
    finally:
        link.close()


def test_fifty_at_once() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "xl2tpd-lns")) as runner:

            async def one() -> bytes | None:
                async with wired(runner) as (wire, lease):
                    wire.begin(SCCRQ)
                    sccrp = await wire.hear(SCCRP)
                    assert await lease.examine() is None
                    return value(sccrp, 7)

            assert await asyncio.gather(*(one() for _ in range(50))) == [b"iut"] * 50

    run(main())


@pytest.mark.parametrize(
    ("configuration", "challenges", "vector"),
    [
        ("default", False, False),
        ("authenticated", True, False),
        ("hiding", True, True),
        ("no-secret", False, False),
    ],
)
def test_configurations(configuration: str, challenges: bool, vector: bool) -> None:
    async def main() -> None:
        async with (
            opened(load_device(PEERS / "xl2tpd-lns")) as runner,
            wired(runner, configuration) as (wire, lease),
        ):
            sccrp = await wire.establish(AVP(CHALLENGE, OCTETS))
            if configuration == "no-secret":
                expected = bytes(16)
            else:
                expected = challenge_response(SCCRP, b"secret", OCTETS)
            assert value(sccrp, RESPONSE) == expected
            assert (value(sccrp, CHALLENGE) is not None) == challenges
            assert (value(sccrp, RANDOM_VECTOR) is not None) == vector
            await lease.action("call-out", {"tunnel_id": str(wire.tunnel)})
            assert value(await wire.hear(OCRQ), 21) == b"5551234"

    run(main())


def test_session_has_a_ppp() -> None:
    async def main() -> None:
        async with (
            opened(load_device(PEERS / "xl2tpd-lns")) as runner,
            wired(runner) as (wire, lease),
        ):
            await wire.establish()
            wire.say(ICRQ, AVP(ASSIGNED_SESSION, number(5)), AVP(15, b"\0\0\0\1"))
            icrp = await wire.hear(ICRP)
            session = int.from_bytes(value(icrp, ASSIGNED_SESSION) or b"", "big")
            wire.say(ICCN, AVP(24, b"\0\0\xff\xff"), AVP(19, b"\0\0\0\1"), session=session)
            while "SLiRP Ready ..." not in lease.log():
                await lease.examine()
            header = Header(control=False, tunnel_id=wire.tunnel, session_id=session)
            wire.put(Packet(header, payload=LCP_REQUEST))
            assert len(processes_of(str(lease.work))) == 2
            frames = [(await wire.arrived.get()).payload for _ in range(2)]
            assert {frame[:5].hex() for frame in frames} == {"ff03c02101", "ff03c02102"}

    run(main())


def test_lac_dials_and_closes_its_tunnel() -> None:
    async def main() -> None:
        async with (
            opened(load_device(PEERS / "xl2tpd-lac")) as runner,
            wired(runner, "authenticated") as (wire, lease),
        ):
            await lease.action("dial", {})
            sccrq = await wire.hear(SCCRQ)
            wire.tunnel = int.from_bytes(value(sccrq, ASSIGNED_TUNNEL) or b"", "big")
            challenge = value(sccrq, CHALLENGE)
            assert challenge is not None
            response = challenge_response(SCCRP, b"secret", challenge)
            wire.begin(SCCRP, AVP(RESPONSE, response), AVP(CHALLENGE, OCTETS))
            scccn = await wire.hear(SCCCN)
            assert value(scccn, RESPONSE) == challenge_response(SCCCN, b"secret", OCTETS)
            await wire.hear(ICRQ)
            await lease.action("close", {})
            assert (value(await wire.hear(STOPCCN), 1) or b"").endswith(b"Goodbye!")

    run(main())


def test_shutdown_says_goodbye_and_counts_as_a_death() -> None:
    async def main() -> None:
        async with (
            opened(load_device(PEERS / "xl2tpd-lns")) as runner,
            wired(runner) as (wire, lease),
        ):
            await wire.establish()
            await lease.action("shutdown", {})
            await wire.hear(STOPCCN)
            while (death := await lease.examine()) is None:
                continue
            assert death.reason == "exited with status 1"
            assert not death.crashed
            assert "Fatal signal 2" in "\n".join(death.log)

    run(main())


def test_binary_just_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xl2tpd").symlink_to(shutil.which("xl2tpd", path="/usr/sbin") or "")
    monkeypatch.chdir(tmp_path)
    device = load_device(PEERS / "xl2tpd-lns", {"launch.process.binary": "./xl2tpd"})

    async def main() -> None:
        async with opened(device) as runner, wired(runner) as (wire, lease):
            (process,) = processes_of(str(lease.work))
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            assert words[0] == str(tmp_path / "xl2tpd").encode()
            await wire.establish()

    run(main())


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"launch.process.command": "${binary} -D -c ${work}/none.conf"}, "Unable to load config"),
        ({"ixit.host_name": "a\n[bogus]\nx = 1"}, "parse_config"),
    ],
)
def test_bad_configuration_is_one_clear_error(overrides: dict[str, str], words: str) -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "xl2tpd-lns", overrides)) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.lease("case", None)
            assert caught.value.code == "device.died-early"
            assert words in caught.value.hint

    run(main())


def test_leases_are_kept_apart() -> None:
    async def main() -> Sequence[str]:
        async with opened(load_device(PEERS / "xl2tpd-lns")) as runner:
            leases = [await runner.lease("same case", None) for _ in range(3)]
            return [lease.address[0] for lease in leases]

    assert len(set(run(main()))) == 3

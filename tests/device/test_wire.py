"""Cases that have one port in turn, on a device on the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path

from harness.device.external.lease import ExternalLease
from harness.device.external.runner import ExternalRunner
from harness.wire import AVP, Header, Packet, build, message
from tests.device.bench import run
from tests.device.boxes import HERE, THERE, box, own_socket, used

SCCRQ, OURS, FOREIGN = 1, 700, 701


def ack(tunnel: int) -> bytes:
    return build(Packet(Header(tunnel_id=tunnel, ns=1, nr=2)))


def test_what_comes_late_for_a_tunnel_of_an_earlier_case_is_not_heard(tmp_path: Path) -> None:
    """A wrong Tunnel ID is heard: it is no ID that anybody has assigned."""

    async def case(
        runner: ExternalRunner, *sends: bytes, assigns: int | None = None
    ) -> tuple[list[bytes], ExternalLease]:
        loop = asyncio.get_running_loop()
        came: list[bytes] = []
        lease = await runner.lease("case", (HERE, 1710))
        link = await lease.network.open(lambda data, _source: came.append(data), HERE, 1710)
        if assigns is not None:
            request = message(SCCRQ, AVP(9, assigns.to_bytes(2, "big")))
            link.send(build(request), lease.address)
        with own_socket(THERE) as device:
            for data in (*sends, b"the last"):
                await loop.sock_sendto(device, data, link.local)
        async with asyncio.timeout(10):
            while came[-1:] != [b"the last"]:
                await asyncio.sleep(0.01)
        link.close()
        await runner.release(lease)
        return came[:-1], lease

    async def main() -> None:
        launch = f"source: {{address: {HERE}, port: 1710}}"
        async with used(box(tmp_path, THERE, launch), knocks=False) as runner:
            assert (await case(runner, ack(OURS), assigns=OURS))[0] == [ack(OURS)]
            came, lease = await case(runner, ack(OURS), ack(FOREIGN), ack(0))
            assert came == [ack(FOREIGN), ack(0)]
            assert lease.log()[-1].startswith("1 datagrams came late, for tunnels that an earlier")
            assert (await case(runner, ack(OURS), assigns=OURS))[0] == [ack(OURS)]

    run(main())

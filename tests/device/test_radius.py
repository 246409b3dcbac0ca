"""l2tpns asks freeradius about the clients of its calls, as a process and in a container."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import pytest

from harness.device import ProcessRunner, load_device
from harness.peer.ppp import ADDRESS_AND_CONTROL, AUTHENTICATION, Code, PppEnd, frame, options
from harness.wire import AVP, Header, Packet
from tests.device.bench import PEERS, opened, require_namespaces, require_program
from tests.device.engine import require_image
from tests.device.test_l2tpns import wired
from tests.device.test_xl2tpd import ASSIGNED_SESSION, ICCN, ICRP, ICRQ, Wire, number, value

CDN = 14
IPCP = 0x8021
PAP, CHAP = 0xC023, 0xC223
REFUSED = (CDN, 0)
"""It says so by the end of the call, and not by PPP."""

CLIENT = b"client"
RIGHT, WRONG = b"password", b"another"
PATIENCE = 60.0


def text(octets: bytes) -> bytes:
    """A name or a password as PAP has it: its length first (RFC 1334)."""
    return bytes((len(octets),)) + octets


def by_pap(_identifier: int, _data: bytes, password: bytes) -> bytes:
    """An Authenticate-Request."""
    return frame(PAP, Code.REQUEST, 1, text(CLIENT) + text(password))


def by_chap(identifier: int, data: bytes, password: bytes) -> bytes:
    """The answer to a challenge (RFC 1994)."""
    challenge = data[1 : 1 + data[0]]
    digest = hashlib.md5(bytes((identifier,)) + password + challenge).digest()
    return frame(CHAP, 2, identifier, text(digest) + CLIENT)


Login = Callable[[int, bytes, bytes], bytes]


class Client:
    """A client that has dialled in at the LAC, and its end of PPP. told: how it was answered."""

    def __init__(self, wire: Wire, session: int, login: Login, password: bytes) -> None:
        self.wire, self.session, self.login, self.password = wire, session, login, password
        self.end = PppEnd(magic=b"\1\2\3\4")
        self.asked_for: list[bytes] = []
        self.tried = False
        self.told: list[tuple[int, int]] = []

    def say(self, payload: bytes) -> None:
        header = Header(
            control=False, tunnel_id=self.wire.tunnel, session_id=self.session, length=None
        )
        self.wire.put(Packet(header, payload=payload))

    def take(self, payload: bytes) -> None:
        """Answer a frame of the other end's."""
        for each in self.end.take(payload):
            self.say(each)
        plain = payload.removeprefix(ADDRESS_AND_CONTROL)
        protocol, code, identifier = int.from_bytes(plain[:2], "big"), plain[2], plain[3]
        data = plain[6 : 2 + int.from_bytes(plain[4:6], "big")]
        self.told.append((protocol, code))
        if protocol == 0xC021 and code == Code.REQUEST:
            asked = dict(options(data) or [])
            self.asked_for.append(asked.get(AUTHENTICATION, b""))
        if protocol == CHAP and code == 1:
            self.say(self.login(identifier, data, self.password))
        elif self.login is by_pap and self.end.agreed and self.end.acknowledged:
            self.tried = True
            self.say(by_pap(0, b"", self.password))

    async def until(self, *ends: tuple[int, int]) -> tuple[int, int]:
        """Talk until one of these has come, which is returned."""
        while True:
            packet = await self.wire.arrived.get()
            if packet.avps:
                kind = int.from_bytes(packet.avps[0].value, "big")
                assert kind == CDN, kind
                self.told.append(REFUSED)
            else:
                self.take(packet.payload)
            for one in ends:
                if one in self.told:
                    return one


async def call(runner: ProcessRunner, login: Login, password: bytes, how: int) -> tuple[int, int]:
    """Call in as the client, and be accepted or refused."""
    async with wired(runner, "own-authentication") as (wire, lease):
        await wire.establish()
        wire.say(ICRQ, AVP(ASSIGNED_SESSION, number(5)), AVP(15, b"\0\0\0\1"))
        icrp = await wire.hear(ICRP)
        session = int.from_bytes(value(icrp, ASSIGNED_SESSION) or b"", "big")
        wire.say(ICCN, AVP(24, b"\0\0\xff\xff"), AVP(19, b"\0\0\0\1"), session=session)
        client = Client(wire, session, login, password)
        accepted = (how, 2 if how == PAP else 3)
        came = await client.until(accepted, REFUSED)
        assert int.from_bytes(client.asked_for[0][:2], "big") == how
        if came == accepted:
            # the link is open: addresses are next
            await client.until((IPCP, 1))
        assert await lease.examine() is None
        assert "Ready to process requests" in (lease.work / "radius.log").read_text()
        return came


@pytest.mark.parametrize("form", ["process", "container"])
@pytest.mark.parametrize(("words", "login", "how"), [("pap", by_pap, PAP), ("chap", by_chap, CHAP)])
def test_radius_decides(form: str, words: str, login: Login, how: int) -> None:
    require_namespaces()
    if form == "process":
        for program in ("l2tpns", "freeradius"):
            require_program(program)
    else:
        require_image("l2tpns")
    device = load_device(PEERS / "l2tpns", {"ixit.extra.authentication": words}).launched(form)

    async def main() -> None:
        async with asyncio.timeout(PATIENCE), opened(device) as runner:
            assert (await call(runner, login, RIGHT, how))[0] == how
            assert await call(runner, login, WRONG, how) == REFUSED

    asyncio.run(main())

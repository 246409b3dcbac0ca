"""Datagrams out of valid ones: wrong in one way or in several, from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from harness.peer.compose import compose, compose_avp
from harness.peer.network import Address
from harness.spec.model import Specification
from harness.wire import AUTO, AVP, Header, Packet, Value, build, hide_avp, zlb

RANDOM_VECTOR = 36
LARGEST = 65507
"""Octets of the largest UDP payload over IPv4."""
REMEMBERED = 64
INTERESTING = (0, 1, 2, 5, 6, 7, 8, 10, 127, 128, 255, 256, 1017, 1023, 32767, 32768, 65534, 65535)


class Aim(NamedTuple):
    """A tunnel to aim at: where its peer is, and what a valid message to it would carry."""

    source: Address
    tunnel_id: int
    session_ids: Sequence[int]
    ns: int
    nr: int


class Mutator:
    """Makes datagrams for one episode."""

    def __init__(self, specification: Specification, secret: bytes, chance: Random) -> None:
        self.chance = chance
        self.secret = secret
        self.avps = [
            compose_avp(specification, name, spec.example)
            for name, spec in specification.avps.items()
        ]
        self.messages = []
        for name, spec in specification.messages.items():
            # Most messages of a tunnel end it at once; those of sessions lead further in.
            weight = 4 if spec.scope == "session" or name == "HELLO" else 1
            everything = compose(specification, name, _everything(specification, name))
            self.messages += [everything, compose(specification, name, {})] * weight
        sccrq = specification.messages["SCCRQ"].type
        self.openers = [one for one in self.messages if one.message_type == sccrq]
        self._seen: list[bytes] = []
        self._ways: tuple[tuple[int, Callable[[Aim], bytes]], ...] = (
            (50, self.edited),
            (10, self.valid),
            (10, self.several),
            (8, self.acknowledgement),
            (8, self.repeated),
            (5, self.spliced),
            (4, self.data),
            (5, self.noise),
        )
        self._weights = [weight for weight, _ in self._ways]

    def datagram(self, aim: Aim) -> bytes:
        """The next datagram for a tunnel."""
        (way,) = self.chance.choices(self._ways, self._weights)
        data = way[1](aim)[:LARGEST]
        if len(self._seen) < REMEMBERED:
            self._seen.append(data)
        else:
            self._seen[self.chance.randrange(REMEMBERED)] = data
        return data

    # -- ways to make one --------------------------------------------------------------------

    def valid(self, aim: Aim) -> bytes:
        """A message of the table with the tunnel's ids and numbers."""
        return build(self._aimed(aim))

    def edited(self, aim: Aim) -> bytes:
        """One thing about a valid message is wrong."""
        return self._write(self._edit(self._aimed(aim)))

    def several(self, aim: Aim) -> bytes:
        """Several things are wrong, at last also octets."""
        packet = self._aimed(aim)
        for _ in range(self.chance.randint(2, 8)):
            packet = self._edit(packet)
        data = self._write(packet)
        return self._spoil(data) if self.chance.random() < 0.5 else data

    def acknowledgement(self, aim: Aim) -> bytes:
        """A ZLB, with numbers that may be anything."""
        ns = self._number(aim.ns)
        return build(zlb(aim.tunnel_id, ns, self._number(aim.nr), self._session(aim)))

    def repeated(self, aim: Aim) -> bytes:
        """A datagram of before, as it was or spoiled."""
        if not self._seen:
            return self.noise(aim)
        data = self.chance.choice(self._seen)
        return data if self.chance.random() < 0.5 else self._spoil(data)

    def spliced(self, aim: Aim) -> bytes:
        """The beginning of one datagram and the end of another."""
        one, other = self.valid(aim), self.repeated(aim)
        return one[: self.chance.randint(0, len(one))] + other[self._place(other) :]

    def data(self, aim: Aim) -> bytes:
        """A data message with any header."""
        header = Header(
            control=False,
            tunnel_id=aim.tunnel_id,
            session_id=self._session(aim),
            length=self.chance.choice((AUTO, None, self.chance.randrange(65536))),
            ns=self.chance.choice((None, self.chance.randrange(65536))),
            offset_size=self.chance.choice((None, None, self.chance.randrange(65536))),
            priority=self.chance.random() < 0.1,
        )
        return build(Packet(header, payload=self.chance.randbytes(self.chance.randrange(40))))

    def noise(self, _aim: Aim) -> bytes:
        """Octets without any sense, seldom very many."""
        size = self.chance.choice((0, 1, 2, 6, 12, 20, 64, 300))
        if self.chance.random() < 0.002:
            size = LARGEST
        data = self.chance.randbytes(size)
        return b"\xc8\x02" + data[2:] if size > 2 and self.chance.random() < 0.5 else data

    # -- parts -------------------------------------------------------------------------------

    def _aimed(self, aim: Aim) -> Packet:
        opens = aim.tunnel_id == 0 and self.chance.random() < 0.7
        packet = self.chance.choice(self.openers if opens else self.messages)
        header = Header(
            tunnel_id=aim.tunnel_id, session_id=self._session(aim), ns=aim.ns, nr=aim.nr
        )
        return packet._replace(header=header, avps=self._with_ids(packet.avps))

    def _with_ids(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        """Assigned ids are drawn from a few, so that they meet each other again."""
        return tuple(
            avp._replace(value=self.chance.randint(0, 40).to_bytes(2, "big"))
            if avp.type in (9, 14) and len(avp.value) == 2
            else avp
            for avp in avps
        )

    def _session(self, aim: Aim) -> int:
        if aim.session_ids and self.chance.random() < 0.7:
            return self.chance.choice(aim.session_ids)
        return self.chance.choice((0, 0, 0, self.chance.randrange(65536)))

    def _number(self, near: int) -> int:
        draw = self.chance.random()
        if draw < 0.5:
            return (near + self.chance.randint(-5, 5)) % 65536
        if draw < 0.7:
            return (near + self.chance.choice((32767, 32768, 32769))) % 65536
        return self.chance.randrange(65536)

    def _place(self, data: Sequence[object]) -> int:
        return self.chance.randrange(len(data)) if data else 0

    def _edit(self, packet: Packet) -> Packet:
        if self.chance.random() < 0.2 or not packet.avps:
            return packet._replace(header=self._edit_header(packet.header))
        avps = list(packet.avps)
        at = self._place(avps)
        draw = self.chance.randrange(10)
        if draw == 0:
            del avps[at]
        elif draw == 1:
            avps.insert(at, avps[self._place(avps)])
        elif draw == 2:
            self.chance.shuffle(avps)
        elif draw == 3:
            avps.insert(at + 1, self._any_avp())
        elif draw == 4:
            avps[at:at] = self._hidden(self._any_avp())
        elif draw == 5 and self.chance.random() < 0.02:
            avps += [self._any_avp() for _ in range(self.chance.choice((50, 500, 3000)))]
        else:
            avps[at] = self._edit_avp(avps[at])
        return packet._replace(avps=tuple(avps))

    def _edit_header(self, header: Header) -> Header:
        chance = self.chance
        changes: tuple[Callable[[], dict[str, int | bool | None]], ...] = (
            lambda: {"ns": self._number(header.ns or 0)},
            lambda: {"nr": self._number(header.nr or 0)},
            lambda: {"tunnel_id": chance.choice((0, header.tunnel_id ^ 1, 65535))},
            lambda: {"session_id": chance.randrange(65536)},
            lambda: {"version": chance.randrange(16)},
            lambda: {"length": chance.choice((None, *INTERESTING))},
            lambda: {"ns": None},
            lambda: {"offset_size": chance.choice(INTERESTING)},
            lambda: {"priority": True},
            lambda: {"reserved": chance.randrange(65536) & 0x34F0},
            lambda: {"control": False},
        )
        return header._replace(**chance.choice(changes)())  # type: ignore[arg-type]

    def _edit_avp(self, avp: AVP) -> AVP:
        chance = self.chance
        draw = chance.randrange(9)
        if draw == 0:
            return avp._replace(mandatory=not avp.mandatory)
        if draw == 1:
            return avp._replace(reserved=chance.randint(1, 15))
        if draw == 2:
            return avp._replace(vendor=chance.choice((9, 311, 3561, chance.randrange(65536))))
        if draw == 3:
            return avp._replace(type=chance.choice((chance.randrange(48), chance.randrange(65536))))
        if draw == 4:
            return avp._replace(length=chance.choice(INTERESTING[:14]))
        if draw == 5:
            return avp._replace(value=avp.value[: chance.randint(0, len(avp.value))])
        if draw == 6:
            return avp._replace(value=(avp.value + chance.randbytes(chance.randint(1, 9)))[:1017])
        if draw == 7:
            return avp._replace(value=chance.choice((b"\0", b"\xff")) * len(avp.value))
        return avp._replace(value=chance.randbytes(len(avp.value)))

    def _any_avp(self) -> AVP:
        if self.chance.random() < 0.6:
            return self.chance.choice(self.avps)
        size = self.chance.choice((0, 1, 2, 3, 4, 16, 1017))
        return AVP(
            self.chance.randrange(100), self.chance.randbytes(size), self.chance.choice((0, 0, 9))
        )

    def _hidden(self, avp: AVP) -> list[AVP]:
        vector = AVP(RANDOM_VECTOR, self.chance.randbytes(self.chance.choice((0, 1, 16))))
        secret = self.chance.choice((self.secret, self.secret, b"another"))
        hidden = hide_avp(avp._replace(value=avp.value[:900]), secret, vector.value)
        draw = self.chance.random()
        if draw < 0.2:
            hidden = hidden._replace(value=hidden.value[: self._place(hidden.value)])
        return [hidden, vector] if draw > 0.9 else [vector, hidden]

    def _write(self, packet: Packet) -> bytes:
        # The Length of a message that has grown out of its field may be anything.
        if sum(avp.size for avp in packet.avps) > 65000:
            packet = packet._replace(header=packet.header._replace(length=65535))
        return build(packet)

    def _spoil(self, data: bytes) -> bytes:
        octets = bytearray(data)
        draw = self.chance.randrange(4)
        if draw == 0 and octets:
            for _ in range(self.chance.randint(1, 8)):
                octets[self._place(octets)] ^= 1 << self.chance.randrange(8)
        elif draw == 1:
            del octets[self._place(octets) :]
        elif draw == 2:
            octets += self.chance.randbytes(self.chance.randint(1, 40))
        elif octets:
            at = self._place(octets)
            octets[at : at + self.chance.randint(0, 8)] = self.chance.randbytes(
                self.chance.randint(0, 8)
            )
        return bytes(octets)


def _everything(specification: Specification, name: str) -> dict[str, Value]:
    """An example of each AVP that the message may carry."""
    spec = specification.messages[name]
    listed = (*spec.mandatory, *spec.optional)
    return {avp: specification.avps[avp].example for avp in listed if avp not in spec.example}

"""Lawful variants of data messages: headers, numbers, the PPP in them (3.1, 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.peer.call import CallEvent, CallState
from harness.peer.examine import Examined
from harness.peer.lawful.base import add, lawful
from harness.peer.ppp import ADDRESS_AND_CONTROL, CHAP, Code, frame, is_echo_request
from harness.peer.proxy import Begun
from harness.peer.session import Session
from harness.peer.variant import LAC, LNS, Variant, with_session
from harness.wire import AUTO, Packet

Edit = Callable[[Packet], Packet]


def sending(edit: Edit) -> type[Variant]:
    """A peer whose data messages are put in another way."""

    class Sending(Variant):
        def alter_data(self, packet: Packet) -> Iterable[Packet]:
            return (edit(packet),)

    return Sending


def with_length(packet: Packet) -> Packet:
    return packet._replace(header=packet.header._replace(length=AUTO))


def with_offset(octets: int) -> Edit:
    def edit(packet: Packet) -> Packet:
        header = packet.header._replace(offset_size=octets, offset_pad=bytes(octets))
        return packet._replace(header=header)

    return edit


def preferred(packet: Packet) -> Packet:
    return packet._replace(header=packet.header._replace(priority=True))


def with_nr(packet: Packet) -> Packet:
    header = packet.header
    return packet if header.ns is None else packet._replace(header=header._replace(nr=0xBEEF))


def everything(packet: Packet) -> Packet:
    return with_nr(with_offset(2)(with_length(packet)))


def bare(packet: Packet) -> Packet:
    """Without Address and Control, as after their compression; Echo-Requests of LCP keep them."""
    if is_echo_request(packet.payload):
        return packet
    return packet._replace(payload=packet.payload.removeprefix(ADDRESS_AND_CONTROL))


for _name, _edit, _permits, _text in (
    ("a-length", with_length, "RFC2661-3.1-01", "have a Length"),
    ("an-offset-of-0", with_offset(0), "RFC2661-3.1-22", "have an Offset Size of 0"),
    ("an-offset-of-4", with_offset(4), "RFC2661-3.1-22", "have an Offset Size of 4"),
    ("priority", preferred, "RFC2661-3.1-09", "have the P bit"),
    ("an-nr", with_nr, "P-77", "have an Nr of no meaning, where they are numbered"),
    (
        "everything",
        everything,
        "P-77 RFC2661-3.1-01 RFC2661-3.1-22",
        "have all fields that there are",
    ),
    ("no-address", bare, "P-75", "begin with the protocol of PPP"),
):
    add(f"data-with-{_name}", _permits, f"data messages {_text}", kind=sending(_edit))


class Numbering(Session):
    """The LNS has data numbered from the start, without having been asked to (5.4)."""

    def begin_data(self) -> None:
        self.sequencing = True
        super().begin_data()


@lawful("P-71", "an LNS that numbers its data from the start", roles=LNS)
class NumbersItsData(with_session(Numbering)):  # type: ignore[misc]
    pass


add(
    "requires-sequencing",
    "RFC2661-6.8-ICCN-sequencing_required",
    "a LAC that requires sequence numbers in every call",
    roles=LAC,
    sequencing_required=True,
)
add("without-ppp", "P-72", "there is no PPP behind its calls", ppp=False, ics={"ppp": False})
add(
    "asks-by-echo",
    "RFC2661-3.1-10",
    "its PPP asks if the other end is there",
    ppp_echoes=True,
)
add(
    "authenticates-clients",
    "P-72",
    "an LNS that authenticates the clients itself, whatever the LAC passes on",
    roles=LNS,
    authenticates_ppp=True,
)


# -- what becomes of the authentication that the LAC has begun -------------------------------------

add(
    "takes-over",
    "RFC2661-4.4.5-02",
    "an LNS that goes on with the authentication of the client where the LAC has got to",
    roles=LNS,
    takes_over=True,
)


class Asking(Session):
    """The LNS asks a server about the client, which takes its time."""

    asked: bool = False

    @property
    def taken_over(self) -> Begun | None:
        return super().taken_over if self.asked else None

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        super().handle(event, now, examined)
        if self.state is CallState.ESTABLISHED and not self.asked:
            self.tunnel.ringing.setdefault(self, now + 0.7)

    def end_ringing(self, now: float) -> None:
        self.asked = True
        told = self.taken_over
        if told is not None and self.data is not None:
            self.send_data(told.reply())
            if not told.holds:
                self.turn_away(now)


add(
    "takes-over-in-time",
    "RFC2661-4.4.5-02",
    "an LNS that has to ask somebody before it goes on with the authentication of the client",
    kind=with_session(Asking),
    roles=LNS,
    takes_over=True,
)


class Anew(Session):
    """LCP begins anew, whatever the LAC has said of it."""

    def begin_data(self) -> None:
        super().begin_data()
        if self.proxied and self.ppp is not None and not self.ppp.requested:
            self.send_data(self.ppp.request())


add(
    "begins-lcp-anew",
    "RFC2661-4.4.5-03",
    "an LNS that negotiates LCP by itself, whatever the LAC passes on",
    kind=with_session(Anew),
    roles=LNS,
)


class Doubting(Session):
    """LCP is taken over, and the client has to prove once more who it is."""

    def begin_data(self) -> None:
        super().begin_data()
        if self.proxied and self.ppp is not None and not self.ppp.requested:
            chance = self.tunnel.endpoint.random
            challenge = b"\x10" + chance.randbytes(16)
            self.send_data(frame(CHAP, Code.REQUEST, chance.randrange(256), challenge))


add(
    "challenges-anew",
    "RFC2661-4.4.5-03",
    "an LNS that takes LCP over and challenges the client by itself",
    kind=with_session(Doubting),
    roles=LNS,
)

"""Lawful variants of what stands in a message: order, optional AVPs, texts, codes (4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from harness.peer.lawful.base import add, lawful
from harness.peer.message_types import CDN, STOPCCN
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_tunnel
from harness.wire import AVP, Header, Packet, Value

Edit = Callable[[Packet], Packet]


def adapting(edit: Edit) -> type[Variant]:
    """A peer that makes its messages in its own way: edited before they are queued or hidden."""

    class Adapted(Tunnel):
        def adapt(self, packet: Packet) -> Packet:
            return edit(super().adapt(packet))

    return with_tunnel(Adapted)


def with_avps(packet: Packet, avps: Iterable[AVP]) -> Packet:
    """The packet with other AVPs."""
    return packet._replace(avps=tuple(avps))


# -- order -----------------------------------------------------------------------------------------


def backwards(packet: Packet) -> Packet:
    first, *others = packet.avps
    return with_avps(packet, (first, *reversed(others)))


def by_number(packet: Packet) -> Packet:
    first, *others = packet.avps
    return with_avps(packet, (first, *sorted(others, key=lambda one: (one.vendor, one.type))))


def optional_first(packet: Packet) -> Packet:
    first, *others = packet.avps
    return with_avps(packet, (first, *sorted(others, key=lambda one: one.mandatory)))


_ORDERS: Final[Sequence[tuple[str, Edit, str]]] = (
    ("backwards", backwards, "from the last to the first"),
    ("by-number", by_number, "by their numbers"),
    ("optional-first", optional_first, "those with M = 0 first"),
)
for _name, _edit, _text in _ORDERS:
    add(
        f"avps-{_name}",
        "P-53",
        f"behind the Message Type the AVPs stand {_text}",
        kind=adapting(_edit),
    )

# -- more of them ----------------------------------------------------------------------------------


def plus(*extra: AVP, first: bool = False, only: frozenset[int] | None = None) -> Edit:
    """More AVPs at the end of each message, or right behind its Message Type."""

    def edit(packet: Packet) -> Packet:
        if only is not None and packet.message_type not in only:
            return packet
        kind, *others = packet.avps
        return with_avps(packet, (kind, *extra, *others) if first else (*packet.avps, *extra))

    return edit


VENDORS = AVP(17, b"\x00\x00\x00\x2a", vendor=32473, mandatory=False)
VENDORS_EMPTY = AVP(18, b"", vendor=32473, mandatory=False)
VENDORS_LONG = AVP(19, bytes(range(256)) * 3, vendor=32473, mandatory=False)
UNASSIGNED = AVP(4000, b"later", mandatory=False)
UNASSIGNED_EMPTY = AVP(65535, b"", mandatory=False)
RANDOM = AVP(36, bytes(range(16)))

_EXTRAS: Final[Sequence[tuple[str, Edit, str, str]]] = (
    ("vendor-avp", plus(VENDORS), "RFC2661-4.1-06", "an AVP of its vendor at the end"),
    (
        "vendor-avp-first",
        plus(VENDORS, first=True),
        "RFC2661-4.1-06 P-53",
        "an AVP of its vendor behind the Message Type",
    ),
    (
        "empty-vendor-avp",
        plus(VENDORS_EMPTY),
        "RFC2661-4.1-06",
        "an AVP of its vendor without a value",
    ),
    ("long-vendor-avp", plus(VENDORS_LONG), "RFC2661-4.1-06", "an AVP of its vendor of 768 octets"),
    ("many-vendor-avps", plus(*[VENDORS] * 24), "RFC2661-4.1-06 P-52", "24 AVPs of its vendor"),
    (
        "unassigned-avp",
        plus(UNASSIGNED),
        "RFC2661-4.1-06",
        "an AVP of a later document, with M = 0",
    ),
    (
        "unassigned-avp-first",
        plus(UNASSIGNED, UNASSIGNED_EMPTY, first=True),
        "RFC2661-4.1-06 P-53",
        "two AVPs of a later document behind the Message Type",
    ),
    (
        "random-vector",
        plus(RANDOM, first=True),
        "RFC2661-4.4.1-06",
        "a Random Vector that hides nothing",
    ),
)
for _name, _edit, _permits, _text in _EXTRAS:
    add(f"always-{_name}", _permits, f"each message has {_text}", kind=adapting(_edit))


# -- fewer of them ---------------------------------------------------------------------------------

add(
    "no-optional-call-avps",
    "RFC2661-6.6-01",
    "messages about calls have only what they must have",
    details=False,
)


class Laconic(Tunnel):
    """Introduces itself by what is mandatory; an LNS asks for no outgoing calls then."""

    unsaid: tuple[str, ...] = (
        "receive_window_size",
        "firmware_revision",
        "vendor_name",
    )

    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        return {key: value for key, value in values.items() if key not in self.unsaid}


@lawful(
    "P-10 RFC2661-6.1-01",
    "SCCRQ and SCCRP have no Receive Window Size, Firmware Revision or Vendor Name",
    details=False,
)
class IntroducesItselfShortly(with_tunnel(Laconic)):  # type: ignore[misc]
    pass


class Bearerless(Laconic):
    unsaid = ("bearer_capabilities",)


@lawful(
    "P-63",
    "a LAC without Bearer Capabilities gets no outgoing calls",
    roles=LAC,
    ics={"outgoing_calls": False},
)
class WithoutBearerCapabilities(with_tunnel(Bearerless)):  # type: ignore[misc]
    pass


@lawful("P-63", "an LNS without Bearer Capabilities", roles=LNS)
class LnsWithoutBearerCapabilities(with_tunnel(Bearerless)):  # type: ignore[misc]
    pass


# -- values ----------------------------------------------------------------------------------------

for _framing in (0, 1, 2):
    add(
        f"framing-capabilities-{_framing}",
        "P-64" if not _framing else "RFC2661-4.4.3-01",
        f"its Framing Capabilities are {_framing}",
        framing=_framing,
        ics={"outgoing_calls": bool(_framing), "incoming_calls": bool(_framing)},
    )
for _bearer in (1, 2):
    add(
        f"bearer-capabilities-{_bearer}",
        "P-63",
        f"its Bearer Capabilities are {_bearer}",
        roles=LAC,
        bearer=_bearer,
    )

for _name, _host in (
    ("of-one-octet", "x"),
    ("of-64-octets", "h" * 64),
    ("of-255-octets", "long." * 51),
    ("with-blanks", "  LNS 7 / rack \u201cB\u201d  "),
    ("in-capitals", "LNS.EXAMPLE.COM."),
    ("like-a-template", "${host} {{ name }} %s <b>&amp;"),
):
    add(
        f"host-name-{_name}",
        "P-55 P-54",
        f"its Host Name is {_name.replace('-', ' ')}",
        host_name=_host,
    )

add(
    "odd-vendor-name",
    "P-54",
    "its Vendor Name has letters beyond ASCII, and its Firmware Revision is 65535",
    vendor_name="Gesellschaft f\u00fcr \u00dcbertragung \u2122",
    firmware_revision=65535,
)
add(
    "firmware-0",
    "RFC2661-4.4.3-16",
    "its Firmware Revision is 0, and its Vendor Name of one letter",
    vendor_name="V",
    firmware_revision=0,
)

# -- codes -----------------------------------------------------------------------------------------


def results(change: Callable[[int, bytes], bytes]) -> Edit:
    """The Result Code with another value; `change` gets the message and the value."""

    def edit(packet: Packet) -> Packet:
        if packet.message_type not in (STOPCCN, CDN):
            return packet
        kind = packet.message_type
        return with_avps(
            packet,
            (
                one._replace(value=change(kind, one.value))
                if one.type == 1 and not one.vendor
                else one
                for one in packet.avps
            ),
        )

    return edit


def bare(_kind: int, value: bytes) -> bytes:
    """The Result Code alone, or with its Error Code where it says nothing without that."""
    if value[:4] in (b"\x00\x02\x00\x06", b"\x00\x02\x00\x08"):
        return value
    return value[:4] if value[:2] in (b"\x00\x02", b"\x00\x05") else value[:2]


def with_error(_kind: int, value: bytes) -> bytes:
    return value if len(value) > 2 else value + b"\x00\x00"


def with_text(text: str) -> Callable[[int, bytes], bytes]:
    def change(_kind: int, value: bytes) -> bytes:
        return value.ljust(4, b"\x00") + text.encode()

    return change


for _name, _change, _text in (
    ("alone", bare, "stands alone wherever it may"),
    ("with-an-error-code", with_error, "always has an Error Code, which may be 0"),
    (
        "with-a-text",
        with_text("das geht nicht: gew\u00fcnschte Leitung \u2260 vorhandene"),
        "has a text of many tongues",
    ),
    ("with-a-long-text", with_text("no " * 300), "has a text of 900 octets"),
):
    add(f"result-code-{_name}", "P-56", f"a Result Code {_text}", kind=adapting(results(_change)))


def general(kind: int, _value: bytes) -> bytes:
    """Without a word about why: a general request to end, or administrative reasons."""
    return b"\x00\x01" if kind == STOPCCN else b"\x00\x03"


def resources(_kind: int, _value: bytes) -> bytes:
    return b"\x00\x02\x00\x04"


def vendors(_kind: int, _value: bytes) -> bytes:
    return b"\x00\x02\x00\x06see manual"


for _name, _change, _text in (
    ("never-told", general, "are not told: a general request, or administrative reasons"),
    ("never-known", resources, "are all a lack of resources"),
    ("of-its-vendor", vendors, "are all ones of its vendor, with a text"),
):
    add(
        f"reasons-{_name}",
        "P-23 P-24 P-79",
        f"the reasons of StopCCN and CDN {_text}",
        discouraged=True,
        kind=adapting(results(_change)),
    )


# -- messages of its own ---------------------------------------------------------------------------


class Talkative(Tunnel):
    """Says something of its own, with M = 0, as soon as the tunnel is up."""

    said = False

    def flush(self, now: float) -> None:
        if not self.said and self.state.value == "established" and self.peer_id:
            self.said = True
            header = Header(tunnel_id=self.peer_id, session_id=0, ns=0, nr=0)
            avps = (AVP(0, b"\x0f\xa0", mandatory=False), VENDORS)
            self.channel.send(Packet(header, avps))
        super().flush(now)


@lawful(
    "RFC2661-4.4.1-03", "a message of a later document, with M = 0, follows once the tunnel is up"
)
class SaysSomethingUnknown(with_tunnel(Talkative)):  # type: ignore[misc]
    pass

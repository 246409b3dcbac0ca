"""Hypothesis strategies for packets: well-formed, malformed on purpose, and plain noise."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.wire import AUTO, AVP, Header, Packet, build
from harness.wire.model import MAXIMUM_VALUE_OCTETS, RESERVED_HEADER_BITS

word = st.integers(0, 0xFFFF)
octets = st.binary(max_size=40)
long_values = st.integers(0, MAXIMUM_VALUE_OCTETS).map(lambda size: b"\xa5" * size)
values = st.one_of(octets, long_values)

reserved_header_bits = word.map(lambda number: number & RESERVED_HEADER_BITS)
"""Any of the x bits, where they stand."""

well_formed_avps = st.builds(
    AVP,
    type=st.one_of(st.integers(0, 40), word),
    value=values,
    vendor=st.one_of(st.just(0), word),
    mandatory=st.booleans(),
    hidden=st.booleans(),
    reserved=st.just(0),
    length=st.none(),
)

malformed_avps = st.builds(
    AVP,
    type=word,
    value=values,
    vendor=word,
    mandatory=st.booleans(),
    hidden=st.booleans(),
    reserved=st.integers(0, 15),
    length=st.one_of(st.integers(0, 12), st.integers(0, 1023)),
)

message_type_avps = st.integers(0, 40).map(lambda number: AVP(0, number.to_bytes(2, "big")))


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Any header that has a form on the wire."""
    offset_size = draw(st.none() | st.integers(0, 20) | word)
    pad = b"" if offset_size is None else draw(st.just(bytes(min(offset_size, 9))) | octets)
    ns = draw(st.none() | word)
    return Header(
        control=draw(st.booleans()),
        version=draw(st.just(2) | st.integers(0, 15)),
        tunnel_id=draw(word),
        session_id=draw(word),
        length=draw(st.just(AUTO) | st.none() | st.integers(0, 80) | word),
        ns=ns,
        nr=None if ns is None else draw(word),
        offset_size=offset_size,
        offset_pad=pad,
        priority=draw(st.booleans()),
        reserved=draw(st.just(0) | reserved_header_bits),
    )


packets = st.builds(
    Packet,
    header=headers(),
    avps=st.lists(well_formed_avps | malformed_avps, max_size=4).map(tuple),
    payload=octets,
    trailing=octets,
)
"""Any packet that has a form on the wire, sensible or not."""


@st.composite
def regular_messages(draw: st.DrawFn) -> Packet:
    """Control messages without a flaw, as a conforming peer sends them."""
    header = Header(tunnel_id=draw(word), session_id=draw(word), ns=draw(word), nr=draw(word))
    first = draw(message_type_avps)
    return Packet(header, (first, *draw(st.lists(well_formed_avps, max_size=4))))


@st.composite
def regular_data(draw: st.DrawFn) -> Packet:
    """Data messages without a flaw, with any of the optional fields."""
    pad = draw(st.none() | octets)
    ns = draw(st.none() | word)
    header = Header(
        control=False,
        tunnel_id=draw(word),
        session_id=draw(word),
        length=draw(st.sampled_from((AUTO, None))),
        ns=ns,
        nr=None if ns is None else draw(word),
        offset_size=None if pad is None else len(pad),
        offset_pad=pad or b"",
        priority=draw(st.booleans()),
    )
    return Packet(header, payload=draw(octets))


@st.composite
def damaged_messages(draw: st.DrawFn) -> bytes:
    """A control message with some octets overwritten, and perhaps cut or lengthened."""
    data = bytearray(build(draw(regular_messages())))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data) + draw(st.just(b"") | octets)


datagrams = st.one_of(
    st.binary(max_size=64),
    st.binary(max_size=300),
    damaged_messages(),
    octets.map(lambda data: b"\xc8\x02" + len(data).to_bytes(2, "big") + data),
)
"""Anything that may come out of a socket."""

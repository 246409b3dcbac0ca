"""Which datagrams came without a UDP checksum (8.1), as a raw socket beside an IPv4 one shows it.

No UDP socket tells the checksum of what it receives. A raw one is handed each datagram before the
UDP one is, IP and UDP header included, so a datagram read here has been read there before. A
filter in the kernel wakes nobody for one whose field is not 0: what a loopback or an offloading
card has put there is only the beginning of a sum, but a 0 means that none was made (RFC 768), and
a beginning is never 0.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections import deque
from typing import Final

NO_CHECKSUM_SENT: Final = 11
"""SO_NO_CHECK of Linux, which Python has no name for."""

_ATTACH_FILTER: Final = 26
_LARGEST_PACKET: Final = 65535
_SHORTEST_HEADER: Final = 20
_READ_AT_ONCE: Final = 4096
_KEPT: Final = 4096
"""Datagrams that the raw socket has shown and the other one has not yet; older ones are lost."""

# Classic BPF: load the length of the IP header into X, then two halfwords behind it.
_LENGTH_OF_HEADER: Final = 0xB1
_HALFWORD_BEHIND_IT: Final = 0x48
_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_DESTINATION, _CHECKSUM = 2, 6

_instruction = struct.Struct("HBBI").pack
_halfwords = struct.Struct(">HHHH").unpack_from


class ChecksumWatch:
    """A raw socket that sees what comes to one address and port without a checksum."""

    def __init__(self, raw: socket.socket, port: int) -> None:
        self._raw = raw
        self._port = port
        self._unchecked: deque[tuple[str, int, bytes]] = deque(maxlen=_KEPT)

    def has_checksum(self, data: bytes, source: tuple[str, int]) -> bool:
        """Whether the datagram that the UDP socket has just given had one."""
        self._read()
        seen = (*source, data)
        if seen not in self._unchecked:
            return True
        self._unchecked.remove(seen)
        return False

    def _read(self) -> None:
        for _ in range(_READ_AT_ONCE):
            try:
                packet, source = self._raw.recvfrom(_LARGEST_PACKET)
            except OSError:
                return  # nothing is there
            place = 4 * (packet[0] & 0x0F) if packet else 0
            if not _SHORTEST_HEADER <= place <= len(packet) - 8:
                continue
            here, there, length, checksum = _halfwords(packet, place)
            # what came before the filter was there may be anything
            if there == self._port and not checksum:
                data = packet[place + 8 : place + length]
                self._unchecked.append((source[0], here, data))

    def close(self) -> None:
        """Give the socket back."""
        self._raw.close()


def watch_checksums(address: str, port: int) -> ChecksumWatch | None:
    """A watch in the network namespace of this thread; None where that is not permitted.

    It takes CAP_NET_RAW. address: an IPv4 literal.
    """
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except OSError:
        return None  # not permitted, or the system has none
    try:
        raw.setblocking(False)
        _filter(raw, port)
        raw.bind((address, 0))
    except OSError:
        raw.close()
        raise
    return ChecksumWatch(raw, port)


def is_permitted() -> bool:
    """Whether checksums can be seen here."""
    watch = watch_checksums("127.0.0.1", 0)
    if watch is not None:
        watch.close()
    return watch is not None


def leave_out_checksums(given: socket.socket) -> None:
    """Have a UDP socket send without checksums."""
    given.setsockopt(socket.SOL_SOCKET, NO_CHECKSUM_SENT, 1)


def _filter(raw: socket.socket, port: int) -> None:
    """Let only datagrams to the port come through whose checksum is 0."""
    lines = (
        _instruction(_LENGTH_OF_HEADER, 0, 0, 0),
        _instruction(_HALFWORD_BEHIND_IT, 0, 0, _DESTINATION),
        _instruction(_EQUAL, 0, 3, port),
        _instruction(_HALFWORD_BEHIND_IT, 0, 0, _CHECKSUM),
        _instruction(_EQUAL, 0, 1, 0),
        _instruction(_RETURN, 0, 0, 0xFFFFFFFF),
        _instruction(_RETURN, 0, 0, 0),
    )
    program = ctypes.create_string_buffer(b"".join(lines))
    # struct sock_fprog: how many instructions, and where they are
    where = struct.pack("HP", len(lines), ctypes.addressof(program))
    raw.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, where)

"""Links and addresses inside a User-Mode Linux, by netlink. Runs there, without site-packages."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

_NEW_LINK = 16
_NEW_ADDRESS = 20
_ERROR = 2
_REQUEST_AND_ACK = 1 | 4
_CREATE = 0x200 | 0x400
_UP = 1

_NAME = 3
_LOWER = 5
_INFO = 18
_KIND = 1
_DATA = 2
_NAMESPACE = 28
_MODE = 1
_BRIDGE = 4
_ADDRESS = 1
_LOCAL = 2
_NO_DUPLICATE_DETECTION = 2


def add_macvlan(name: str, below: str, namespace: int) -> None:
    """A link with a MAC address of its own upon another, in a namespace (a descriptor)."""
    mode = _attribute(_MODE, struct.pack("=I", _BRIDGE))
    info = _attribute(_KIND, b"macvlan") + _attribute(_DATA, mode)
    body = (
        struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0)
        + _attribute(_NAME, name.encode() + b"\0")
        + _attribute(_LOWER, struct.pack("=I", socket.if_nametoindex(below)))
        + _attribute(_NAMESPACE, struct.pack("=I", namespace))
        + _attribute(_INFO, info)
    )
    _ask(_NEW_LINK, _CREATE, body)


def set_up(name: str) -> None:
    """Set a link up."""
    index = socket.if_nametoindex(name)
    _ask(_NEW_LINK, 0, struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, _UP, _UP))


def add_address(name: str, address: str) -> None:
    """Give a link an address, `198.18.0.1/16`."""
    interface = ipaddress.ip_interface(address)
    is_old = interface.version == 4
    family = socket.AF_INET if is_old else socket.AF_INET6
    flags = 0 if is_old else _NO_DUPLICATE_DETECTION
    index = socket.if_nametoindex(name)
    body = (
        struct.pack("=BBBBI", family, interface.network.prefixlen, flags, 0, index)
        + _attribute(_LOCAL, interface.ip.packed)
        + _attribute(_ADDRESS, interface.ip.packed)
    )
    _ask(_NEW_ADDRESS, _CREATE, body)


def _attribute(kind: int, value: bytes) -> bytes:
    length = len(value) + 4
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def _ask(kind: int, flags: int, body: bytes) -> None:
    """Ask the kernel, in the namespace of this thread. OSError when it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        header = struct.pack("=IHHII", len(body) + 16, kind, flags | _REQUEST_AND_ACK, 1, 0)
        route.send(header + body)
        answer = route.recv(4096)
    (told,) = struct.unpack_from("=H", answer, 4)
    (number,) = struct.unpack_from("=i", answer, 16)
    if told == _ERROR and number != 0:
        raise OSError(-number, os.strerror(-number))

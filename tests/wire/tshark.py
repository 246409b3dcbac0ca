"""What tshark makes of datagrams: one run for a whole list of them, read from its PDML."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

PORT: Final = 17010
IP_UDP_OCTETS: Final = 28


@dataclass(frozen=True)
class Shown:
    """A field as tshark shows it. `place` counts from the first octet of the datagram."""

    name: str
    show: str
    octets: str
    place: int
    size: int


@dataclass(frozen=True)
class ShownAvp:
    """An AVP as tshark shows it: its title, where it is, and its fields by their names."""

    title: str
    place: int
    size: int
    fields: dict[str, Shown]


@dataclass(frozen=True)
class Dissected:
    """A datagram as tshark shows it. `payload`: where the PPP frame starts, None without one."""

    header: dict[str, Shown]
    avps: tuple[ShownAvp, ...]
    payload: int | None
    malformed: bool


def require_tshark() -> str:
    """The path of tshark; without it the test is skipped, or fails where devices are required."""
    path = shutil.which("tshark")
    if path is not None:
        return path
    missing = "tshark is not installed; `make devices` installs what the differential tests need"
    if os.environ.get("L2TP_HARNESS_REQUIRE_DEVICES") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


def dissect(datagrams: Sequence[bytes], folder: Path) -> list[Dissected]:
    """What tshark makes of each datagram. The capture is left in `folder`."""
    from scapy.layers.inet import IP, UDP
    from scapy.packet import Raw
    from scapy.utils import wrpcap

    program = require_tshark()
    capture = folder / "l2tp.pcap"
    frames = [
        IP(src="127.0.0.1", dst="127.0.0.2") / UDP(sport=PORT, dport=PORT) / Raw(data)
        for data in datagrams
    ]
    wrpcap(str(capture), frames)
    done = subprocess.run(
        [program, "-n", "-r", str(capture), "-d", f"udp.port=={PORT},l2tp", "-T", "pdml"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode(errors="backslashreplace")
    root = ElementTree.fromstring(done.stdout)
    return [_dissected(packet) for packet in root.iter("packet")]


def _dissected(packet: ElementTree.Element) -> Dissected:
    l2tp = packet.find("proto[@name='l2tp']")
    assert l2tp is not None, "tshark sees no L2TP"
    header: dict[str, Shown] = {}
    avps = []
    for element in l2tp:
        name = element.get("name", "")
        if name:
            header[name] = _shown(element)
            header.update({bit.get("name", ""): _shown(bit) for bit in element})
        else:
            avps.append(
                ShownAvp(
                    element.get("show", ""),
                    int(element.get("pos", "0")) - IP_UDP_OCTETS,
                    int(element.get("size", "0")),
                    {field.get("name", ""): _shown(field) for field in element},
                )
            )
    ppp = packet.find("proto[@name='ppp']")
    return Dissected(
        header,
        tuple(avps),
        None if ppp is None else int(ppp.get("pos", "0")) - IP_UDP_OCTETS,
        malformed=packet.find(".//proto[@name='_ws.malformed']") is not None,
    )


def _shown(element: ElementTree.Element) -> Shown:
    return Shown(
        element.get("name", ""),
        element.get("show", ""),
        element.get("value", ""),
        int(element.get("pos", "0")) - IP_UDP_OCTETS,
        int(element.get("size", "0")),
    )

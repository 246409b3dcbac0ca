"""Real xl2tpd (1.3.18) talking to itself, captured by tcpdump; `record.py` made the files.

`l2tpns-call` is the reference LAC calling l2tpns (2.4.1), as tests/devices/test_cross_checks.py
captures it; nothing is wrong there. The others are recorded live there, too.

What is found was judged by hand against the RFC:
- xl2tpd switches UDP checksums off by itself (SO_NO_CHECK), which 8.1 forbids as a default.
- It acknowledges an ICCN by a ZLB that has the session's id; 3.1 does not say that it must be 0.
Nothing else is wrong: five SCCRQs at 0, 1, 3, 7 and 15 seconds double their intervals, and a
refused or closed tunnel ends with one StopCCN and its acknowledgement.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.capture import as_json
from harness.capture.files import open_capture
from harness.capture.fragments import Fragments
from harness.capture.layers import Datagram, decode
from harness.spec.monitor import RuleId
from tests.capture.test_check import check

DATA = Path(__file__).parent / "data"

CALL = {RuleId.UDP_CHECKSUM, RuleId.ZLB_SESSION_ID}
FOUND: dict[str, set[RuleId]] = {
    "xl2tpd-call": CALL,
    "xl2tpd-call-any": CALL,
    "xl2tpd-call-without-length": CALL,
    "xl2tpd-authenticated": CALL,
    "xl2tpd-shut-down": CALL,
    "xl2tpd-refused": {RuleId.UDP_CHECKSUM},
    "xl2tpd-unanswered": {RuleId.UDP_CHECKSUM},
    "l2tpns-call": set(),
}
LNS = ("127.41.7.1", "198.18.0.1")


def test_every_recording_is_judged() -> None:
    assert {path.stem for path in DATA.glob("*.pcap")} == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("complete", [False, True], ids=["any capture", "complete"])
def test_what_is_found(name: str, complete: bool) -> None:
    result = check(DATA / f"{name}.pcap", complete=complete, lns=LNS)
    findings = as_json(result)["findings"]
    assert {one["rule"] for one in findings} == FOUND[name]
    assert {one["severity"] for one in findings} <= {"note"}
    assert result.conversations == 1
    assert result.errors == ()


def test_the_response_is_checked_with_the_secret() -> None:
    path = DATA / "xl2tpd-authenticated.pcap"
    assert RuleId.CHALLENGE_RESPONSE not in rules_of(path, b"secret")
    assert RuleId.CHALLENGE_RESPONSE in rules_of(path, b"another")
    # there the two ends had different secrets, and the LNS answered with its own
    assert RuleId.CHALLENGE_RESPONSE in rules_of(DATA / "xl2tpd-refused.pcap", b"secret")


def rules_of(path: Path, secret: bytes) -> set[str]:
    """The rules that are broken under a secret."""
    return {one["rule"] for one in as_json(check(path, secret=secret))["findings"]}


@pytest.mark.parametrize("name", FOUND)
def test_scapy_finds_the_same_datagrams(name: str) -> None:
    from scapy.layers.inet import UDP
    from scapy.utils import PcapReader

    path = DATA / f"{name}.pcap"
    with PcapReader(str(path)) as reader:
        theirs = [
            (packet[UDP].sport, packet[UDP].dport, bytes(packet[UDP])[8:])
            for packet in reader
            if UDP in packet and packet.firstlayer().haslayer("ICMP") == 0
        ]
    fragments = Fragments()
    ours = []
    with open_capture(path) as reader:
        for packet in reader.packets():
            found = decode(packet.link_type, packet.data, packet.at, fragments)
            if isinstance(found, Datagram):
                ours.append((found.source[1], found.destination[1], found.payload))
    assert ours == theirs

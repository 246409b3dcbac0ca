"""Whole captures: planted violations are found in the right frame, clean ones give nothing."""

from __future__ import annotations

import dataclasses
import gzip
import ipaddress
import json
from pathlib import Path

import pytest

from harness.capture import CheckOptions, CheckResult, as_json, as_text, check_capture
from harness.errors import UsageError
from harness.run.datagram import datagram
from harness.spec.monitor import RuleId
from tests.capture.files import (
    ETHERNET,
    capture_of,
    ethernet,
    ipv4,
    packets_of,
    pcap,
    pcapng,
    udp,
    write,
)
from tests.monitor.plants import PLANTS, Plant
from tests.monitor.talk import LAC, LNS, SECRET, Talk, rules
from tests.monitor.test_planted import clean

OPTIONS = CheckOptions(rules=rules())


def check(*paths: Path, **options: object) -> CheckResult:
    """Judge files by rules that are loaded once."""
    return check_capture(paths, dataclasses.replace(OPTIONS, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "plant", [one for one in PLANTS if "secret_shared" not in one.options], ids=lambda one: one.name
)
def test_the_violation_is_found(plant: Plant, tmp_path: Path) -> None:
    talk = Talk()
    frame = plant.build(talk)
    options = {"secret": plant.options.get("secret")}
    if "roles" in plant.options:
        options["lns"] = tuple(plant.options["roles"])
    result = check(capture_of(talk, tmp_path), **options)
    found = as_json(result)["findings"]
    if plant.capture is None:
        assert found == []
        return
    assert {one["rule"] for one in found} == {plant.rule, *plant.also}
    (finding,) = [one for one in found if one["rule"] == plant.rule]
    assert finding["first_frame"] == frame.number
    assert finding["severity"] == plant.capture
    assert finding["count"] == 1
    assert finding["row"] in rules().specification.requirements
    assert finding["level"]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: one.name)
def test_a_complete_capture_is_judged_as_a_run_is(plant: Plant, tmp_path: Path) -> None:
    talk = Talk()
    plant.build(talk)
    if "roles" in plant.options or "secret_shared" in plant.options or plant.live is None:
        return
    path = capture_of(talk, tmp_path)
    found = as_json(check(path, complete=True, secret=plant.options.get("secret")))["findings"]
    severities = {one["rule"]: one["severity"] for one in found}
    assert severities[plant.rule] == plant.live


def test_a_missing_checksum_is_noted(tmp_path: Path) -> None:
    talk = Talk().tunnel()
    packets = [
        (one.at, ipv4(one.source, one.destination, udp(one.source, one.destination, one.data, 0)))
        for one in talk.frames
    ]
    (finding,) = as_json(check(write(tmp_path, pcap(packets))))["findings"]
    assert finding["rule"] == RuleId.UDP_CHECKSUM
    assert finding["severity"] == "note"
    assert finding["count"] == 4


# -- clean ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_clean_capture_gives_nothing(tmp_path: Path, make: object) -> None:
    talk = clean()
    octets = make(packets_of(talk.frames))  # type: ignore[operator]
    result = check(write(tmp_path, octets), secret=SECRET, lns=(LNS[0],))
    assert as_json(result)["findings"] == []
    assert (result.frames, result.conversations) == (len(talk.frames), 1)
    assert as_text(result)[-1].strip() == "nothing found"


def test_vlans_and_compression(tmp_path: Path) -> None:
    packets = packets_of(clean().frames, lambda packet: ethernet(packet, 0x88A8, 0x8100))
    octets = gzip.compress(pcapng(packets, link_type=ETHERNET))
    result = check(write(tmp_path, octets))
    assert as_json(result)["findings"] == []
    assert result.conversations == 1


def test_ipv6(tmp_path: Path) -> None:
    talk = clean()
    swap = {LAC[0]: "2001:db8::1", LNS[0]: "2001:db8::2"}
    packets = [
        (
            one.at,
            datagram(
                (swap[one.source[0]], one.source[1]),
                (swap[one.destination[0]], one.destination[1]),
                one.data,
            ),
        )
        for one in talk.frames
    ]
    result = check(write(tmp_path, pcap(packets)), lns=("2001:0db8:0:0::2",))
    assert as_json(result)["findings"] == []
    assert result.conversations == 1


def test_many_conversations_at_once(tmp_path: Path) -> None:
    packets = []
    for number in range(50):
        hosts = [str(ipaddress.ip_address("10.0.0.0") + 2 * number + side) for side in (0, 1)]
        swap = {LAC[0]: hosts[0], LNS[0]: hosts[1]}
        for one in clean().frames:
            source = (swap[one.source[0]], one.source[1])
            to = (swap[one.destination[0]], one.destination[1])
            packets.append((one.at + number * 0.01, datagram(source, to, one.data)))
    packets.sort(key=lambda packet: packet[0])
    result = check(write(tmp_path, pcap(packets)))
    assert as_json(result)["findings"] == []
    assert result.conversations == 50


def test_fragments_are_judged_whole(tmp_path: Path) -> None:
    talk = Talk().tunnel({"vendor_name": "x" * 900, "host_name": "y" * 900})
    packets = []
    for one in talk.frames:
        body = udp(one.source, one.destination, one.data)
        for start in range(0, len(body), 512):
            piece = body[start : start + 512]
            more = start + 512 < len(body)
            packet = ipv4(
                one.source,
                one.destination,
                piece,
                identification=one.number,
                offset=start,
                more=more,
            )
            packets.append((one.at, packet))
    result = check(write(tmp_path, pcap(packets)))
    assert as_json(result)["findings"] == []
    assert result.files[0].messages == len(talk.frames)
    assert result.frames > len(talk.frames)


def test_other_traffic_is_left_alone(tmp_path: Path) -> None:
    packets = [
        (1.0, ipv4(("192.0.2.9", 5353), ("224.0.0.251", 5353), udp(LAC, LNS, b"junk" * 9))),
        (1.1, b"\x45"),
        (1.2, b""),
    ]
    result = check(write(tmp_path, pcap(packets)))
    assert (result.frames, result.conversations, result.files[0].messages) == (3, 0, 0)


# -- files that are not as they should be ----------------------------------------------------------


def test_a_cut_file_is_judged_to_its_end(tmp_path: Path) -> None:
    talk = Talk()
    PLANTS_BY_NAME["avp-missing-no_host_name"].build(talk)
    octets = pcap(packets_of(talk.frames)) + b"\1\2\3"
    result = check(write(tmp_path, octets))
    (finding,) = as_json(result)["findings"]
    assert finding["rule"] == RuleId.AVP_MISSING
    assert result.files[0].cut
    assert any("cut" in line for line in as_text(result))


PLANTS_BY_NAME = {one.name: one for one in PLANTS}


def test_what_stands_before_corruption_is_judged(tmp_path: Path) -> None:
    talk = Talk()
    PLANTS_BY_NAME["avp-missing-no_host_name"].build(talk)
    octets = pcap(packets_of(talk.frames)) + b"\xff" * 40
    result = check(write(tmp_path, octets))
    assert [one["rule"] for one in as_json(result)["findings"]] == [RuleId.AVP_MISSING]
    (error,) = result.errors
    assert error.code == "capture.corrupt"
    assert any("capture.corrupt" in line for line in as_text(result))


def test_several_files_one_of_which_cannot_be_read(tmp_path: Path) -> None:
    good = write(tmp_path, pcap(packets_of(clean().frames)), "good.pcap")
    bad = write(tmp_path, b"no capture", "bad.pcap")
    result = check(good, bad, tmp_path / "nowhere.pcap")
    assert [one.error.code if one.error else None for one in result.files] == [
        None,
        "capture.format",
        "capture.unreadable",
    ]
    assert result.conversations == 1


def test_shortened_messages_are_said_not_to_be_judged(tmp_path: Path) -> None:
    result = check(write(tmp_path, pcap(packets_of(clean().frames), snap=50)))
    assert result.files[0].shortened
    assert as_json(result)["findings"] == []
    assert any("in part only" in line for line in as_text(result))


def test_an_unknown_link_layer_is_named(tmp_path: Path) -> None:
    result = check(write(tmp_path, pcap([(1.0, b"usb")], link_type=189)))
    assert result.files[0].unread == {189}
    assert any("189" in line for line in as_text(result))


def test_an_address_that_is_none() -> None:
    with pytest.raises(UsageError):
        check(lns=("lns.example.net",))


# -- results ---------------------------------------------------------------------------------------


def test_json_has_what_is_promised(tmp_path: Path) -> None:
    talk = Talk()
    PLANTS_BY_NAME["window-two_where_one_fits"].build(talk)
    data = json.loads(json.dumps(as_json(check(capture_of(talk, tmp_path)))))
    assert {"frames", "conversations", "findings"} <= set(data)
    (finding,) = data["findings"]
    assert {"rule", "row", "level", "count", "first_frame"} <= set(finding)
    assert finding["rule"] == "window"
    assert finding["level"] == "MUST (lower case)"
    assert finding["certain"] is False


def test_one_line_for_one_rule_and_row(tmp_path: Path) -> None:
    talk = Talk().tunnel()
    for number in range(5):
        talk.lac.session_id, talk.lns.session_id = 100 + 7 * number, 200 + 9 * number
        talk.message(talk.lac, "ICRQ", {"call_serial_number": number}, omit=("call_serial_number",))
        talk.message(talk.lns, "ICRP")
    (finding,) = as_json(check(capture_of(talk, tmp_path)))["findings"]
    assert finding["count"] == 5
    assert finding["row"] == "RFC2661-6.6-ICRQ-call_serial_number"


def test_text_is_safe_for_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2Jcapture.pcap"
    path.write_bytes(b"\x1b]0;title\x07")
    for line in as_text(check(path)):
        assert line.isprintable()

"""What a reference LNS makes of the authentication that a LAC passes on (RFC 2661 4.4.5, 9.5)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping

import pytest

from harness.peer import ppp, proxy
from harness.peer.config import PeerConfig
from harness.peer.proxy import CHAP, MS_CHAP, PAP, Begun
from harness.resources import data_folder
from harness.run.run import load_library
from harness.spec.model import Role
from harness.suite.model import Case, Send
from harness.wire import Value
from harness.wire.hiding import unhide
from tests.peer.hand import Hand, before_lns, integer, names, result
from tests.peer.world import LAC, LNS, World, pair

CHALLENGE = bytes(range(16))
LCP: Mapping[str, Value] = {
    "last_sent_lcp_confreq": ppp.option(ppp.AUTHENTICATION, ppp.CHAP_WITH_MD5),
    "last_received_lcp_confreq": ppp.option(ppp.MRU, b"\x05\xd4"),
}


def digest(identifier: int, password: bytes = b"password") -> bytes:
    """The response of CHAP (RFC 1994 4.1)."""
    return hashlib.md5(bytes((identifier,)) + password + CHALLENGE, usedforsecurity=False).digest()


def passed_on(
    kind: int, identifier: int, response: bytes, name: str = "client"
) -> dict[str, Value]:
    values: dict[str, Value] = {
        **LCP,
        "proxy_authen_type": kind,
        "proxy_authen_name": name,
        "proxy_authen_id": identifier,
        "proxy_authen_response": response,
    }
    return values if kind == PAP else {**values, "proxy_authen_challenge": CHALLENGE}


def called(values: Mapping[str, Value], **settings: object) -> tuple[Hand, list[bytes], list[str]]:
    """A call whose ICCN has these AVPs; PPP frames and control messages that come of it."""
    world = World()
    hand = before_lns(world, **{"ppp": True, "takes_over": True, **settings})
    (icrp,) = hand.send("ICRQ", {"assigned_session_id": 5})
    frames = hand.send("ICCN", dict(values), session_id=integer(icrp, "assigned_session_id"))
    data = [one.packet.payload for one in frames if not one.packet.header.control]
    control = [one for one in frames if one.packet.header.control]
    for one in control:
        if one.name == "CDN":
            assert result(one)[0] == 3
    return hand, data, names(control)


@pytest.mark.parametrize("identifier", [0, 1, 200, 255])
def test_the_client_is_told_under_the_identifier_of_its_response(identifier: int) -> None:
    right, wrong = digest(identifier), digest(identifier, b"wrong")
    for kind, response, frame, messages in (
        (CHAP, right, ppp.frame(0xC223, 3, identifier), ["ZLB"]),
        (CHAP, wrong, ppp.frame(0xC223, 4, identifier), ["CDN"]),
        (PAP, b"password", ppp.frame(0xC023, 2, identifier, b"\0"), ["ZLB"]),
        (PAP, b"wrong", ppp.frame(0xC023, 3, identifier, b"\0"), ["CDN"]),
    ):
        hand, data, control = called(passed_on(kind, identifier, response))
        assert (data, control) == ([frame], messages)
        assert names(hand.send("HELLO")) == ["ZLB"]


def test_nobody_but_the_client_is_let_in() -> None:
    _, data, control = called(passed_on(CHAP, 7, digest(7), name="another"))
    assert (data, control) == ([ppp.frame(0xC223, 4, 7)], ["CDN"])


@pytest.mark.parametrize(
    "missing",
    ["type", "name", "id", "response", "challenge"],
)
def test_what_is_incomplete_is_not_taken_over(missing: str) -> None:
    values = passed_on(CHAP, 7, digest(7))
    del values[f"proxy_authen_{missing}"]
    assert called(values)[1:] == ([], ["ZLB"])


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (passed_on(MS_CHAP, 7, bytes(49)), {}),
        (passed_on(CHAP, 7, digest(7)), {"takes_over": False}),
        (passed_on(CHAP, 7, digest(7)), {"ppp": False}),
    ],
)
def test_the_lns_says_nothing_where_it_does_not_go_on(
    values: dict[str, Value], settings: dict[str, object]
) -> None:
    assert called(values, **settings)[1:] == ([], ["ZLB"])


def test_without_lcp_or_with_an_authentication_of_its_own_lcp_begins_anew() -> None:
    values = passed_on(CHAP, 7, digest(7))
    without = {name: value for name, value in values.items() if name not in LCP}
    for given, settings in ((without, {}), (values, {"authenticates_ppp": True})):
        _, data, control = called(given, **settings)
        (frame,) = data
        assert frame.startswith(b"\xff\x03\xc0\x21\x01")
        assert control == ["ZLB"]


@pytest.mark.parametrize("kind", ["chap", "pap"])
def test_a_reference_lac_passes_on_what_holds(kind: str) -> None:
    world = World()
    lac, _ = pair(
        world,
        lac=PeerConfig(role=Role.LAC, ppp=True, proxy=kind),
        lns=PeerConfig(role=Role.LNS, ppp=True, takes_over=True),
    )
    lac.call(lac.open_tunnel(LNS, world.now), world.now)
    world.run()
    (session,) = world.peers[LNS].only.sessions.values()
    assert session.taken_over is not None
    assert session.taken_over.holds
    assert len(world.peers[LAC].only.sessions) == 1


def test_octets_of_any_length_are_read() -> None:
    octets = {f"proxy_authen_{name}": b"" for name in ("name", "response", "challenge")}
    full = {**octets, "proxy_authen_type": b"\0\x03", "proxy_authen_id": b"\0\xff"}
    assert proxy.begun(full) == Begun(PAP, b"", 255, b"", b"")
    assert proxy.begun({**full, "proxy_authen_type": b"\0\x02"}) is None
    made = proxy.proxy_values("lcp", random.Random(1))
    assert "proxy_authen_type" not in made


def test_the_responses_in_the_suite_fit_identifier_and_challenge() -> None:
    suite = "9.5-proxy-authentication/"
    seen = []
    for case in load_library(data_folder("suites")).cases:
        if case.id.startswith(suite) and "ms-chap" not in case.id:
            values = iccn(case)
            right = passed_on_as(values).holds
            assert right is not ("wrong" in case.id), case.id
            seen.append(values["proxy_authen_id"])
    assert {0, 1, 200, 255} <= set(seen)


def iccn(case: Case) -> dict[str, Value]:
    """The AVPs by which a case edits its ICCN."""
    (send,) = [step for step in case.steps if isinstance(step, Send)]
    added = {str(one.name): one.value for one in send.compose.add}
    for one in send.compose.add:
        if one.hidden and one.type is not None:
            vector = added["random_vector"]
            assert isinstance(one.value, bytes)
            assert isinstance(vector, bytes)
            clear = unhide(one.type, one.value, b"secret", vector)
            added["proxy_authen_response"] = clear
    return {**send.compose.set, **added}


def passed_on_as(values: Mapping[str, Value]) -> Begun:
    kind, identifier = values["proxy_authen_type"], values["proxy_authen_id"]
    response, challenge = values["proxy_authen_response"], values.get("proxy_authen_challenge", b"")
    assert isinstance(kind, int)
    assert isinstance(identifier, int)
    assert isinstance(challenge, bytes)
    octets = response.encode() if isinstance(response, str) else response
    assert isinstance(octets, bytes)
    return Begun(kind, str(values["proxy_authen_name"]).encode(), identifier, challenge, octets)

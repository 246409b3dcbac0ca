"""From answers to claims: which capabilities a device has, and what its messages and timers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from harness.device.description.device import Device, Retransmission
from harness.device.description.ics import CAPABILITIES, OF_EVERY_LNS
from harness.probe.answers import Answer, Heard, Reply
from harness.spec.model import Role
from harness.wire.text import printable

DEFAULT_WINDOW: Final = 4
"""Of a peer that names none (4.4.3)."""

_GRAIN: Final = 0.25
_SAME: Final = 1.25
_LONGEST_TEXT: Final = 80

ASKED: Final[Mapping[Role, Mapping[str, tuple[str, ...]]]] = {
    Role.LNS: {
        "accepts_tunnel": ("accepts-tunnel",),
        "initiates_tunnel": ("initiates-tunnel",),
        "tunnel_authentication": ("answers-challenge",),
        "hidden_avps": ("deciphers-tunnel-id", "deciphers-session-id"),
        "incoming_calls": ("accepts-incoming-call",),
        "outgoing_calls": ("asks-for-outgoing-call",),
        "multiple_sessions": ("two-calls",),
        "ppp": ("answers-lcp",),
        "sequencing": ("numbers-data",),
        "tie_breaker": ("gives-way", "gives-way-when-configured"),
    },
    Role.LAC: {
        "accepts_tunnel": ("accepts-tunnel",),
        "initiates_tunnel": ("initiates-tunnel",),
        "tunnel_authentication": ("answers-challenge-when-dialling",),
        "hidden_avps": ("deciphers-tunnel-id-when-dialling",),
        "incoming_calls": ("announces-incoming-call",),
        "outgoing_calls": ("places-outgoing-call",),
        "multiple_sessions": ("two-calls-out", "two-calls-in"),
        "ppp": ("answers-lcp",),
        "sequencing": ("numbers-data-when-dialling",),
        "tie_breaker": ("gives-way", "gives-way-when-configured"),
    },
}
"""The questions behind each capability: all want a yes, of `_ONE_IS_ENOUGH` one does."""

_ONE_IS_ENOUGH: Final = frozenset({"tie_breaker", "multiple_sessions"})
_OPENINGS: Final = ("SCCRP", "SCCRQ")


@dataclass(frozen=True, slots=True)
class Claim:
    """A capability as it was measured. value: None: it could not be found out."""

    capability: str
    value: bool | None
    why: str
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found out about a device.

    facts: what its messages say, for a person. retransmit, hello_interval: None where no such was
    seen; why_not: the reason, by the name of what is missing.
    """

    device: Device
    claims: tuple[Claim, ...]
    facts: Mapping[str, str | int | bool]
    host_name: str | None
    port: int | None
    hello_interval: float | None
    retransmit: Retransmission | None
    given_up: bool
    intervals: tuple[float, ...]
    why_not: Mapping[str, str]

    def claim(self, capability: str) -> Claim:
        """What was found out about a capability."""
        return next(one for one in self.claims if one.capability == capability)

    def contradictions(self) -> list[tuple[Claim, bool]]:
        """Claims that do not agree with the ICS of peer.yaml, and what that says."""
        given = OF_EVERY_LNS if self.device.role is Role.LNS else frozenset[str]()
        differing = []
        for claim in self.claims:
            stated = bool(self.device.ics.get(claim.capability, claim.capability in given))
            if claim.value is not None and claim.value is not stated:
                differing.append((claim, stated))
        return differing


def findings(device: Device, answers: Mapping[str, Answer]) -> Findings:
    """What the answers come to. Questions that were not asked leave gaps."""
    opening = _opening(answers)
    why_not: dict[str, str] = {}
    hello = _hello(answers.get("says-hello"), why_not)
    intervals, given_up = _intervals(answers, why_not)
    return Findings(
        device=device,
        claims=tuple(_claim(device, name, answers) for name in CAPABILITIES),
        facts=_facts(device, opening, answers),
        host_name=_text(opening, "host_name"),
        port=opening.port if opening else None,
        hello_interval=hello,
        retransmit=_schedule(intervals),
        given_up=given_up,
        intervals=intervals,
        why_not=why_not,
    )


def _claim(device: Device, capability: str, answers: Mapping[str, Answer]) -> Claim:
    names = ASKED[device.role].get(capability, ())
    asked = [answers.get(name, Answer(name)) for name in names]
    if capability == "outgoing_calls" and asked and _lacks_action(asked[0]):
        return Claim(capability, False, "peer.yaml has no action `call-out` that would make it ask")
    if not asked:
        return Claim(capability, None, "there is no question for it")
    decisive = Reply.YES if capability in _ONE_IS_ENOUGH else Reply.NO
    telling = next((one for one in asked if one.reply is decisive), None)
    if telling is None:
        telling = next((one for one in asked if one.reply is Reply.UNKNOWN), asked[0])
        if capability in _ONE_IS_ENOUGH:
            # the usual configuration is asked first, and a skip of the other says nothing new
            telling = asked[0]
    never = answers.get("initiates-tunnel")
    if capability == "tie_breaker" and never is not None and never.reply is Reply.NO:
        return Claim(capability, False, "it opens no tunnel that could cross another")
    value = {Reply.YES: True, Reply.NO: False}.get(telling.reply)
    frames = tuple(one.number for one in telling.heard[-1:])
    return Claim(capability, value, f"{telling.name}: {printable(telling.why, 200)}", frames)


def _lacks_action(answer: Answer) -> bool:
    return answer.reply is Reply.UNKNOWN and "no action" in answer.why


def _opening(answers: Mapping[str, Answer]) -> Heard | None:
    """The device's first word of itself."""
    for name in ("accepts-tunnel", "initiates-tunnel"):
        answer = answers.get(name)
        found = answer.first(*_OPENINGS) if answer else None
        if found is not None:
            return found
    return None


def _text(heard: Heard | None, name: str) -> str | None:
    value = heard.examined.values.get(name) if heard else None
    return printable(value, _LONGEST_TEXT) if isinstance(value, str) else None


def _facts(
    device: Device, opening: Heard | None, answers: Mapping[str, Answer]
) -> dict[str, str | int | bool]:
    facts: dict[str, str | int | bool] = {}
    if opening is not None:
        values = opening.examined.values
        facts["first_message"] = opening.name
        for name in ("host_name", "vendor_name"):
            if (text := _text(opening, name)) is not None:
                facts[name] = text
        version = values.get("protocol_version")
        if isinstance(version, Mapping):
            number, revision = version.get("version"), version.get("revision")
            facts["protocol_version"] = f"{number!r}.{revision!r}"
        for name in ("firmware_revision", "framing_capabilities", "bearer_capabilities"):
            if (given := opening.examined.integer(name)) is not None:
                facts[name] = given
        window = opening.examined.integer("receive_window_size")
        facts["receive_window_size"] = DEFAULT_WINDOW if window is None else window
        facts["receive_window_stated"] = window is not None
        facts["challenges"] = "challenge" in opening.examined.octets
        facts["sends_tie_breaker"] = "tie_breaker" in opening.examined.octets
        facts["port"] = opening.port
    configured = answers.get("challenges-when-configured")
    if configured is not None and configured.reply is not Reply.UNKNOWN:
        facts["challenges_when_configured"] = configured.reply is Reply.YES
    version_3 = answers.get("answers-version-3")
    if device.role is Role.LNS and version_3 and version_3.reply is not Reply.UNKNOWN:
        facts["answers_version_3"] = version_3.reply is Reply.YES
    return facts


def _hello(answer: Answer | None, why_not: dict[str, str]) -> float | None:
    """Seconds of silence before its HELLO."""
    if answer is None or answer.reply is not Reply.YES:
        why_not["hello_interval"] = answer.why if answer else "it was not asked"
        return None
    hello = answer.first("HELLO")
    before = [at for number, at in answer.times if hello and number < hello.number]
    if hello is None or not before:
        why_not["hello_interval"] = "no HELLO was seen"
        return None
    return _round(hello.at - before[-1])


def _intervals(
    answers: Mapping[str, Answer], why_not: dict[str, str]
) -> tuple[tuple[float, ...], bool]:
    """Seconds between the sendings of one message, and whether the device gave it up."""
    answer = answers.get("retransmits") or answers.get("retransmits-when-dialling")
    name = "SCCRP" if "retransmits" in answers else "SCCRQ"
    first = answer.first(name) if answer else None
    if answer is None or first is None:
        why_not["retransmit"] = answer.why if answer else "it was not asked"
        return (), False
    times = [one.at for one in answer.heard if _is_copy(one, first)]
    if len(times) < 2:
        why_not["retransmit"] = f"its {name} was never sent again"
        return (), False
    intervals = tuple(later - earlier for earlier, later in pairwise(times))
    # A StopCCN says so, or the next one would have come by now, at twice the last interval
    said = answer.first("StopCCN") is not None
    return intervals, said or answer.ended - times[-1] > 2 * _SAME * intervals[-1]


def _is_copy(heard: Heard, first: Heard) -> bool:
    same = heard.name == first.name and heard.ns == first.ns
    mine = heard.examined.values.get("assigned_tunnel_id")
    return same and mine == first.examined.values.get("assigned_tunnel_id")


def _schedule(intervals: Sequence[float]) -> Retransmission | None:
    """The schedule that the intervals show; the cap only where two of them are the same."""
    if not intervals:
        return None
    cap = None
    if len(intervals) > 1 and intervals[-1] < _SAME * intervals[-2]:
        cap = _round(intervals[-1])
    return Retransmission(_round(intervals[0]), cap, len(intervals) + 1)


def _round(seconds: float) -> float:
    """As somebody would have configured it: to quarters of a second, or below one to hundredths."""
    if seconds < 1:
        return round(seconds, 2)
    return round(seconds / _GRAIN) * _GRAIN

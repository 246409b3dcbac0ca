"""Lawful variants of calls: whom a peer serves, what it says of a call, how it refuses (5.2, 7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from harness.peer.call import CallAction, CallState
from harness.peer.calls import CallControl
from harness.peer.examine import Examined, Fault
from harness.peer.lawful.base import add, lawful
from harness.peer.lawful.dated import Dated
from harness.peer.proxy import KINDS
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls, with_session, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet, Value

# -- whom it serves --------------------------------------------------------------------------------


class Refusing(CallControl):
    """Turns down all requests of one name, for a reason of its own."""

    name: ClassVar[str]
    reason: ClassVar[Fault]

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        fault = super().judge_request(tunnel, name, kind, examined)
        return fault or (self.reason if name == self.name else None)


_REASONS: Final = (
    ("no-facilities", Fault(0, "none of this kind", result=5)),
    ("no-facilities-now", Fault(0, "none is free", result=4)),
    ("administration", Fault(0, "not here", result=3)),
    ("resources", Fault(4, "not now")),
    ("its-vendor", Fault(6, "licence 4711 has run out")),
)
for _name, _reason in _REASONS:
    add(
        f"no-calls-out-for-{_name}",
        "P-70 P-79",
        f"a LAC that places no calls: {_reason.text}, result {_reason.result}",
        roles=LAC,
        kind=with_calls(type("Refusing", (Refusing,), {"name": "OCRQ", "reason": _reason})),
        ics={"outgoing_calls": False},
    )
    add(
        f"no-calls-in-for-{_name}",
        "P-79",
        f"an LNS that takes no calls: {_reason.text}, result {_reason.result}",
        roles=LNS,
        kind=with_calls(type("Refusing", (Refusing,), {"name": "ICRQ", "reason": _reason})),
        ics={"incoming_calls": False, "multiple_sessions": False, "ppp": False},
    )

add(
    "asks-for-no-calls-out",
    "RFC2661-7.5-02",
    "an LNS that never asks for an outgoing call",
    roles=LNS,
    ics={"outgoing_calls": False},
)


class Silent(CallControl):
    """The request of the other side is acknowledged, and no more."""

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        serves = "ICRQ" if self.endpoint.config.role is Role.LNS else "OCRQ"
        if name == serves:
            super().request(tunnel, name, examined, now)


@lawful("P-70", "a request that only the other side gets is acknowledged and ignored")
class IgnoresWhatIsForTheOtherSide(with_calls(Silent)):  # type: ignore[misc]
    pass


# -- messages for no call --------------------------------------------------------------------------


class DeafToStrays(CallControl):
    def stray(
        self, tunnel: Tunnel, packet: Packet, name: str, examined: Examined, now: float
    ) -> None:
        del name, now
        peer_id = examined.integer("assigned_session_id")
        if peer_id:
            tunnel.about_calls.take_id(packet.header.session_id, peer_id)


@lawful("P-67", "a message for no call is acknowledged and ignored", discouraged=True)
class IgnoresStrays(with_calls(DeafToStrays)):  # type: ignore[misc]
    pass


# -- time ------------------------------------------------------------------------------------------

for _name, _seconds in (("at-once", 0.0), ("after-2-s", 2.0), ("after-8-s", 8.0)):
    add(
        f"is-answered-{_name}",
        "RFC2661-7.5.1-S05",
        f"whom it calls answers {_name.replace('-', ' ')}",
        roles=LAC,
        answers_after=_seconds,
    )

# -- what it says of a call ------------------------------------------------------------------------

for _proxy in sorted(KINDS):
    add(
        f"passes-on-{_proxy}",
        "RFC2661-6.8-ICCN-proxy_authen_type",
        f"its ICCNs tell how LCP and the authentication by {_proxy} came out",
        roles=LAC,
        proxy=_proxy,
    )
add(
    "passes-on-nothing",
    "RFC2661-6.8-ICCN-proxy_authen_type",
    "its ICCNs have no proxy AVPs",
    roles=LAC,
    proxy=None,
)
add(
    "a-slow-line",
    "RFC2661-6.8-ICCN-rx_connect_speed",
    "its lines have 9600 bit/s, and another speed in the other direction",
    roles=LAC,
    line_speed=9600,
    rx_connect_speed=2400,
)
add(
    "the-fastest-line",
    "RFC2661-6.8-ICCN-tx_connect_speed",
    "its lines have all the bits per second that the AVP can tell",
    roles=LAC,
    line_speed=0xFFFFFFFF,
    rx_connect_speed=0xFFFFFFFF,
)


class Described(Session):
    """Says other things of its calls than the examples of the table."""

    def message_values(self, name: str) -> dict[str, Value]:
        values = super().message_values(name)
        told: dict[str, Value] = {
            "calling_number": "+49 (30) 901820-0",
            "sub_address": "x" * 40,
            "physical_channel_id": 0xFFFFFFFF,
            "private_group_id": b"\x00\xff group",
        }
        return {key: told.get(key, value) for key, value in values.items()}


@lawful(
    "RFC2661-6.6-ICRQ-called_number P-54",
    "numbers, channels and groups of its calls are unusual",
    roles=LAC,
)
class DescribesItsCalls(with_session(Described)):  # type: ignore[misc]
    pass


class HighSerials(Variant):
    """Call Serial Numbers that begin high and have gaps."""

    latest = 0xFFFF0000

    def next_serial(self) -> int:
        self.latest += 7
        return self.latest


add(
    "high-serial-numbers",
    "RFC2661-4.4.4-09",
    "its Call Serial Numbers begin near the end of their range and have gaps",
    kind=HighSerials,
)


class OtherFraming(Session):
    """An LNS that asks for asynchronous framing where it can be had, and for one bearer only."""

    def message_values(self, name: str) -> dict[str, Value]:
        values = super().message_values(name)
        if name == "OCRQ":
            values["framing_type"] = self.tunnel.peer_framing & 2 or self.tunnel.peer_framing
            values["minimum_bps"], values["maximum_bps"] = 1, 0xFFFFFFFF
        return values


@lawful(
    "RFC2661-4.4.4-16",
    "an LNS that asks for asynchronous framing at any speed",
    roles=LNS,
)
class AsksForAsynchronousFraming(with_session(OtherFraming)):  # type: ignore[misc]
    pass


class AsynchronousLine(Session):
    def message_values(self, name: str) -> dict[str, Value]:
        values = super().message_values(name)
        if name in ("ICCN", "OCCN"):
            able = (self.framing or self.tunnel.peer_framing) & self.tunnel.peer_framing
            values["framing_type"] = able & 2 or values["framing_type"]
        return values


@lawful("RFC2661-6.8-ICCN-framing_type", "its calls have asynchronous framing", roles=LAC)
class ConnectsAsynchronously(with_session(AsynchronousLine)):  # type: ignore[misc]
    pass


# -- CDN -------------------------------------------------------------------------------------------


class Causeless(Session):
    def details(self, name: str) -> dict[str, Value]:
        return {} if name == "CDN" else super().details(name)


@lawful("RFC2661-6.12-CDN-q931_cause_code", "its CDNs have no Q.931 Cause Code", roles=LAC)
class SaysNoCause(with_session(Causeless)):  # type: ignore[misc]
    pass


class WithCause(Session):
    """Says how the line was cut off, with a text and without, whoever did it."""

    def details(self, name: str) -> dict[str, Value]:
        values = super().details(name)
        if name == "CDN" and "q931_cause_code" in values:
            values["q931_cause_code"] = {
                "cause": 31,
                "message": 0x45,
                "advisory": "normal, unspecified",
            }
        return values


@lawful("RFC2661-4.4.4-02", "its CDNs have a Q.931 cause with a text", roles=LAC)
class SaysTheCauseInWords(with_session(WithCause)):  # type: ignore[misc]
    pass


# -- SLI and WEN -----------------------------------------------------------------------------------


class Informative(Session):
    """Sends what it may about the line as soon as the call is up."""

    def begin_data(self) -> None:
        super().begin_data()
        if self.tunnel.config.role is Role.LNS:
            values: dict[str, Value] = {"accm": {"send": 0xFFFFFFFF, "receive": 0xFFFFFFFF}}
            self.tunnel.send("SLI", values, session_id=self.peer_id)


@lawful("RFC2661-6.14-01", "an SLI follows each call that comes up", roles=LNS)
class TellsTheMaskAtOnce(with_session(Informative)):  # type: ignore[misc]
    pass


class Erring(Session):
    """The line of each call has an error as soon as it is up."""

    def act(self, action: CallAction, now: float) -> None:
        super().act(action, now)
        self.up_at = now

    def begin_data(self) -> None:
        super().begin_data()
        self.err(1, self.up_at)

    up_at = 0.0


@lawful("RFC2661-6.13-01", "a WEN follows each call that comes up", roles=LAC)
class HasErrorsAtOnce(with_session(Erring)):  # type: ignore[misc]
    pass


class ErringSoon(Dated):
    """The lines have errors half a second after a call is up, and each half minute from then."""

    errs_at: float | None = None

    def flush(self, now: float) -> None:
        up = any(one.state is CallState.ESTABLISHED for one in self.sessions.values())
        if self.errs_at is None and up:
            self.errs_at = now + 0.5
        super().flush(now)

    def dates(self) -> Iterable[float | None]:
        return (*super().dates(), self.errs_at)

    def keep(self, now: float) -> None:
        super().keep(now)
        if self.errs_at is not None and self.errs_at <= now:
            self.errs_at = now + 30.0
            for session in list(self.sessions.values()):
                session.err(1, now)


@lawful("RFC2661-6.13-01", "the lines of its calls have errors again and again", roles=LAC)
class HasErrorsSoon(with_tunnel(ErringSoon)):  # type: ignore[misc]
    pass

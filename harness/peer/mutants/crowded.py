"""Mutants that are right until there is one too many, of calls or tunnels (4.4.2, 5.8)."""

from __future__ import annotations

from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import NO_FACILITIES_TEMPORARY, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, Variant, with_calls, with_session
from harness.wire import Packet, Value


class Deafening(Variant):
    """A peer of which some tunnels hear nothing any more."""

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        deaf: list[Tunnel] = self.__dict__.get("deaf", [])
        return None if found is not None and any(found is one for one in deaf) else found


def full(endpoint: object, tunnel: Tunnel) -> bool:
    """Whether a tunnel has no room for another call."""
    assert isinstance(endpoint, Endpoint)
    return len(tunnel.sessions) >= endpoint.config.max_sessions


class DeafensOthers(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        assert isinstance(self.endpoint, Endpoint)
        if full(self.endpoint, tunnel):
            others = [one for one in self.endpoint.tunnels.values() if one is not tunnel]
            self.endpoint.__dict__.setdefault("deaf", []).extend(others)
        super().request(tunnel, name, examined, now)


@mutant("RFC2661-5.8-36", "with a call too many all other tunnels hang", broad=True)
class CallTooManyHangsOtherTunnels(Deafening):
    calls_type = DeafensOthers


def single(result: int, error: int) -> type[Variant]:
    """A peer that refuses every tunnel but the first, for an odd reason."""

    class Single(Variant):
        def accept(self, packet: Packet, source: Address, now: float) -> None:
            if not self.__dict__.get("taken"):
                self.__dict__["taken"] = True
                super().accept(packet, source, now)
                return
            tunnel = self.make_tunnel(self.random.randint(1, 65535), source)
            tunnel.peer_id = self.assigned_tunnel_id(packet)
            tunnel.channel.nr = 1
            told: Value = {"result": result, "error": error}
            tunnel.send("StopCCN", {"result_code": told, "assigned_tunnel_id": tunnel.local_id})
            for answer in tunnel.channel.poll(now):
                self.transmit(answer, source)

    return Single


for _result, _error in ((2, 7), (3, 4)):
    add(
        f"second-tunnel-refused-with-{_result}-{_error}",
        single(_result, _error),
        "RFC2661-5.0-04",
        f"every tunnel but the first is refused, with result {_result} and error {_error}",
        broad=True,
    )


# -- when there is one too many, or was -----------------------------------------------------------


class LastMustGo(CallControl):
    """A call beyond the limit is refused, and the last of those that were there ended."""

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        last = next(reversed(tunnel.sessions.values()), None)
        too_many = full(self.endpoint, tunnel)
        super().request(tunnel, name, examined, now)
        if last is not None and too_many:
            last.handle(CallEvent.LOCAL_CLOSE, now)


@mutant("RFC2661-4.4.2-CDN-4", "a call too many costs the last one its place")
class CallTooManyEndsTheLast(with_calls(LastMustGo)):  # type: ignore[misc]
    pass


def shaken(result: int, error: int) -> type[Variant]:
    """A peer that refuses one call more when a call has ended where there was no place left."""

    class Shaken(CallControl):
        shaken = False

        def end(
            self,
            tunnel: Tunnel,
            packet: Packet,
            session: Session | None,
            examined: Examined,
            now: float,
        ) -> None:
            self.shaken = self.shaken or (session is not None and full(self.endpoint, tunnel))
            super().end(tunnel, packet, session, examined, now)

        def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
            if not self.shaken:
                super().request(tunnel, name, examined, now)
                return
            self.shaken = False
            told: Value = {"result": result, "error": error}
            own: Value = self.endpoint.free_session_id(tunnel)
            peer_id = examined.integer("assigned_session_id") or 0
            values = {"result_code": told, "assigned_session_id": own}
            tunnel.send("CDN", values, session_id=peer_id)

    return with_calls(Shaken)


for _result, _error in ((3, 0), (2, 4), (2, 5), (3, 4)):
    add(
        f"place-comes-back-late-with-{_result}-{_error}",
        shaken(_result, _error),
        "RFC2661-6.12-02",
        "where there was no place left, the first call behind one that has ended is refused,"
        f" with result {_result} and error {_error}",
        broad=True,
    )


def excuse(result: int, error: int) -> type[Variant]:
    """A peer that gives another reason when it refuses a call too many for the second time."""

    class Excusing(Session):
        def send_cdn(self) -> None:
            kept = self.tunnel.endpoint.__dict__
            lacking = self.refusal is not None and self.refusal.result == NO_FACILITIES_TEMPORARY
            kept["lacking"] = kept.get("lacking", 0) + lacking
            if not lacking or kept["lacking"] == 1:
                super().send_cdn()
                return
            told: Value = {"result": result, "error": error}
            values: dict[str, Value] = {"result_code": told, "assigned_session_id": self.local_id}
            self.tunnel.send_cdn(values, self.local_id, self.peer_id)

    return with_session(Excusing)


for _result, _error in ((3, 0), (2, 5), (3, 4)):
    add(
        f"second-call-too-many-told-as-{_result}-{_error}",
        excuse(_result, _error),
        "RFC2661-4.4.2-CDN-4",
        f"the second call too many is refused with result {_result} and error {_error}",
        roles=LAC,
    )


class Mute(Session):
    """The call that takes the last place has no PPP."""

    def begin_data(self) -> None:
        super().begin_data()
        assert isinstance(self.tunnel, Tunnel)
        if full(self.tunnel.endpoint, self.tunnel):
            self.ppp = None


@mutant("RFC2661-5.8-36", "the call that takes the last place carries no PPP")
class LastCallWithoutPpp(with_session(Mute)):  # type: ignore[misc]
    pass


class DeafWhenRefilled(CallControl):
    """A tunnel in which the last place is taken for a second time hears nothing any more."""

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        had_room = not full(self.endpoint, tunnel)
        super().request(tunnel, name, examined, now)
        if had_room and full(self.endpoint, tunnel):
            filled: list[Tunnel] = self.endpoint.__dict__.setdefault("filled", [])
            if any(one is tunnel for one in filled):
                self.endpoint.__dict__.setdefault("deaf", []).append(tunnel)
            filled.append(tunnel)


@mutant("RFC2661-5.8-36", "a tunnel whose last place is taken again hears nothing")
class HangsWhenRefilled(Deafening):
    calls_type = DeafWhenRefilled


class DeafWhenEmptied(Tunnel):
    """A tunnel that was full hears nothing any more when a single call is left."""

    was_full: bool = False

    def forget_session(self, session: Session) -> None:
        self.was_full = self.was_full or full(self.endpoint, self)
        super().forget_session(session)
        if self.was_full and len(self.sessions) <= 1:
            self.endpoint.__dict__.setdefault("deaf", []).append(self)


@mutant("RFC2661-5.8-36", "a tunnel that was full hears nothing when it is empty")
class HangsWhenEmptied(Deafening):
    tunnel_type = DeafWhenEmptied


def deafening(place: int) -> type[Variant]:
    """A peer of which one tunnel hears nothing any more when there was one too many."""

    class Peer(Deafening):
        def turn_away(self, peer_id: int, source: Address) -> None:
            super().turn_away(peer_id, source)
            if self.tunnels:
                there = list(self.tunnels.values())
                self.__dict__.setdefault("deaf", []).append(there[place % len(there)])

    return Peer


for _place, _word in ((0, "first"), (1, "second"), (-1, "last")):
    add(
        f"tunnel-too-many-hangs-the-{_word}",
        deafening(_place),
        "RFC2661-5.8-36",
        f"with a tunnel too many the {_word} one hears nothing any more",
        broad=True,
    )


@mutant("RFC2661-5.8-36", "with a tunnel too many the PPP of all calls is gone")
class TunnelTooManyUnplugs(Variant):
    def turn_away(self, peer_id: int, source: Address) -> None:
        super().turn_away(peer_id, source)
        for tunnel in self.tunnels.values():
            for session in tunnel.sessions.values():
                session.ppp = None


class EndsForGood(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if not full(self.endpoint, tunnel):
            super().request(tunnel, name, examined, now)
            return
        tunnel.close(None, now)
        tunnel.vanish()


@mutant("RFC2661-5.8-36", "a call too many ends the tunnel, which is forgotten at once")
class CallTooManyForgetsTheTunnel(with_calls(EndsForGood)):  # type: ignore[misc]
    pass

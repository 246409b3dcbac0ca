"""Mutants of tunnel authentication that look at a part only (5.1.1)."""

from __future__ import annotations

from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.tunnel import Tunnel
from harness.peer.variant import Variant
from harness.wire import Value, challenge_response


class FirstOctets(Tunnel):
    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        fault = super().authenticate(name, examined)
        if fault is None or self.challenge is None or self.config.secret is None:
            return fault
        number = self.endpoint.specification.messages[name].type
        right = challenge_response(number, self.config.secret, self.challenge)
        told = examined.octets.get("challenge_response", b"")
        return None if told[:8] == right[:8] else fault


@mutant("RFC2661-5.1.1-03", "a Challenge Response is compared up to its eighth octet")
class HalfAResponseSuffices(Variant):
    tunnel_type = FirstOctets


class KnownPeer(Tunnel):
    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        known: set[Value] = self.endpoint.__dict__.setdefault("proved", set())
        fault = super().authenticate(name, examined)
        if fault is None:
            known.add(self.peer_host_name)
        return None if self.peer_host_name in known else fault


@mutant("RFC2661-5.1.1-03", "a host that has proved who it is once need not do so again")
class ProofOnceForAll(Variant):
    tunnel_type = KnownPeer


class CutChallenge(Tunnel):
    def response(self, name: str) -> dict[str, Value]:
        whole = self.peer_challenge
        self.peer_challenge = whole[:128] if whole is not None else None
        try:
            return super().response(name)
        finally:
            self.peer_challenge = whole


@mutant("RFC2661-5.1.1-02", "of a long Challenge the first 128 octets are answered")
class LongChallengeCut(Variant):
    tunnel_type = CutChallenge

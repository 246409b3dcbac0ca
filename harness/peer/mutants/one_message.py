"""Mutants that are wrong in the header of one message only, and a HELLO that comes too early.

One that is wrong in all headers fails before anything else can be looked at. These are right until
the one message comes, so that it shows whether its own header is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from harness.peer.message_types import (
    CDN,
    ICCN,
    ICRP,
    ICRQ,
    OCCN,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SCCRQ,
    SLI,
    STOPCCN,
)
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, add_listed
from harness.peer.mutants.base import add
from harness.peer.mutants.edits import Edit
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet, Value

NOBODY: Final = 7
"""An id that was made up."""

SESSION_IDS: Final[Sequence[tuple[str, int, str, int, frozenset[Role]]]] = (
    ("SCCRQ", SCCRQ, "3.1-16", 1, BOTH),
    ("SCCRP", SCCRP, "3.1-16", 1, BOTH),
    ("SCCCN", SCCCN, "3.1-16", 1, BOTH),
    ("StopCCN", STOPCCN, "3.1-16", 1, BOTH),
    ("ICRQ", ICRQ, "4.4.4-06", 1, LAC),
    ("OCRQ", OCRQ, "4.4.4-06", 1, LNS),
    ("ICRP", ICRP, "4.4.4-05", 0, LNS),
    ("ICCN", ICCN, "4.4.4-05", 0, LAC),
    ("OCRP", OCRP, "4.4.4-05", 0, LAC),
    ("OCCN", OCCN, "4.4.4-05", 0, LAC),
    ("CDN", CDN, "4.4.4-05", 0, BOTH),
    ("SLI", SLI, "4.4.4-05", 0, LNS),
)
"""A message, a row about its Session ID, the wrong one, and who sends it."""


def _made_up_tunnel(packet: Packet) -> Packet:
    header = packet.header
    return packet._replace(header=header._replace(tunnel_id=header.tunnel_id or NOBODY))


def _nr_low(packet: Packet) -> Packet:
    nr = ((packet.header.nr or 0) - 1) % 65536
    return packet._replace(header=packet.header._replace(nr=nr))


def _listed() -> Sequence[Listed]:
    rows: list[Listed] = [
        (
            f"{name.lower()}-with-session-id-{wrong}",
            f"RFC2661-{row}",
            f"{name} has Session ID {wrong} in its header",
            edits.on((number,), edits.header(session_id=wrong)),
            roles,
        )
        for name, number, row, wrong, roles in SESSION_IDS
    ]
    others: Sequence[tuple[str, str, str, Collection[int], Edit, frozenset[Role]]] = (
        (
            "stopccn-to-tunnel-zero",
            "4.4.3-19",
            "StopCCN has Tunnel ID 0 although the peer has assigned one",
            (STOPCCN,),
            edits.header(tunnel_id=0),
            BOTH,
        ),
        (
            "stopccn-to-a-made-up-tunnel",
            "4.4.3-20",
            "StopCCN has a Tunnel ID although the peer has assigned none",
            (STOPCCN,),
            _made_up_tunnel,
            BOTH,
        ),
        ("sccrp-with-a-stale-nr", "5.8-10", "SCCRP acknowledges nothing", (SCCRP,), _nr_low, BOTH),
        ("scccn-with-a-stale-nr", "5.8-10", "SCCCN acknowledges nothing", (SCCCN,), _nr_low, BOTH),
        ("icrp-with-a-stale-nr", "5.8-10", "ICRP acknowledges nothing", (ICRP,), _nr_low, LNS),
    )
    for name, row, text, messages, edit, roles in others:
        rows.append((name, f"RFC2661-{row}", text, edits.on(messages, edit), roles))
    text = "a ZLB acknowledges a message that never came"
    rows.append(("zlb-nr-one-high", "RFC2661-5.8-10", text, edits.on_zlb(edits.shift_nr), BOTH))
    return rows


AHEAD: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("SCCRP", "B-01", BOTH),
    ("SCCCN", "B-01", BOTH),
)
"""A message ahead of which a HELLO is sent, the row of what it breaks, and by whom. Once a tunnel
is up a HELLO may come at any time (6.5)."""


def hello_ahead(message: str) -> type[Variant]:
    """A peer that sends a HELLO ahead of each such message."""

    class Hasty(Tunnel):
        def send(
            self,
            name: str,
            values: Mapping[str, Value],
            *,
            session_id: int = 0,
            hide: Collection[str] = (),
        ) -> Packet:
            if name == message:
                self.channel.slow_start = False  # both go out at once
                super().send("HELLO", {})
            return super().send(name, values, session_id=session_id, hide=hide)

    return with_tunnel(Hasty)


add_listed(_listed())
for _message, _row, _roles in AHEAD:
    add(
        f"hello-ahead-of-{_message.lower()}",
        hello_ahead(_message),
        f"RFC2661-{_row}",
        f"a HELLO goes ahead of each {_message}",
        roles=_roles,
        broad=True,
    )

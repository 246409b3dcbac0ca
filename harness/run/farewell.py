"""The end of a case on a device that lives on: it is told of the tunnels that the case leaves open.

An instance of a case's own ends with it. One that others use would keep such a tunnel until its
timers give it up, and send HELLOs and retransmissions to whoever has the endpoint next.
"""

from __future__ import annotations

from typing import Final

from harness.errors import Place
from harness.peer.made import Made
from harness.run.context import Context
from harness.suite.edits import Compose

STOPCCN: Final = "StopCCN"
_NOWHERE: Final = Place("")


def say_goodbye(context: Context) -> None:
    """Send a StopCCN on each tunnel that is still open. Nobody waits for the answer."""
    for tunnel in list(context.peer.tunnels.values()):
        over = tunnel.ended is not None or STOPCCN in tunnel.last_sent
        if not tunnel.bound or not tunnel.peer_id or over or tunnel.closed:
            continue
        stop = context.assembler.assemble(
            Compose(message=STOPCCN), tunnel, tunnel.session("goodbye"), _NOWHERE
        )
        tunnel.send_once(STOPCCN, stop.packet, stop.data, made=Made.ASKED)

"""What the scripted peer of a case sends and hears, written down as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.peer.made import Made
from harness.peer.network import Address
from harness.peer.scripted import ScriptedPeer
from harness.run.context import Context
from harness.run.events import Direction, Frame
from harness.run.monitoring import CaseMonitor
from harness.run.setting import Setting
from harness.run.suspects import Trail
from harness.wire import parse
from harness.wire.text import summary


@dataclass(slots=True, eq=False)
class Tape:
    """Makes frames of datagrams; the record, the trail and the monitor have each of them.

    context: once the script has one, frames name the step that it is at.
    """

    setting: Setting
    case: str
    trail: Trail
    monitor: CaseMonitor | None
    peer: ScriptedPeer = field(init=False)
    context: Context | None = None

    def write(self, data: bytes, source: Address, destination: Address, why: Made) -> int:
        """Write down a datagram; the number of its frame. why: how it came to be."""
        setting, peer = self.setting, self.peer
        if why is Made.REGULAR and peer.impairments.used:
            why = Made.ASKED  # what was lost on purpose is missing from what the monitor sees
        came = why is Made.FOREIGN
        frame = Frame(
            case=self.case,
            number=setting.numbers.take(),
            at=peer.heard_at - setting.started if came else setting.at,
            direction=Direction.RECEIVED if came else Direction.SENT,
            source=source,
            destination=destination,
            data=data,
            summary=summary(parse(data), setting.names) if setting.summaries else "",
            step=self.context.step if self.context is not None else None,
            unchecked=came and peer.checksum is False,
        )
        if self.monitor is not None:
            checksum = peer.checksum if came else None
            self.monitor.frame(frame, why, checksum=checksum)
        if came:
            self.trail.hear(peer.heard_at)
        else:
            self.trail.send(frame.number, peer.now, frame.summary)
        setting.emit(frame)
        return frame.number

"""IP fragments put together again, within bounds (RFC 791, RFC 8200 4.5)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

PENDING: Final = 256
"""Datagrams of which fragments are kept; the oldest makes room."""

TIMEOUT: Final = 30.0
"""Seconds for which fragments wait for the rest."""

LARGEST: Final = 65535
PIECES: Final = 1024

Key = tuple[bytes, bytes, bytes]
"""Source, destination and identification."""


@dataclass(slots=True)
class _Pending:
    at: float
    pieces: dict[int, bytes] = field(default_factory=dict)
    size: int | None = None


class Fragments:
    """Fragments that wait for the others of their datagram. At most `PENDING` x 64 kB."""

    def __init__(self) -> None:
        self._pending: OrderedDict[Key, _Pending] = OrderedDict()

    def add(self, key: Key, at: float, offset: int, piece: bytes, *, more: bool) -> bytes | None:
        """Take a fragment; gives the datagram that it completes, else None.

        `offset`: octets. Of fragments that overlap, the first counts. What cannot be part of a
        datagram of 65,535 octets is dropped.
        """
        if offset + len(piece) > LARGEST:
            return None
        pending = self._pending.get(key)
        if pending is None or at - pending.at > TIMEOUT:
            self._pending.pop(key, None)
            pending = self._pending[key] = _Pending(at)
            if len(self._pending) > PENDING:
                self._pending.popitem(last=False)
        if len(pending.pieces) < PIECES:
            pending.pieces.setdefault(offset, piece)
        if not more:
            pending.size = offset + len(piece)
        whole = _joined(pending)
        if whole is not None:
            del self._pending[key]
        return whole


def _joined(pending: _Pending) -> bytes | None:
    """The datagram, if nothing of it is missing."""
    if pending.size is None:
        return None
    whole = b""
    for offset in sorted(pending.pieces):
        if offset > len(whole):
            return None
        whole += pending.pieces[offset][len(whole) - offset :]
    return whole[: pending.size] if len(whole) >= pending.size else None

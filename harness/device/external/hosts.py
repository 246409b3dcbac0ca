"""Ends of the harness towards a device on the wire: few addresses, and many ports."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.device.addresses import LoopbackAddresses
from harness.errors import DeviceError

NO_FURTHER_ADDRESS = "device.no-further-address"


class WireHosts:
    """Hands out addresses of this machine. Cases on the same one have ports of their own.

    port: that all cases send from; None: any that is free.
    """

    def __init__(self, loopback: LoopbackAddresses, port: int | None = None) -> None:
        self.port = port
        self._loopback = loopback
        self._sources: Sequence[str] | None = None
        self._held: dict[str, int] = {}

    def use(self, sources: Sequence[str] | None) -> None:
        """Hand out these; None: fresh loopback addresses."""
        self._sources = sources
        self._held = dict.fromkeys(sources or (), 0)

    def take(self, port: int, besides: Collection[str] = ()) -> str:
        """The address that is used least, and is none of `besides`.

        Raises DeviceError `device.no-further-address` when there is none.
        """
        if self._sources is None:
            return self._loopback.take(port) if port else self._loopback.take()
        free = [one for one in self._sources if one not in besides]
        if not free:
            raise DeviceError(
                NO_FURTHER_ADDRESS,
                f"the case needs {len(besides) + 1} addresses of the harness, and it has "
                f"{', '.join(self._sources)}",
                hint="give this machine another, and name all in launch.external.source.address",
            )
        chosen = min(free, key=self._held.__getitem__)
        self._held[chosen] += 1
        return chosen

    def release(self, address: str) -> None:
        """Give one back."""
        if self._sources is None:
            self._loopback.release(address)
        elif self._held.get(address):
            self._held[address] -= 1

"""Finding devices: by name in a sequence of folders, or by the path of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.device.description.device import Device
from harness.device.reading.load import PEER_FILE, load_device
from harness.errors import HarnessError, UsageError
from harness.located import suggest

_ROOM = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Listed:
    """A device in a list: what it is, or the error that its peer.yaml has."""

    name: str
    folder: Path
    device: Device | None = None
    error: HarnessError | None = None


def search_folders(*further: Path) -> tuple[Path, ...]:
    """Where devices are looked for, first match wins: these, ./peers, those of the harness."""
    packaged = _ROOM.parent / "data" / "peers"
    if not packaged.is_dir():
        packaged = _ROOM.parent.parent / "peers"  # a checkout
    return (*further, Path("peers"), packaged)


def split_form(name: str) -> tuple[str, str]:
    """What stands before and after the colon of `xl2tpd-lns:container`; a path may have colons."""
    before, colon, form = name.rpartition(":")
    return (before, form) if colon and before and "/" not in form else (name, "")


def find_device(name_or_path: str, search: Sequence[Path]) -> Path:
    """The folder of a device. Raises UsageError `device.unknown`."""
    given = Path(name_or_path)
    if given.name == PEER_FILE and given.is_file():
        return given.parent
    if "/" in name_or_path or name_or_path in (".", ".."):
        if (given / PEER_FILE).is_file():
            return given
        missing = f"it has no {PEER_FILE}" if given.is_dir() else "there is no such folder"
        raise UsageError(
            "device.unknown",
            f"{name_or_path} is no device: {missing}",
            hint="`l2tp-harness devices` shows those that are there, `init` makes a new one",
        )
    for folder in search:
        if (folder / name_or_path / PEER_FILE).is_file():
            return folder / name_or_path
    if (given / PEER_FILE).is_file():
        return given
    names = [folder.name for folder in _folders(search)]
    raise UsageError(
        "device.unknown",
        f"unknown device {name_or_path!r}",
        hint=suggest(name_or_path, names) or "give the path of a folder with a peer.yaml",
    )


def list_devices(search: Sequence[Path]) -> list[Listed]:
    """All devices, by name. One with a mistake in its peer.yaml is listed with the error."""
    listed = []
    for folder in _folders(search):
        try:
            listed.append(Listed(folder.name, folder, device=load_device(folder)))
        except HarnessError as error:
            listed.append(Listed(folder.name, folder, error=error))
    return listed


def _folders(search: Sequence[Path]) -> list[Path]:
    found: dict[str, Path] = {}
    for above in search:
        for file in above.glob(f"*/{PEER_FILE}"):
            found.setdefault(file.parent.name, file.parent)
    return [found[name] for name in sorted(found)]

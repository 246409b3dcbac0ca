"""`l2tp-harness init`: a folder for a new device, with a peer.yaml that explains itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from harness.cli.printing import print_lines
from harness.cli.program import PROGRAM
from harness.device.reading.skeleton import skeleton
from harness.errors import DeviceError, UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PEERS: Final = Path("peers")


def start(name: str, role: str, launch: str) -> None:
    """Make the folder. UsageError when the name is none, or the folder is there already."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "init.name",
            f"{name!r} is no name of a device",
            hint="letters, digits, dots and dashes: my-lns",
        )
    folder = PEERS / name
    if folder.exists():
        raise UsageError(
            "init.exists",
            f"{folder} is there already",
            hint="nothing was touched; take another name, or remove it",
        )
    files = skeleton(name, role, launch)
    try:
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeviceError("init.unwritable", f"{folder}: {error.strerror or error}") from error
    print_lines(
        [
            *(f"made {folder / file}" for file in files),
            "next:",
            "  fill in peer.yaml, then",
            f"  {PROGRAM} lint --device {name}",
            f"  {PROGRAM} doctor --device {name}",
            f"  {PROGRAM} probe --device {name}    drafts its ics and ixit",
            f"  {PROGRAM} run --device {name} --no-baseline",
        ]
    )

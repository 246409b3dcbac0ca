"""`l2tp-harness probe`: what a device supports, found out by talking to it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from harness.cli.library import device_of
from harness.cli.printing import print_json
from harness.cli.program import PROGRAM
from harness.cli.screen import Screen
from harness.cli.signals import as_interrupt
from harness.device.description.launch import EmbeddedLaunch
from harness.errors import DeviceError, UsageError
from harness.probe.draft import as_json, as_yaml
from harness.probe.probing import Probe, probe
from harness.report.lines import line
from harness.wire.text import printable

SLOW: Final = 75


def execute(
    arguments: tuple[str, ...],
    device: str,
    settings: tuple[str, ...],
    out: Path | None,
    evidence: Path | None,
    quick: bool,
    as_json_: bool,
    time_scale: float,
) -> None:
    """Ask the device, and print or write the draft. UsageError, DataError, DeviceError."""
    chosen = device_of(device, settings)
    if out is not None and out.exists():
        raise UsageError(
            "probe.exists", f"{out} is there already", hint="name another file, or remove it"
        )
    folder = evidence or Path("out") / f"{chosen.name}-probe"
    screen = Screen(sys.stderr)
    wait = "" if quick or isinstance(chosen.launch, EmbeddedLaunch) else f", up to {SLOW} s"
    screen.print([line(printable(f"asking {chosen.name}{wait}; evidence in {folder}"))])
    command = shlex.join([PROGRAM, *arguments])
    with as_interrupt():
        found = probe(
            Probe(
                device=chosen,
                named=device,
                out=folder,
                slow=not quick,
                time_scale=time_scale,
                command=command,
            )
        )
    if as_json_:
        print_json(as_json(found))
    text = as_yaml(found, command)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise DeviceError("probe.unwritable", f"{out}: {error.strerror or error}") from error
        screen.print([line(f"wrote {out}")])
    elif not as_json_:
        sys.stdout.write(text)

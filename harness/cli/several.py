"""`l2tp-harness run` against several devices side by side: one run and one result set for each.

Each is a process of its own, so that clocks, signals and a harness that has a defect in one of them
are no concern of the others. They take addresses that do not clash, and end with this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.cli.library import OUT
from harness.cli.printing import print_json
from harness.cli.running import folder_name
from harness.cli.screen import Screen
from harness.errors import (
    EXIT_DEVICE,
    EXIT_EXPECTED,
    EXIT_NOTHING_SELECTED,
    EXIT_UNEXPECTED,
    EXIT_USAGE,
)
from harness.report.combined import combined_lines, combined_summary, join_junit
from harness.report.lines import line
from harness.report.output import write_report
from harness.run.interrupts import interruptible
from harness.wire.text import printable

AT_ONCE: Final = max(2, os.cpu_count() or 1)
"""Devices at a time: a run waits most of the time, but it begins with work."""

GRAVITY: Final = (EXIT_DEVICE, EXIT_USAGE, EXIT_UNEXPECTED, EXIT_EXPECTED)
"""Exit codes from the gravest; that nothing was selected counts only when it is so for all."""

_PDEATHSIG: Final = 1
_LONGEST_LINE: Final = 2000
_LIMIT: Final = 1 << 26
_libc: Final = ctypes.CDLL(None)


@dataclass(slots=True)
class Member:
    """One device, its folder, and what came of its run."""

    device: str
    folder: Path
    code: int = EXIT_DEVICE
    summary: dict[str, Any] = field(default_factory=dict)


def execute_all(devices: Sequence[str], options: Mapping[str, Any]) -> int:
    """Run all devices, write what they come to together, and say it. The gravest exit code."""
    above = options["out"] or Path(OUT)
    members = _members(devices, above)
    interrupted = False
    try:
        asyncio.run(_all(members, options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        interrupted = True
    code = EXIT_DEVICE if interrupted else gravest([one.code for one in members])
    told = [{"folder": str(one.folder), **_told(one)} for one in members]
    summary = combined_summary(told, code)
    text = json.dumps(summary, indent=2) + "\n"
    write_report(above / "summary.json", text.encode("ascii"))
    if options["junit"] is not None:
        join_junit([one.folder / "junit.xml" for one in members], options["junit"])
    if options["as_json"]:
        print_json(summary)
    else:
        Screen(sys.stdout).print(combined_lines(summary))
    return code


def gravest(codes: Sequence[int]) -> int:
    """The exit code of several runs."""
    found = [code for code in codes if code != EXIT_NOTHING_SELECTED]
    if not found:
        return EXIT_NOTHING_SELECTED
    return next((code for code in GRAVITY if code in found), EXIT_DEVICE)


def _members(devices: Sequence[str], above: Path) -> list[Member]:
    taken: dict[str, int] = {}
    members = []
    for device in devices:
        name = folder_name(device)
        taken[name] = taken.get(name, 0) + 1
        again = f"-{taken[name]}" if taken[name] > 1 else ""
        members.append(Member(device, above / f"{name}{again}"))
    return members


def _told(member: Member) -> dict[str, Any]:
    return member.summary or {"device": member.device, "exit_code": member.code}


async def _all(members: Sequence[Member], options: Mapping[str, Any]) -> None:
    places = asyncio.Semaphore(AT_ONCE)
    screen = Screen(sys.stderr)
    width = max(len(one.device) for one in members)

    async def one_of_many(member: Member) -> None:
        async with places:
            await _run(member, options, screen, width)

    with interruptible():
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(one_of_many(member))


async def _run(member: Member, options: Mapping[str, Any], screen: Screen, width: int) -> None:
    """Run one device in a process of its own, and pass on what it says, with its name."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "harness"),
        *_words(member, options),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LIMIT,
        start_new_session=True,  # a Ctrl-C is ours to pass on, once
        preexec_fn=_die_with_parent,
    )
    # whatever happens it is read to its end: a run that cannot write cannot end either
    reading = asyncio.gather(_read(process), _pass_on(process, member, screen, width))
    try:
        await asyncio.wait((reading,))
    except asyncio.CancelledError:
        # as Ctrl-C does: the run stops its device and writes its reports
        process.send_signal(signal.SIGTERM)
        await asyncio.wait((reading,))
        raise
    finally:
        member.code = await process.wait()
    output, _ = reading.result()
    with contextlib.suppress(ValueError):  # a run that could not even begin prints no JSON
        member.summary = json.loads(output)


def _die_with_parent() -> None:
    _libc.prctl(_PDEATHSIG, signal.SIGTERM)


async def _read(process: Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.read()


async def _pass_on(process: Process, member: Member, screen: Screen, width: int) -> None:
    assert process.stderr is not None
    while told := await process.stderr.readline():
        text = printable(told.decode(errors="backslashreplace").rstrip(), _LONGEST_LINE)
        screen.print([line((f"{member.device:<{width}} | ", "dim"), text)])


def _words(member: Member, options: Mapping[str, Any]) -> list[str]:
    """The command line of one run."""
    words = ["run", "--device", member.device, "--out", str(member.folder), "--json"]
    for setting in options["settings"]:
        words += ["--set", setting]
    for name in ("shard", "jobs", "suites", "time_scale", "seed"):
        if options[name] is not None:
            words += [f"--{name.replace('_', '-')}", str(options[name])]
    flags = [name for name in ("quick", "html", "no_baseline") if options[name]]
    words += [f"--{name.replace('_', '-')}" for name in flags]
    return [*words, "--", *options["selection"]]

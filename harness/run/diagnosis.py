"""What became of the device in a case: dead, hung, slow, or noisy, and of which datagram.

A crash and a hang are not the same to who has to mend them, and neither is the case's own affair:
each has a code (`harness.device.lease.Fate`) that reports show beside the verdict.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.device.last_words import last_words
from harness.device.lease import Death, Dissected, Fate, Shared, Vital, Vitals
from harness.run.context import CaseEndedError, Context
from harness.run.events import DeviceLog, Verdict
from harness.run.living import ask
from harness.run.suspects import Suspect, Trail, named
from harness.run.verdicts import SURVIVAL, fold
from harness.spec.model import Role
from harness.suite.patience import SLOW_ANSWER

HANGS_AFTER: Final = 10.0
"""Seconds without an answer to a fresh SCCRQ, which is sent four times in them."""

SLOW_AFTER: Final = SLOW_ANSWER
"""Seconds that no device takes to answer unless something is wrong with it: it may have to ask
somebody, but every peer has sent again by then (5.8)."""

FLOOD_OCTETS: Final = 8 << 20
"""Output of one instance in one case; the chattiest daemon with all debugging on writes a tenth."""

_MIB: Final = 1 << 20
_EVIDENCE: Final = 8


async def find_death(context: Context, trail: Trail, *, diagnoses: bool) -> Death | None:
    """How the device died of the case, if it did; that it hangs is told.

    One that only this case uses is dead when it has ended, and what else is wrong with it is for
    the checks of the case to say. One that others use is as good as dead when it hangs or is slow.
    """
    death = await context.lease.examine()
    if death is not None or not diagnoses or not _is_doubtful(context):
        return death
    found: Death | None = None
    with contextlib.suppress(CaseEndedError):
        found = await _look_into(context, trail)
    death = await context.lease.examine()
    if death is not None or found is None:
        return death
    if isinstance(context.lease, Shared):
        return found
    suspects = trail.suspects_of(found)
    pinned = named(suspects, found.code)
    frames = tuple(one.number for one in suspects[:1])
    told = f"{found.reason}{pinned and ', '}{pinned}"
    context.emit(DeviceLog(context.case.id, context.at, told, found.code, frames))
    return None


def _is_doubtful(context: Context) -> bool:
    """Whether the case went so that the device may not be well, and it can be asked."""
    verdict, _ = fold(context.checks)
    asks = context.device.role is Role.LNS and not context.peer.flooded
    return asks and verdict in (Verdict.FAIL, Verdict.INCONC)


async def _look_into(context: Context, trail: Trail) -> Death | None:
    trail.freeze()
    heard = trail.heard
    patience = context.scaled(HANGS_AFTER)
    asked = await ask(context, context.case.place, patience)
    if asked.death is not None:
        return asked.death
    memory = _memory(vitals(context))
    if asked.answer is None and trail.heard > heard:
        told = f"still works on old datagrams {patience:g} s after a fresh SCCRQ{memory}"
        return Death(told, context.lease.log(), fate=Fate.SLOW)
    if asked.answer is None:
        told = f"runs, but answers no fresh SCCRQ within {patience:g} s{memory}"
        return Death(told, context.lease.log(), fate=Fate.HUNG)
    if asked.seconds >= context.scaled(SLOW_AFTER):
        told = f"answers a fresh SCCRQ only after {asked.seconds:.1f} s{memory}"
        return Death(told, context.lease.log(), fate=Fate.SLOW)
    return None


def vitals(context: Context) -> Vitals:
    """The health of the case's instance, as far as it can be told."""
    return context.lease.vitals() if isinstance(context.lease, Vital) else Vitals()


def _memory(now: Vitals) -> str:
    if now.memory is None or now.memory_at_first is None:
        return ""
    first, last = now.memory_at_first / _MIB, now.memory / _MIB
    return f"; it holds {last:.0f} MiB of memory, {first:.0f} MiB when it was ready"


async def tell_death(
    context: Context, death: Death, suspects: Sequence[Suspect], cores: Path | None
) -> None:
    """Judge the case by it, pin it on its datagram, and keep what the device left behind."""
    frames = tuple(one.number for one in suspects[-_EVIDENCE:])
    pinned = named(tuple(suspects), death.code)
    verdict = Verdict.WARN if death.code is Fate.SLOW else Verdict.FAIL
    with contextlib.suppress(CaseEndedError):
        expected = "the IUT survives the case"
        context.check(None, SURVIVAL, verdict, expected, death.reason, frames, note=pinned)
    lines = [
        f"{death.reason}{pinned and ', '}{pinned}",
        *last_words(death.log or context.lease.log()),
    ]
    if cores is not None and isinstance(context.lease, Dissected):
        lines += await context.lease.autopsy(cores)
    for number, text in enumerate(lines):
        of = () if number else frames
        context.emit(DeviceLog(context.case.id, context.at, text, death.code, of))


def tell_flood(context: Context) -> None:
    """Note a device that prints without end: its last lines are all that is kept."""
    printed = vitals(context).log
    if printed is None or printed < FLOOD_OCTETS:
        return
    told = f"it printed {printed / _MIB:.0f} MiB; only its last lines are kept"
    context.emit(DeviceLog(context.case.id, context.at, told, Fate.LOG_FLOOD))

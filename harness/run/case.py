"""One case from lease to verdict.

Whatever happens in it, it ends with one verdict and leaves nothing behind; an error of the device
or of the harness is that case's `error` and costs no other case anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.device.lease import Death, Housed, Lease, Shared, Starvable
from harness.errors import DeviceError, HarnessError
from harness.peer.clock import ClockStalledError
from harness.peer.network import Address
from harness.peer.scripted import ScriptedPeer
from harness.run.context import FLOOD, CaseEndedError, Context
from harness.run.diagnosis import find_death, tell_death, tell_flood
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Verdict,
)
from harness.run.farewell import say_goodbye
from harness.run.script import run_script
from harness.run.sending import Assembler
from harness.run.setting import Setting
from harness.run.suspects import PINNED, Pacer, Suspect, Trail
from harness.run.tape import Tape
from harness.run.verdicts import fold
from harness.spec.model import Role
from harness.suite.model import Case

LONGEST_CASE = 900.0
"""Seconds after which a case is ended: no case of the suites takes nearly as long."""

DEFECT = "a defect of the harness"
"""So begins the reason of a case that ended in one."""

FIRST_IDS = (0x1000, 0xEFFF)


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt at a case, and what came of it.

    paced: from which datagram on they are sent one by one; 0: as the case has it. instance: the
    shared instance that it ran on, if it was one. house: what its instance was in, if it was in
    something. death: how the device died of it, or hung.
    unstarted: why the device did not start for it. up: when it was up, and done: when nothing was
    wanted of it any more. These are the case's seconds: how long it waited for its turn, and how
    long the device takes to start and to end, is not its own. crowded: others
    ran at the same time. starved: seconds for which the device waited for a processor meanwhile,
    all its threads added; looked at only where something was held against it.
    """

    case: Case
    paced: int = 0
    began: float = 0.0
    up: float | None = None
    done: float | None = None
    checks: list[Check] = field(default_factory=list)
    verdict: Verdict = Verdict.NONE
    reason: str = ""
    instance: str | None = None
    house: str = ""
    death: Death | None = None
    suspects: tuple[Suspect, ...] = ()
    unstarted: DeviceError | None = None
    crowded: bool = False
    starved: float = 0.0


def start_of(case: Case, at: float) -> CaseStart:
    """What is said when a case begins."""
    return CaseStart(
        case=case.id,
        suite=case.suite,
        title=case.title,
        purpose=case.purpose,
        file=case.place.file,
        line=case.place.line,
        covers=case.covers,
        at=at,
    )


def begin(setting: Setting, made: Attempt) -> None:
    """Say that an attempt begins; what was said of an earlier one counts no more."""
    made.began, made.up, made.done = setting.at, None, None
    setting.emit(start_of(made.case, made.began))


async def attempt(setting: Setting, made: Attempt) -> None:
    """Try a case and record all of it but how it ended."""
    begin(setting, made)
    longest = LONGEST_CASE * setting.time_scale
    try:
        async with asyncio.timeout(longest) as limit:
            await _with_device(setting, made)
        made.verdict, made.reason = fold(made.checks)
    except TimeoutError as error:
        late = f"the case did not end within {longest:g} s"
        made.verdict, made.reason = Verdict.ERROR, late if limit.expired() else _defect(error)
    except ClockStalledError:
        raise
    except HarnessError as error:
        made.verdict, made.reason = Verdict.ERROR, str(error)
    except Exception as error:  # noqa: BLE001 -- a defect in one case must not cost the others
        made.verdict, made.reason = Verdict.ERROR, _defect(error)


def conclude(setting: Setting, made: Attempt, *, whole: bool = True) -> None:
    """Say how a case ended with its last attempt. whole: it shows all that the device does."""
    began = made.began if made.up is None else made.up
    done = setting.at if made.done is None else made.done
    seconds = done - began
    end(setting, made.case.id, made.checks, made.verdict, made.reason, seconds, whole)


def tell_monitors(setting: Setting) -> None:
    """The result of each rule of the monitors, as a case of its own."""
    if setting.monitoring is None:
        return
    at = setting.at
    for result in setting.monitoring.results(at):
        setting.emit(result.start)
        for frame in result.frames:
            setting.emit(frame)
        for check in result.checks:
            setting.emit(check)
        if result.unseen:
            verdict, reason = Verdict.SKIP, result.unseen
        else:
            verdict, reason = fold(result.checks)
        # what a part of the suites does not show, the rest of them may
        end(setting, result.start.case, result.checks, verdict, reason, 0.0, setting.whole)


def end(
    setting: Setting,
    case: str,
    checks: Sequence[Check],
    verdict: Verdict,
    reason: str,
    seconds: float,
    whole: bool = True,
) -> None:
    """Say how a case ended, and how that stands to the baseline. whole: it saw all it can see."""
    judgement = setting.baseline.judge(case, verdict, checks, whole=whole)
    setting.stale.extend(str(entry) for entry in judgement.stale)
    setting.emit(
        CaseEnd(
            case=case,
            at=setting.at,
            verdict=verdict,
            expectation=judgement.expectation,
            reason=judgement.reason or reason,
            seconds=seconds,
            checks=len(checks),
            reasons=judgement.reasons,
            by_chance=judgement.by_chance,
        )
    )


def _defect(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name} in {frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{DEFECT}: {type(error).__name__}: {error}{where}"


async def _with_device(setting: Setting, made: Attempt) -> None:
    case = made.case
    # Who opens tunnels dials the well-known port; what it is dialled by may have any (8.1).
    dials = setting.device.role is Role.LAC or "initiates_tunnel" in case.requires
    port = setting.device.ixit.port if dials else setting.hosts.port or 0
    taken: list[str] = []

    def new_host() -> str:
        taken.append(setting.hosts.take(port, taken))
        return taken[-1]

    local = (new_host(), port)
    try:
        try:
            lease = await setting.runner.lease(case.id, local, case.configuration)
        except DeviceError as error:
            made.unstarted = error
            setting.emit(DeviceLog(case.id, setting.at, error.cause, error.code))
            raise
        made.up = setting.at
        if isinstance(lease, Shared):
            made.instance = lease.instance
        if isinstance(lease, Housed):
            made.house = lease.house
        try:
            await _with_peer(setting, made, lease, local, new_host)
        finally:
            made.done = setting.at
            await setting.runner.release(lease)
    finally:
        for host in taken:
            setting.hosts.release(host)


def _starved(lease: Lease) -> float:
    return (lease.starved() or 0.0) if isinstance(lease, Starvable) else 0.0


async def _with_peer(
    setting: Setting,
    made: Attempt,
    lease: Lease,
    local: Address,
    new_host: Callable[[], str],
) -> None:
    case = made.case
    chance = random.Random(f"{setting.seed}:{case.id}")
    before = _starved(lease)
    of_iut = setting.device.configured(case.configuration).ixit.secret
    shared = of_iut if case.secret is None else case.secret
    monitor = None
    if setting.monitoring is not None:
        monitor = setting.monitoring.watch(case.id, lease.address[0], shared, of_iut)
    trail = Trail(setting.time_scale)
    tape = Tape(setting, case.id, trail, monitor)
    peer = ScriptedPeer(
        setting.specification, lease.network, tape.write, first_id=chance.randint(*FIRST_IDS)
    )
    tape.peer = peer
    pacer = Pacer(lease, made.paced, setting.time_scale) if made.paced else None
    peer.pacer = pacer
    try:
        await peer.open_link("default", *local)
        # the script has one also where the IUT, as it is configured, has none
        secret = case.secret if case.secret is not None else setting.device.ixit.secret
        context = Context(
            case=case,
            device=setting.device,
            lease=lease,
            specification=setting.specification,
            peer=peer,
            assembler=Assembler(setting.specification, chance, secret),
            emit=setting.emit,
            started=setting.started,
            chance=chance,
            host=local[0],
            new_host=new_host,
            port=setting.hosts.port or 0,
            time_scale=setting.time_scale,
            checks=made.checks,
            unseen=monitor.pass_over if monitor is not None else None,
        )
        tape.context = context
        judged = False
        try:
            await _script(setting, made, context, trail)
            judged = True
        finally:
            _tell_log(context, judged)
        if isinstance(lease, Shared) and made.death is None:
            say_goodbye(context)
    finally:
        if pacer is not None:
            pacer.close()
        peer.close()
        made.starved = _starved(lease) - before
        if monitor is not None and not _is_cancelled():
            # of a case that was cut short it cannot be said what the IUT left undone
            monitor.end(setting.at, made.starved)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _script(setting: Setting, made: Attempt, context: Context, trail: Trail) -> None:
    """The steps, then the last word: an IUT that died has failed, whatever was said before."""
    broken: DeviceError | None = None
    with contextlib.suppress(CaseEndedError):  # the check that raised it decides the verdict
        try:
            await run_script(context)
        except DeviceError as error:
            broken = error  # what a dead device cannot do any more is no fault of the set-up
    made.death = await find_death(context, trail, diagnoses=setting.diagnoses)
    if made.death is not None:
        made.suspects = trail.suspects_of(made.death)
        if made.paced and made.death.code in PINNED:
            made.suspects = made.suspects[-1:]  # it had survived what was sent before
        await tell_death(context, made.death, made.suspects, setting.cores)
    elif broken is not None:
        raise broken
    if all(check.name != FLOOD for check in context.checks):
        with contextlib.suppress(CaseEndedError):
            context.look_behind()


def _tell_log(context: Context, judged: bool) -> None:
    """Keep what the device printed when the case did not pass. judged: it came to its end."""
    tell_flood(context)
    verdict, _ = fold(context.checks)
    if judged and verdict is Verdict.PASS and context.lease.death() is None:
        return
    for line in context.lease.log():
        context.emit(DeviceLog(context.case.id, context.at, line))

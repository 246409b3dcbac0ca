"""Which case a device died of, and what that means for the others.

An instance of its own dies of the case that has it. When more than one datagram may have done it,
the case is run again and they are sent one by one.

An instance that cases share (`harness.device.lease.Shared`) takes all cases in flight with it, and
so does a guest or a container with the instances of many cases (`Housed`):
none of them says anything. It is revived, and they are run again, each alone: the one that kills a
fresh instance did it. When none does, it died of several together, or of age, which is told in a
result of its own, `device/survival`.

A device that cannot be started any more ends the run with an error; what was measured stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.device.lease import Death, Reviving
from harness.errors import DeviceError
from harness.run.case import Attempt, attempt, begin, conclude
from harness.run.doubt import doubt_of
from harness.run.events import Check, DeviceLog, Verdict
from harness.run.serving import serves
from harness.run.setting import Setting
from harness.run.suspects import PINNED, named
from harness.run.together import Together, tell_together
from harness.run.verdicts import SURVIVAL, fold
from harness.suite.duration import waits
from harness.suite.model import Case

MOST_PACED: Final = 40
"""Suspects that are sent one by one to find the one; more would take longer than it is worth."""

FIRST_STARTS: Final = 3
"""So often a device is started that has never come up."""

LATER_STARTS: Final = 8
"""So often in a row one that has come up before: on a busy machine a start may fail."""

MOSTLY_WAITS: Final = 40.0
"""Seconds that a case waits at least which may be run again beside others of that kind."""

MOST_TRIES: Final = 4
"""Attempts at a case in all, as long as each of them is in doubt."""

MOST_REPEATED: Final = 60
"""Cases in doubt that are run again; with more of them red it is the device."""

_GOOD: Final = (Verdict.PASS, Verdict.WARN)


@dataclass(slots=True)
class _Starts:
    """How the starts of a configuration went. error: the last one, of a row of `failed`."""

    ever: bool = False
    failed: int = 0
    error: DeviceError | None = None

    @property
    def given_up(self) -> bool:
        return self.failed >= (LATER_STARTS if self.ever else FIRST_STARTS)


class Triage:
    """Runs the cases of a run, and deals with a device that dies of them."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._starts: dict[str, _Starts] = {}
        self._flying: dict[asyncio.Task[None], Attempt] = {}
        self._void: list[Attempt] = []
        self._calm = asyncio.Event()
        self._calm.set()
        self._together: list[Together] = []
        self._doubtful: list[tuple[Attempt, str]] = []

    async def run(self, case: Case) -> None:
        """Run a case to its verdict; if the device dies of another one, that one sees to it."""
        await self._calm.wait()
        made = Attempt(case)
        cut = await self._try(made)
        if cut:
            return  # it is run again
        if fallen(made):
            await self._examine(made)
        elif made.instance is None:
            await self._conclude_own(made)
        elif not self._calm.is_set() and made.verdict not in _GOOD:
            self._void.append(made)  # the instance was dead already, or died meanwhile
        else:
            self._conclude(made)
        try:
            _end_if_hopeless(self._setting, list(self._starts.values()))
        except DeviceError:
            while self._doubtful:  # nothing is run again: what they came to is all there is
                conclude(self._setting, self._doubtful.pop(0)[0])
            raise

    async def _try(self, made: Attempt) -> bool:
        """Make one attempt; whether it was cut short because the instance died."""
        starts = self._starts.setdefault(made.case.configuration, _Starts())
        if starts.given_up and starts.error is not None:
            begin(self._setting, made)
            tried = f"not tried: the device did not start {starts.failed} times in a row"
            made.unstarted = starts.error
            made.verdict, made.reason = Verdict.ERROR, f"{tried}: {starts.error}"
            self._setting.emit(DeviceLog(made.case.id, made.began, tried, starts.error.code))
            return False
        task = asyncio.create_task(attempt(self._setting, made), name=made.case.id)
        self._flying[task] = made
        if len(self._flying) > 1:
            for each in self._flying.values():
                each.crowded = True
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait((task,))
            raise
        finally:
            del self._flying[task]
        if task.cancelled():
            return True
        task.result()
        if made.unstarted is None:
            starts.ever, starts.failed = True, 0
        else:
            starts.error = made.unstarted
            starts.failed += 1
        return False

    # -- an instance of its own ----------------------------------------------------------------

    async def _conclude_own(self, made: Attempt) -> None:
        if self._setting.diagnoses and _is_unclear(made):
            made = await self._pin(made)
        self._conclude(made)

    def _conclude(self, made: Attempt) -> None:
        """Believe an attempt, unless there is a reason to doubt it: it is repeated later."""
        doubt = self._doubt(made)
        if doubt and len(self._doubtful) < MOST_REPEATED:
            self._doubtful.append((made, doubt))
        else:
            conclude(self._setting, made)

    def _doubt(self, made: Attempt) -> str:
        """Why an attempt is in doubt, if it is, which also the monitors are told."""
        doubt = doubt_of(self._setting, made)
        if doubt and self._setting.monitoring is not None:
            self._setting.monitoring.doubt(made.case.id)
        return doubt

    async def repeat_doubtful(self, jobs: int) -> None:
        """Run what is in doubt again when nothing else runs: one after the other, but for those
        that do little but wait, which are in nobody's way: these at most `jobs` at a time.

        That is the attempt that counts. A case that is red again is red.
        """
        places = asyncio.Semaphore(jobs)

        async def waiting(first: Attempt, doubt: str) -> None:
            async with places:
                await self._repeat(first, doubt)

        while self._doubtful:
            doubtful, self._doubtful = self._doubtful, []
            patient = [one for one in doubtful if waits(one[0].case) > MOSTLY_WAITS]
            for one in doubtful:
                if one not in patient:
                    await self._repeat(*one)
            async with asyncio.TaskGroup() as group:
                for one in patient:
                    group.create_task(waiting(*one))

    async def _repeat(self, first: Attempt, doubt: str) -> None:
        """Run a case again until there is no doubt any more, but for one that runs beside others:
        it takes long, and is not run a third time.
        """
        for left in reversed(range(MOST_TRIES - 1)):
            again = Attempt(first.case, paced=first.paced)
            await self._try(again)
            setting, is_down = self._setting, fallen(again)
            if first.death is not None and again.death is None:
                # however busy the machine was, the device has died
                self._blame(again, first, first.death, "it survived the case alone")
            told = f"run again alone, for {doubt}: it was {first.verdict}"
            setting.emit(DeviceLog(first.case.id, setting.at, f"{told} ({first.reason})"))
            if is_down:
                await self._examine(again)
                return
            doubt = self._doubt(again) if again.death is None else ""
            if not doubt or again.crowded or not left:
                break
            first = again
        if doubt:
            times = f"in doubt after {MOST_TRIES - left} attempts, for {doubt}"
            setting.remarks.append(f"{first.case.id}: {times}")
        # what a device that was kept waiting did not show may yet be there
        conclude(setting, again, whole=not doubt)

    async def _pin(self, made: Attempt) -> Attempt:
        """Run a case of which the device died again, the suspects one by one."""
        again = Attempt(made.case, paced=made.suspects[0].order)
        await self._try(again)
        if again.death is None and made.death is not None:
            self._blame(again, made, made.death, "it survived them one by one")
        return again

    def _blame(self, made: Attempt, earlier: Attempt, death: Death, but: str) -> None:
        """Judge an attempt that the device survived by an earlier one that it did not."""
        setting = self._setting
        told = f"{death.reason} in an earlier attempt, {named(earlier.suspects, death.code)}"
        check = Check(
            case=made.case.id,
            step=None,
            at=setting.at,
            name=SURVIVAL,
            rows=made.case.covers,
            level="",
            verdict=Verdict.FAIL,
            expected="the IUT survives the case",
            actual=death.reason,
            note=f"{told}; {but}",
        )
        made.checks.append(check)
        setting.emit(check)
        setting.emit(DeviceLog(made.case.id, setting.at, told, death.code))
        made.death, made.suspects = death, earlier.suspects
        made.verdict, made.reason = fold(made.checks)

    # -- an instance that is shared ------------------------------------------------------------

    async def _examine(self, made: Attempt) -> None:
        """The instance is dead: whoever finds out first revives it and runs all again, alone."""
        self._void.append(made)
        if not self._calm.is_set():
            return
        self._calm.clear()
        try:
            while self._void:
                await self._cut_others(fallen(made))
                again, self._void = self._void, []
                await self._alone(made, again)
        finally:
            self._calm.set()

    async def _cut_others(self, name: str) -> None:
        """Cut short what is in flight on the instance, or about to be: it says nothing."""
        flying = {task: made for task, made in self._flying.items() if _may_be_in(made, name)}
        for task in flying:
            task.cancel()
        if flying:
            await asyncio.wait(flying)
        self._void += [made for task, made in flying.items() if task.cancelled()]

    async def _alone(self, found: Attempt, again: Sequence[Attempt]) -> None:
        """Run each of these on its own; the first on an instance that has seen nothing else."""
        instance, death = fallen(found), found.death
        assert death is not None
        told = len(self._together)
        guilty = False
        before: list[Attempt] = []
        await self._revive(instance, death, found.case)
        for each in again:
            alone = Attempt(each.case)
            await self._try(alone)
            if fallen(alone) and before:
                alone = await self._afresh(alone, before, fallen(alone))
            if fallen(alone):
                guilty = True
                alone = await self._pin_shared(alone, fallen(alone))
                before = []
            elif alone.death is not None and self._setting.diagnoses and _is_unclear(alone):
                alone = await self._pin(alone)  # of its own instance, and of nothing else
            else:
                before.append(alone)
            conclude(self._setting, alone)
        if not guilty and len(self._together) == told:
            self._together.append(Together(death, tuple(again)))

    async def _afresh(self, made: Attempt, before: list[Attempt], instance: str) -> Attempt:
        """Once more on a new instance: is it the case, or what the cases before it have left?"""
        assert made.death is not None
        await self._revive(instance, made.death, made.case)
        alone = Attempt(made.case)
        await self._try(alone)
        if not fallen(alone):
            self._together.append(Together(made.death, (*before, made)))
        before.clear()
        return alone

    async def _pin_shared(self, made: Attempt, instance: str) -> Attempt:
        assert made.death is not None
        await self._revive(instance, made.death, made.case)
        if _is_unclear(made):
            made = await self._pin(made)
            if made.death is not None and fallen(made):
                await self._revive(fallen(made), made.death, made.case)
        return made

    async def _revive(self, instance: str, death: Death, case: Case) -> None:
        setting = self._setting
        name = setting.device.name
        if not isinstance(setting.runner, Reviving):
            raise DeviceError(
                "device.cannot-restart",
                f"{name} {death.reason}, and the harness cannot restart it",
                hint="restart it by hand, then run the rest again",
            )
        try:
            await setting.runner.revive(instance)
        except DeviceError as error:
            raise DeviceError(
                "device.cannot-restart",
                f"{name} {death.reason}, and could not be restarted: {error.cause}",
                hint=error.hint,
            ) from error
        if not await serves(setting, case):
            raise DeviceError(
                "device.cannot-restart",
                f"{name} {death.reason}, was restarted, and answers no SCCRQ since",
                hint="its log may say why; run the rest again once it serves",
            )

    def tell(self) -> None:
        """Tell what no case alone did to a shared instance, as a case of its own, if anything."""
        tell_together(self._setting, self._together)


def fallen(made: Attempt) -> str:
    """What died with all cases on it or in it, an instance or a house; empty: nothing did."""
    if made.death is None:
        return ""
    return made.death.house or made.instance or ""


def _may_be_in(made: Attempt, name: str) -> bool:
    """Whether an attempt is on an instance or in a house of this name, or may yet get there."""
    return name in (made.instance, made.house) or (made.instance is None and not made.house)


def _is_unclear(made: Attempt) -> bool:
    """Whether several datagrams may have killed the device, few enough to try each."""
    if made.death is None or made.death.code not in PINNED:
        return False
    return 1 < len(made.suspects) <= MOST_PACED


def _end_if_hopeless(setting: Setting, starts: Sequence[_Starts]) -> None:
    """End the run when no configuration of the device that was tried starts any more."""
    if not all(one.given_up for one in starts):
        return
    error = next(one.error for one in starts if one.error is not None)
    times = max(one.failed for one in starts)
    raise DeviceError(
        "device.cannot-start",
        f"{setting.device.name} was started {times} times in a row and never came up: "
        f"{error.cause} [{error.code}]",
        hint=error.hint,
    ) from error

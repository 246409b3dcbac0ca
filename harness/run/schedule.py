"""Cases side by side: most of a case is waiting, so the longest begin first and all overlap."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.run.case import start_of
from harness.run.events import CaseEnd, Expectation, Verdict
from harness.run.select import Selected
from harness.run.setting import Setting
from harness.run.triage import Triage
from harness.suite.duration import waits
from harness.suite.model import Case


async def run_all(setting: Setting, plan: Sequence[Selected], jobs: int) -> None:
    """Run every case of the plan, at most `jobs` at a time, exclusive ones alone."""
    for one in plan:
        if one.skipped:
            _skip(setting, one)
    waiting = [one.case for one in plan if not one.skipped]
    shared = sorted(
        (case for case in waiting if not case.exclusive),
        key=lambda case: -max(case.seconds, waits(case)),
    )
    places = asyncio.Semaphore(jobs)
    triage = Triage(setting)

    async def one_of_many(case: Case) -> None:
        async with places:
            await triage.run(case)

    async with asyncio.TaskGroup() as group:
        for case in shared:
            group.create_task(one_of_many(case), name=case.id)
    for case in waiting:
        if case.exclusive:
            await triage.run(case)
    await triage.repeat_doubtful(jobs)
    triage.tell()


def _skip(setting: Setting, one: Selected) -> None:
    case, at = one.case, setting.at
    setting.emit(start_of(case, at))
    setting.emit(
        CaseEnd(
            case=case.id,
            at=at,
            verdict=Verdict.SKIP,
            expectation=Expectation.EXPECTED,
            reason=one.skipped,
            seconds=0.0,
            checks=0,
        )
    )

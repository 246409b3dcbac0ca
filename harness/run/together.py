"""The result of a device that died, but of no case alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.device.lease import Death, Fate
from harness.run.case import Attempt, end
from harness.run.events import CaseStart, Check, DeviceLog, Verdict
from harness.run.setting import Setting
from harness.run.verdicts import SURVIVAL, fold

SUITE: Final = "device"
TOGETHER: Final = f"{SUITE}/{SURVIVAL}"

_EVIDENCE: Final = 8


@dataclass(frozen=True, slots=True)
class Together:
    """A death, and the attempts of which it died together."""

    death: Death
    attempts: tuple[Attempt, ...]

    def check(self, at: float) -> Check:
        """What it says of the device."""
        suspects = [one for made in self.attempts for one in made.suspects][-_EVIDENCE:]
        names = ", ".join(made.case.id for made in self.attempts)
        return Check(
            case=TOGETHER,
            step=None,
            at=at,
            name=SURVIVAL,
            rows=(),
            level="",
            verdict=Verdict.WARN if self.death.code is Fate.SLOW else Verdict.FAIL,
            expected="the device serves until the end of the run",
            actual=self.death.reason,
            frames=tuple(sorted(one.number for one in suspects)),
            note=f"of these cases together, and of none alone: {names}",
        )


def tell_together(setting: Setting, deaths: Sequence[Together]) -> None:
    """Tell of deaths as a case of its own, if there were any."""
    if not deaths:
        return
    at = setting.at
    start = CaseStart(
        case=TOGETHER,
        suite=SUITE,
        title="The device outlives the run",
        purpose="An instance that many cases use serves until they are done with it.",
        file="",
        line=0,
        covers=(),
        at=at,
    )
    setting.emit(start)
    checks = [each.check(at) for each in deaths]
    for check, each in zip(checks, deaths, strict=True):
        setting.emit(check)
        setting.emit(DeviceLog(TOGETHER, at, each.death.reason, each.death.code, check.frames))
    verdict, reason = fold(checks)
    end(setting, TOGETHER, checks, verdict, reason, 0.0)

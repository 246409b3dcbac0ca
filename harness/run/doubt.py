"""Whether a case is run again before it is held against the device, and why."""

from __future__ import annotations

from harness.device.description.launch import UmlLaunch
from harness.run.case import Attempt
from harness.run.events import Expectation, Verdict
from harness.run.punctual import LATE
from harness.run.setting import Setting


def doubt_of(setting: Setting, made: Attempt) -> str:
    """Why what came of an attempt is in doubt; empty: it is not, or nothing is held against it.

    What the device does by chance in any case is found by a monitor, and is no matter of the case
    that it befalls.
    """
    why = _other_cause(setting, made)
    return why if why and _is_held_against(setting, made) else ""


def _is_held_against(setting: Setting, made: Attempt) -> bool:
    """Whether it is red, warns or shows a monitor what no baseline lists, or not what one lists."""
    judgement = setting.baseline.judge(made.case.id, made.verdict, made.checks)
    unlisted = made.verdict is Verdict.WARN and judgement.expectation is Expectation.EXPECTED
    if judgement.expectation.turns_red or unlisted:
        return True
    case, monitoring = made.case.id, setting.monitoring
    if monitoring is None or made.verdict is Verdict.SKIP:
        return False
    return monitoring.unforeseen(case, setting.baseline) or monitoring.misses(
        case, setting.baseline
    )


def _other_cause(setting: Setting, made: Attempt) -> str:
    """What else than the device may have made the attempt what it is; empty: nothing."""
    if setting.punctuality is not None:
        began = made.began if made.up is None else made.up
        late = setting.punctuality.late(setting.started + began, setting.started + setting.at)
        if late > LATE:
            return f"the harness was {late:.2f} s late"
        if made.starved > LATE:
            return f"the device waited {made.starved:.2f} s for a processor"
    if made.crowded and isinstance(setting.device.launch, UmlLaunch):
        return "others ran in the guest, which has one processor for all"
    for entry in setting.baseline.by_chance:
        if setting.monitoring is not None and setting.monitoring.has_seen(
            entry.case, entry.verdict, made.case.id
        ):
            return f"the device showed in it what it shows by chance ({entry.case})"
    return ""

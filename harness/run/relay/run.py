"""A run of the relay: every LAC with every LNS, side by side, recorded as any run is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from harness import __version__
from harness.device.addresses import LoopbackAddresses
from harness.device.description.device import Device
from harness.device.description.launch import EmbeddedLaunch
from harness.errors import UsageError
from harness.peer import clock
from harness.run.baseline import Baseline, load_baseline
from harness.run.capture import Capture
from harness.run.events import CAPTURE_FILE, Event, Footer, Header, Row
from harness.run.interrupts import interruptible
from harness.run.punctual import Punctuality
from harness.run.record import Recorder
from harness.run.relay.conversation import Who
from harness.run.relay.pair import SUITE, Pair, Side, Stage
from harness.run.relay.rules import Rule
from harness.run.relay.settings import settings_of
from harness.run.run import Library, Options, bring_up, known_cases, lateness, names_of
from harness.spec.model import Role

PAIRS_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """What a relay is asked for. hold: seconds that each call lasts."""

    lacs: Sequence[Device]
    lnss: Sequence[Device]
    rules: Sequence[Rule] = ()
    hold: float = 3.0
    out: Path
    suites: Path
    seed: int = 0
    time_scale: float = 1.0
    baseline: bool = True
    command: str = ""
    subscribers: Sequence[Callable[[Event], None]] = field(default_factory=tuple)


def check_roles(options: RelayOptions) -> None:
    """Raise UsageError for a device that is on the wrong side, or there twice under one name."""
    for role, devices in ((Role.LAC, options.lacs), (Role.LNS, options.lnss)):
        labels = [device.label for device in devices]
        for label in labels:
            if labels.count(label) > 1:
                raise UsageError(
                    "relay.twice",
                    f"two devices are called {label}",
                    hint="a result is known by their names: copy one folder under another name",
                )
        for device in devices:
            if device.role is not role:
                raise UsageError(
                    "relay.role",
                    f"{device.name} is {device.role.one}",
                    hint=f"--{role} wants {role.one}",
                )


def relay(options: RelayOptions, library: Library) -> Footer:
    """Bring each LAC together with each LNS; stream and capture are in `options.out`.

    Raises HarnessError when the run could not begin.
    """
    every = [*options.lacs, *options.lnss]
    virtual = all(isinstance(device.launch, EmbeddedLaunch) for device in every)
    with Capture(options.out / CAPTURE_FILE) as capture:
        recorder = Recorder(options.out, _header(options, library, virtual=virtual))
        for subscriber in (capture.write, *options.subscribers):
            recorder.subscribe(subscriber)
        with recorder:
            clock.run(_main(options, library, recorder), virtual=virtual)
    return recorder.footer


def _header(options: RelayOptions, library: Library, *, virtual: bool) -> Header:
    lacs = ", ".join(device.label for device in options.lacs)
    lnss = ", ".join(device.label for device in options.lnss)
    known = library.specification.requirements
    named = dict.fromkeys(row for rule in library.rules.rules.values() for row in rule.rows)
    return Header(
        harness=__version__,
        device=f"{lacs} + {lnss}",
        title=f"{lacs} through the relay to {lnss}",
        role="",
        specification=library.specification.name,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        selection=(),
        cases=len(options.lacs) * len(options.lnss),
        command=options.command,
        seed=options.seed,
        rows={
            name: Row(row.section, row.level.value, row.text, row.table)
            for name in named
            if (row := known.get(name)) is not None
        },
        virtual_time=virtual,
        options=tuple(word for rule in options.rules for word in ("--rule", rule.text)),
        replay=options.command,
    )


async def _main(options: RelayOptions, library: Library, recorder: Recorder) -> None:
    stage = Stage(
        specification=library.specification,
        rules=library.rules,
        names=names_of(library.specification),
        emit=recorder.write,
        started=asyncio.get_running_loop().time(),
        impairing=options.rules,
        hold=options.hold,
        time_scale=options.time_scale,
    )
    punctuality = Punctuality()
    if not recorder.header.virtual_time:
        stage.late = partial(lateness, punctuality, stage.started)
    places = asyncio.Semaphore(PAIRS_AT_ONCE)

    async def one_of_many(pair: Pair) -> None:
        async with places:
            await pair.run()

    async with contextlib.AsyncExitStack() as stack:
        lacs = [await _side(options, library, "lac", device, stack) for device in options.lacs]
        lnss = [await _side(options, library, "lns", device, stack) for device in options.lnss]
        if not recorder.header.virtual_time:
            punctuality.start()
            stack.callback(punctuality.stop)
        with interruptible():
            try:
                async with asyncio.TaskGroup() as group:
                    for lac in lacs:
                        for lns in lnss:
                            sides: dict[Who, Side] = {"lac": lac, "lns": lns}
                            group.create_task(one_of_many(Pair(stage, sides)))
            except* asyncio.CancelledError:
                raise asyncio.CancelledError from None


async def _side(
    options: RelayOptions,
    library: Library,
    who: Who,
    device: Device,
    stack: contextlib.AsyncExitStack,
) -> Side:
    """A device that is ready to be leased, until the end of the run."""
    addresses = LoopbackAddresses()
    stack.callback(addresses.close)
    asked = Options(
        device=device,
        out=options.out,
        suites=options.suites,
        seed=options.seed,
        time_scale=options.time_scale,
    )
    with settings_of(who):
        runner, hosts, _ = bring_up(asked, library.specification, addresses)
        stack.push_async_callback(runner.close)
        await runner.open()
    return Side(device, runner, hosts, _baseline(options, library, device))


def _baseline(options: RelayOptions, library: Library, device: Device) -> Baseline:
    """What is known of the device; where a finding was made before does not matter here."""
    if not options.baseline:
        return Baseline()
    known = known_cases(library, options.suites)
    rows = library.specification.requirements
    files = [load_baseline(path, known, rows) for path in device.baselines]
    return Baseline(replace(entry, seen_in=()) for file in files for entry in file.entries)


__all__ = ["SUITE", "RelayOptions", "relay"]

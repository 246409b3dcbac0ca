"""A run from its options to its reports: load, plan, start the device, run, record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.device.addresses import LoopbackAddresses
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.description.ics import CAPABILITIES
from harness.device.description.launch import (
    ContainerLaunch,
    EmbeddedLaunch,
    ProgramLaunch,
    UmlLaunch,
)
from harness.device.embedded import EmbeddedRunner
from harness.device.external.runner import ExternalRunner
from harness.device.lease import Remarking, Runner
from harness.device.process import ProcessRunner
from harness.device.shared import SharingRunner
from harness.peer import clock
from harness.peer.checksums import is_permitted
from harness.peer.udp import SocketOptions, UdpNetwork
from harness.resources import data_folder
from harness.run.baseline import Baseline, load_baseline
from harness.run.capture import Capture
from harness.run.case import tell_monitors
from harness.run.events import CAPTURE_FILE, Event, Footer
from harness.run.header import make_header
from harness.run.hosts import GuestHosts, Hosts, LoopbackHosts, MemoryHosts, NamespaceHosts
from harness.run.interrupts import interruptible
from harness.run.memory import growing_memory, settled_memory
from harness.run.monitoring import Monitoring, monitor_cases
from harness.run.punctual import Punctuality
from harness.run.record import Recorder
from harness.run.schedule import run_all
from harness.run.select import Selected, alone_where_shared, select
from harness.run.setting import Setting
from harness.run.shard import Shard, listed
from harness.run.together import TOGETHER
from harness.spec.load import load_specification
from harness.spec.model import Specification
from harness.spec.monitor import RuleId, RuleTable, load_rules
from harness.suite.load import TABLES_FOLDER, load_suites
from harness.suite.model import Case, Suite
from harness.wire import AVP
from harness.wire.text import Names

BASE_PROFILE = "rfc2661"
RULES_FILE = "monitors.yaml"
QUICK_WORD = "--quick"
"""How a stream says that its selection was cut down to what is quick."""
CORES_FOLDER = "cores"
JOBS_IN_MEMORY = 4096
JOBS_OF_PROCESSES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run is asked for.

    named: how the device was asked for, a name or a path, and words: what else of the command line
    changes how cases run; both for whoever runs a case again. quick: of the selection only what is
    over soon. cases: of that only these ids. jobs: cases at a time, None: as many as suit the
    device.
    """

    device: Device
    named: str = ""
    words: Sequence[str] = ()
    selection: Sequence[str] = ()
    quick: bool = False
    cases: frozenset[str] | None = None
    jobs: int | None = None
    out: Path
    seed: int = 0
    time_scale: float = 1.0
    command: str = ""
    suites: Path
    baseline: bool = True
    shard: Shard | None = None
    subscribers: Sequence[Callable[[Event], None]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Library:
    """The specification, the suites and the monitors' rules as loaded."""

    specification: Specification
    suites: tuple[Suite, ...]
    rules: RuleTable

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases of all suites."""
        return tuple(case for suite in self.suites for case in suite.cases)


def load_library(suites: Path, profile: str = BASE_PROFILE) -> Library:
    """Load the specification that a device's profile names, and the suites.

    Suites in a folder without tables of their own are about the specification of the harness.
    """
    with growing_memory():
        specification = load_specification(tables_folder(suites, profile))
        rules = load_rules(rules_folder(suites, profile), specification)
        return Library(specification, load_suites(suites, specification, CAPABILITIES), rules)


def tables_folder(suites: Path, profile: str) -> Path:
    """Where the tables of a specification are: with the suites, or with the harness."""
    own = suites / TABLES_FOLDER / profile
    return own if own.is_dir() else data_folder("suites") / TABLES_FOLDER / profile


def rules_folder(suites: Path, profile: str = BASE_PROFILE) -> Path:
    """Where the monitors' rules are; an overlay is judged by those of what it lies upon."""
    tables = tables_folder(suites, profile)
    return tables if (tables / RULES_FILE).is_file() else tables_folder(suites, BASE_PROFILE)


def run(options: Options) -> Footer:
    """Run the selected cases; the event stream and the capture are in `options.out`.

    Raises HarnessError when the run could not begin or had to be given up; what was measured until
    then is recorded. Subscribers have had every event, the footer included.
    """
    recorder: Recorder | None = None
    library = load_library(options.suites, options.device.profile)
    plan = select(library.suites, options.device, options.selection, quick=options.quick)
    if options.cases is not None:
        plan = tuple(one for one in plan if one.case.id in options.cases)
    plan = alone_where_shared(plan, options.device)
    if options.shard is not None:
        plan = options.shard.of_plan(plan)
    baseline = _baseline(options, library)
    header = make_header(
        options.device,
        library.specification,
        library.rules,
        plan,
        named=options.named or options.device.name,
        selection=(*([QUICK_WORD] if options.quick else []), *options.selection),
        command=options.command,
        seed=options.seed,
        options=tuple(options.words),
    )
    if options.shard is not None:
        header = replace(
            header,
            shard=str(options.shard),
            whole=_is_whole(options),
            listed=listed(baseline),
        )
    with contextlib.ExitStack() as stack:
        capture = stack.enter_context(Capture(options.out / CAPTURE_FILE))
        recorder = Recorder(options.out, header)
        recorder.subscribe(capture.write)
        for subscriber in options.subscribers:
            recorder.subscribe(subscriber)
        stack.enter_context(recorder)
        stack.enter_context(settled_memory())
        virtual = isinstance(options.device.launch, EmbeddedLaunch)
        clock.run(_main(options, library, plan, baseline, recorder), virtual=virtual)
    return recorder.footer


def _baseline(options: Options, library: Library) -> Baseline:
    if not options.baseline or not options.device.baselines:
        return Baseline()
    known = known_cases(library, options.suites)
    rows = library.specification.requirements
    files = [load_baseline(path, known, rows) for path in options.device.baselines]
    return Baseline(entry for file in files for entry in file.entries)


def known_cases(library: Library, suites: Path) -> set[str]:
    """The ids that a baseline may list. `suites`: where those of the library are.

    Beside suites of one's own these are also the ones of the harness, for the baselines that come
    with the harness are about them.
    """
    known = {case.id for case in library.cases} | set(monitor_cases(library.rules))
    known.add(TOGETHER)
    if not _is_packaged(suites):
        known |= {case.id for case in load_library(data_folder("suites")).cases}
    return known


def _is_packaged(suites: Path) -> bool:
    """Whether these are the suites that come with the harness."""
    return suites.resolve() == data_folder("suites").resolve()


def _is_whole(options: Options) -> bool:
    """Whether all cases of the harness are selected, divided among shards or not."""
    partial = options.selection or options.quick or options.cases is not None
    return not partial and _is_packaged(options.suites)


async def _main(
    options: Options,
    library: Library,
    plan: Sequence[Selected],
    baseline: Baseline,
    recorder: Recorder,
) -> None:
    specification = library.specification
    addresses = LoopbackAddresses()
    runner, hosts, jobs = bring_up(options, specification, addresses)
    virtual = isinstance(options.device.launch, EmbeddedLaunch)
    punctuality = None if virtual else Punctuality()
    started = asyncio.get_running_loop().time()
    monitoring = Monitoring(library.rules, options.device)
    if punctuality is not None:
        monitoring.late = partial(lateness, punctuality, started)
    if why := _unseen_checksums(options.device):
        monitoring.unseen[RuleId.UDP_CHECKSUM] = why
    setting = Setting(
        device=options.device,
        runner=runner,
        hosts=hosts,
        specification=specification,
        baseline=baseline,
        emit=recorder.write,
        names=names_of(specification),
        started=started,
        seed=options.seed,
        time_scale=options.time_scale,
        monitoring=monitoring,
        whole=options.shard is None and _is_whole(options),
        diagnoses=not virtual,
        cores=options.out / CORES_FOLDER,
        punctuality=punctuality,
    )
    try:
        if punctuality is not None:
            punctuality.start()
        with interruptible():
            await runner.open()
            await run_all(setting, plan, jobs)
            tell_monitors(setting)
    except* asyncio.CancelledError:
        raise asyncio.CancelledError from None
    finally:
        recorder.set_stale(setting.stale)
        place = runner.remarks if isinstance(runner, Remarking) else ()
        recorder.set_remarks([*place, *setting.remarks])
        if punctuality is not None:
            punctuality.stop()
        await runner.close()
        addresses.close()


def bring_up(
    options: Options, specification: Specification, addresses: LoopbackAddresses
) -> tuple[Runner, Hosts, int]:
    """Who leases the device, whence it is reached, and how many cases suit it at a time."""
    device = options.device
    if isinstance(device.launch, EmbeddedLaunch):
        jobs = options.jobs or JOBS_IN_MEMORY
        return EmbeddedRunner(device, specification, seed=options.seed), MemoryHosts(), jobs
    if isinstance(device.launch, ExternalLaunch):
        box = ExternalRunner(device, device.launch, specification, addresses, options.time_scale)
        return box, box.hosts, min(options.jobs or JOBS_OF_PROCESSES, box.parallel)
    network = UdpNetwork(SocketOptions(checksums=not _is_published(device)))
    runner: Runner = ProcessRunner(device, network, addresses, options.time_scale)
    if isinstance(device.launch, ProgramLaunch) and device.launch.shared:
        runner = SharingRunner(runner)
    jobs = options.jobs or JOBS_OF_PROCESSES
    if runner.parallel is not None:
        jobs = min(jobs, runner.parallel)
    return runner, _hosts(device, addresses), jobs


def _is_published(device: Device) -> bool:
    return isinstance(device.launch, ContainerLaunch) and device.launch.published


def _unseen_checksums(device: Device) -> str:
    """Why UDP checksums are not seen in a run; empty: they are."""
    if isinstance(device.launch, EmbeddedLaunch):
        return ""
    if _is_published(device):
        return "a published port passes datagrams on with checksums of the engine's"
    if not is_permitted():
        return "UDP checksums are seen by a raw socket, which takes root (CAP_NET_RAW)"
    return ""


def _hosts(device: Device, addresses: LoopbackAddresses) -> Hosts:
    namespace = device.launch.namespace if isinstance(device.launch, ProgramLaunch) else None
    if namespace is None:
        return LoopbackHosts(addresses)
    if isinstance(device.launch, UmlLaunch):
        return GuestHosts(namespace, device.ixit.address)
    return NamespaceHosts(namespace, device.ixit.address)


def lateness(punctuality: Punctuality, started: float, since: float) -> float:
    """By how many seconds the harness was late since a moment of the run."""
    return punctuality.late(started + since, asyncio.get_running_loop().time())


def names_of(specification: Specification) -> Names:
    """How messages and AVPs are called in a line of text."""

    def value(avp: AVP) -> str | None:
        spec = specification.avp(avp.type, avp.vendor)
        if spec is None or spec.name != "result_code":
            return None
        try:
            return str(spec.decode(avp.value))
        except ValueError:
            return None

    return Names(
        messages={number: one.name for number, one in specification.message_types.items()},
        avps={key: one.name for key, one in specification.avp_numbers.items()},
        value=value,
    )

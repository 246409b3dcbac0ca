"""A campaign of hostile datagrams: reproducible episodes, run in any number of processes."""

from __future__ import annotations

import concurrent.futures
import faulthandler
import resource
import traceback
from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from harness.peer import clock
from harness.peer.fuzz.mutate import Mutator
from harness.peer.fuzz.targets import SECRET, EndpointTarget, ScriptedTarget, Target
from harness.resources import data_folder
from harness.spec.load import load_specification
from harness.spec.model import Role, Specification

EPISODE: Final = 5_000
"""Datagrams that the same peers get, one after the other."""

GROWTH_LIMIT: Final = 128 * 1024
"""KiB that a process may grow by after its first episodes."""

HOSTS: Final = (("127.0.0.1", "127.0.0.2", "127.0.0.3"), ("::1", "::2", "::3"))

EPISODE_WITHIN: Final = 300.0
"""Seconds after which an episode counts as hung: the process prints where it is, and ends."""

STDERR: Final = 2

Watch = Callable[[bytes], None]
"""Told every datagram before it is thrown."""


class Failure(NamedTuple):
    """What went wrong: at which datagram of the campaign, and the end of the traceback."""

    number: int
    target: str
    data: bytes
    error: str
    origin: str


class Outcome(NamedTuple):
    """What came of some episodes. grown: KiB of memory beyond the first ones."""

    datagrams: int
    grown: int
    failure: Failure | None = None


class FuzzError(Exception):
    """An episode has failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error)
        self.failure = failure


def target_name(episode: int) -> str:
    """Who gets the datagrams of an episode, and over which family of addresses."""
    kind = ("reference LNS", "reference LAC", "scripted peer")[episode % 3]
    return f"{kind}, IPv{6 if episode // 3 % 2 else 4}"


def run_episode(
    specification: Specification,
    seed: int,
    episode: int,
    count: int = EPISODE,
    watch: Watch | None = None,
) -> None:
    """Throw the first `count` datagrams of an episode at fresh peers, and let them come to rest.

    Raises FuzzError.
    """
    clock.run(_episode(specification, seed, episode, count, watch), virtual=True)


async def _episode(
    specification: Specification, seed: int, episode: int, count: int, watch: Watch | None
) -> None:
    chance = Random(f"{seed}/{episode}")
    hosts = HOSTS[episode // 3 % 2]
    target: Target
    if episode % 3 == 2:
        target = scripted = ScriptedTarget(specification, hosts, chance)
        await scripted.open()
    else:
        role = (Role.LNS, Role.LAC)[episode % 3]
        target = EndpointTarget(specification, role, hosts, chance)
    mutator = Mutator(specification, SECRET, chance)
    data = b""
    index = 0
    try:
        while index < count:
            aim = target.aim()
            data, source = mutator.datagram(aim), aim.source
            draw = chance.random()
            if draw < 0.4:
                data, source = target.stir() or (data, source)
            elif draw < 0.5:
                await target.pass_time(chance.choice((0.001, 0.1, 0.6)))
            elif draw < 0.502:
                await target.pass_time(chance.choice((5.0, 35.0, 70.0)))
            if watch is not None:
                watch(data)
            target.take(data, source)
            index += 1
        await target.finish()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        origin = "".join(traceback.format_exception(error)[-6:])
        number = episode * EPISODE + min(index, count - 1)
        failure = Failure(number, target_name(episode), data, text, origin)
        raise FuzzError(failure) from error


def _memory() -> int:
    """The largest memory of this process so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run_share(seed: int, episodes: range, last: int) -> Outcome:
    """Run episodes one after the other; `last`: how many datagrams the whole campaign has."""
    specification = load_specification(data_folder("suites") / "spec" / "rfc2661")
    done = 0
    settled = 0
    for number, episode in enumerate(episodes):
        count = min(EPISODE, last - episode * EPISODE)
        faulthandler.dump_traceback_later(EPISODE_WITHIN, exit=True, file=STDERR)
        try:
            run_episode(specification, seed, episode, count)
        except FuzzError as error:
            return Outcome(done, 0, error.failure)
        finally:
            faulthandler.cancel_dump_traceback_later()
        done += count
        if number == 5:  # each kind of target over each family has been there
            settled = _memory()
    grown = _memory() - settled if settled else 0
    if grown > GROWTH_LIMIT:
        text = f"memory grew by {grown} KiB in {len(episodes)} episodes"
        return Outcome(done, grown, Failure(last, "memory", b"", text, ""))
    return Outcome(done, grown)


def run_campaign(count: int, seed: int, jobs: int) -> Iterator[Outcome]:
    """Throw `count` datagrams from `jobs` processes; gives outcomes as shares of it end."""
    total = -(-count // EPISODE)
    if jobs == 1 or total == 1:
        yield run_share(seed, range(total), count)
        return
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        shares = [
            pool.submit(run_share, seed, range(first, total, jobs), count) for first in range(jobs)
        ]
        for share in concurrent.futures.as_completed(shares):
            yield share.result()


def replay(index: int, seed: int, watch: Watch) -> None:
    """Throw the datagrams of one episode up to an index. Raises FuzzError as the campaign did."""
    specification = load_specification(data_folder("suites") / "spec" / "rfc2661")
    episode, place = divmod(index, EPISODE)
    run_episode(specification, seed, episode, place + 1, watch)

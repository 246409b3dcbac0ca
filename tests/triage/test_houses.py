"""A guest or a container that ends takes the instances of many cases with it: who did it?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import EmbeddedRunner
from harness.device.lease import Death, Lease
from harness.device.shared import SharingRunner
from harness.peer.network import Address, Network
from harness.run.events import Verdict
from harness.run.together import TOGETHER
from harness.suite.model import Case
from tests.run.stage import device, of_class, table
from tests.triage.test_triage import DiesOfWen, innocents, killer, play


@dataclass
class House:
    """Something with instances in it. fragile: it ends when one of them dies."""

    name: str
    fragile: bool
    leases: list[Lease] = field(default_factory=list)
    entered: int = 0

    @property
    def death(self) -> Death | None:
        deaths = [one.death() for one in self.leases] if self.fragile else []
        if not any(deaths):
            return None
        return Death("was in a house, which burnt down", crashed=True, at=0.0, house=self.name)


@dataclass(eq=False)
class Lodger:
    """An instance of its own in a house."""

    own: Lease
    at: House

    @property
    def house(self) -> str:
        return self.at.name

    @property
    def address(self) -> Address:
        return self.own.address

    @property
    def network(self) -> Network:
        return self.own.network

    def death(self) -> Death | None:
        return self.at.death or self.own.death()

    async def examine(self) -> Death | None:
        await self.own.examine()
        return self.death()

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        await self.own.action(name, values)

    def log(self) -> tuple[str, ...]:
        return self.own.log()


class Town:
    """A runner with some houses; those that have ended are there again when they are revived."""

    parallel: int | None = None

    def __init__(self, runner: EmbeddedRunner, houses: int, *, fragile: bool = True) -> None:
        self.runner = runner
        self.fragile = fragile
        self._numbers = itertools.count(1)
        self.houses = [self._built() for _ in range(houses)]
        self.revived: list[str] = []

    def _built(self) -> House:
        return House(f"house-{next(self._numbers)}", self.fragile)

    async def open(self) -> None:
        await self.runner.open()

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> Lodger:
        house = min(self.houses, key=lambda one: len(one.leases))
        own = await self.runner.lease(case, peer, configuration)
        house.leases.append(own)
        house.entered += 1
        return Lodger(own, house)

    async def release(self, lease: Lease) -> None:
        assert isinstance(lease, Lodger)
        if lease.own in lease.at.leases and lease.at.death is None:
            lease.at.leases.remove(lease.own)
        await self.runner.release(lease.own)

    async def revive(self, instance: str) -> None:
        self.revived.append(instance)
        self.houses = [self._built() if one.name == instance else one for one in self.houses]

    async def close(self) -> None:
        await self.runner.close()


def town(houses: int, *, fragile: bool = True) -> Town:
    runner = EmbeddedRunner(device(), table(), factory=of_class(DiesOfWen))
    return Town(runner, houses, fragile=fragile)


def test_the_killer_of_a_house_fails_alone_and_the_others_pass() -> None:
    others, guilty = innocents("1s", "7s", "20s"), killer()
    here = town(1)
    played = play([*others, guilty], here)
    assert played.error is None
    story = played.story(guilty)
    assert story.verdict is Verdict.FAIL
    assert played.fates(guilty) == ["device.crashed"]
    assert "> WEN" in story.evidence(story.check("survival"))
    assert {played.story(case).verdict for case in others} == {Verdict.PASS}
    assert [played.fates(case) for case in others] == [[], [], []]
    # that of one second had ended well before
    assert [played.attempts(case) for case in others] == [1, 2, 2]
    assert here.revived[0] == "house-1"


def test_who_lives_in_another_house_is_not_disturbed() -> None:
    others, guilty = innocents("20s", "21s", "22s"), killer()
    played = play([*others, guilty], town(4))
    assert played.story(guilty).verdict is Verdict.FAIL
    assert {played.story(case).verdict for case in others} == {Verdict.PASS}
    assert [played.attempts(case) for case in others] == [1, 1, 1]


def test_one_that_dies_in_a_house_that_stands_dies_alone() -> None:
    others, guilty = innocents("7s", "20s"), killer()
    here = town(1, fragile=False)
    played = play([*others, guilty], here)
    assert played.story(guilty).verdict is Verdict.FAIL
    assert [played.attempts(case) for case in others] == [1, 1]
    assert here.revived == []


def test_a_house_that_no_case_ends_alone_is_a_result_of_its_own() -> None:
    @dataclass
    class Overfull(House):
        """It ends when there were too many in it."""

        @property
        def death(self) -> Death | None:
            if self.entered < 4:
                return None
            return Death("was in a house, which fell in", crashed=True, at=0.0, house=self.name)

    class Small(Town):
        def _built(self) -> House:
            return Overfull(f"house-{next(self._numbers)}", fragile=True)

    runner = EmbeddedRunner(device(), table(), factory=of_class(DiesOfWen))
    cases: list[Case] = innocents("5s", "6s", "7s", "8s")
    played = play(cases, Small(runner, 1))
    assert {played.story(case).verdict for case in cases} == {Verdict.PASS}
    assert played.story(TOGETHER).verdict is Verdict.FAIL


def test_instances_that_are_shared_go_down_with_their_house() -> None:
    others, guilty = innocents("7s", "20s"), killer()
    here = town(1)
    played = play([*others, guilty], SharingRunner(here))
    assert played.error is None
    assert played.story(guilty).verdict is Verdict.FAIL
    assert {played.story(case).verdict for case in others} == {Verdict.PASS}
    assert here.revived[0] == "house-1"

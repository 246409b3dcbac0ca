"""Messages that went by unseen: what is acknowledged of the others, and what is not."""

from __future__ import annotations

import pytest

from harness.spec.monitor import Finding, Monitor, Unseen
from harness.wire import zlb
from tests.monitor.talk import LAC, LNS, Talk, rules


class Watched:
    """A monitor that has been told of all of a conversation but what went by unseen."""

    def __init__(self) -> None:
        self.talk = Talk().tunnel()
        self.monitor = Monitor(rules(), accounts=(LAC[0], LNS[0]))
        self.told = 0
        self.findings: list[Finding] = []

    def see(self) -> None:
        """Hand it what has been sent meanwhile."""
        for one in self.talk.frames[self.told :]:
            self.findings += self.monitor.datagram(
                one.at, one.source, one.destination, one.data, one.number
            )
        self.told = len(self.talk.frames)

    def pass_over(self, messages: int, under_way: int = 0) -> None:
        """So many messages of the LNS, which the LAC has acknowledged but for the last."""
        self.see()
        unseen = Unseen(messages, under_way)
        self.monitor.pass_over(LNS, LAC, self.talk.lac.tunnel_id, unseen)

    def lac_acknowledges(self, nr: int) -> None:
        talk = self.talk
        talk.send(talk.lac, zlb(talk.lns.tunnel_id, talk.lac.ns, nr))
        self.see()

    def lns_sends(self, ns: int) -> None:
        talk = self.talk
        talk.message(talk.lns, "HELLO", header={"ns": ns}, arrives=False)
        self.see()

    def rules(self) -> set[str]:
        return {one.rule.value for one in self.findings}


def test_what_is_missing_is_not_acknowledged_by_nothing() -> None:
    watched = Watched()
    watched.see()
    first = watched.talk.lns.ns
    watched.pass_over(1000)
    # the next is lost on the way, and two come that follow it
    for ns in (first + 1001, first + 1002):
        watched.lns_sends(ns)
        watched.pass_over(0)
        watched.lac_acknowledges(first + 1000)
    assert watched.rules() == set()


def test_what_went_by_fills_what_is_missing() -> None:
    watched = Watched()
    watched.see()
    first = watched.talk.lns.ns
    watched.lns_sends(first + 1)
    watched.pass_over(1)
    watched.lac_acknowledges(first + 2)
    assert watched.rules() == set()


@pytest.mark.parametrize(("nr", "blamed"), [(1000, set()), (999, {"nr-back"})])
def test_what_went_by_is_acknowledged(nr: int, blamed: set[str]) -> None:
    watched = Watched()
    watched.see()
    first = watched.talk.lns.ns
    watched.pass_over(1000)
    watched.talk.at += 1.0
    watched.lac_acknowledges(first + nr)
    assert watched.rules() == blamed


@pytest.mark.parametrize(
    ("nr", "blamed"), [(10, set()), (12, set()), (14, set()), (15, {"nr-beyond"})]
)
def test_what_is_under_way_may_have_come(nr: int, blamed: set[str]) -> None:
    watched = Watched()
    watched.see()
    first = watched.talk.lns.ns
    watched.pass_over(10, under_way=4)
    watched.talk.at += 1.0
    watched.lac_acknowledges(first + nr)
    assert watched.rules() == blamed


def test_what_follows_those_under_way_is_numbered_behind_them() -> None:
    watched = Watched()
    watched.see()
    first = watched.talk.lns.ns
    watched.pass_over(0, under_way=3)
    watched.lns_sends(first + 3)
    watched.lac_acknowledges(first + 4)
    assert watched.rules() == set()

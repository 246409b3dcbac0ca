"""`close`: an endpoint of ours at which nobody is any more, as the IUT is told by ICMP."""

from __future__ import annotations

from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.run.events import Verdict
from tests.run.fakes import Puppet, Rules, say
from tests.run.stage import UP, of_class, play, puppet

GONE = """
- send: SCCRQ
  tunnel: gone
  from: other
- expect: SCCRP
  tunnel: gone
- close: other
- wait: 5s
- alive: device
"""


class Told(Puppet):
    """Notes where ICMP says that nobody is."""

    refusals: list[Address] = []  # noqa: RUF012 -- of the only one there is

    def refused(self, by: Address, now: float) -> None:
        self.refusals.append(by)


def test_what_is_sent_to_a_closed_endpoint_comes_back_as_an_error() -> None:
    Told.refusals.clear()
    rules: Rules = {"SCCRQ": [[say("SCCRP"), say("HELLO", after=1.0), say("HELLO", after=2.0)]]}
    story = play(GONE, factory=puppet(rules, Told))
    assert story.verdict is Verdict.PASS
    other = next(one.source for one in story.frames if one.summary.startswith("SCCRQ"))
    assert Told.refusals == [other, other]
    assert all(one.at < 1.0 for one in story.frames if other in (one.source, one.destination))


def test_who_dies_of_it_is_not_alive() -> None:
    class Dies(Endpoint):
        def refused(self, by: Address, now: float) -> None:
            raise ConnectionRefusedError

    unacknowledged = "- acks: hold\n  tunnel: gone\n" + GONE
    assert play(unacknowledged, factory=of_class(Dies)).verdict is Verdict.FAIL
    assert play(unacknowledged, factory=of_class(Endpoint)).verdict is Verdict.PASS


def test_tunnels_of_other_endpoints_go_on() -> None:
    steps = UP + GONE + "- alive: tunnel\n"
    assert play(steps, factory=of_class(Endpoint)).verdict is Verdict.PASS


def test_the_tunnels_of_a_closed_endpoint_fall_silent() -> None:
    story = play(GONE, {"SCCRQ": [[say("SCCRP"), say("HELLO", after=1.0)]]})
    closed = next(one.source for one in story.frames if one.summary.startswith("SCCRQ"))
    last = max(one.at for one in story.frames if one.source == closed)
    assert last < 0.1


def test_only_what_is_there_can_be_closed() -> None:
    story = play("- send: SCCRQ\n- expect: SCCRP\n- close: nowhere\n", {})
    assert story.verdict is Verdict.ERROR
    assert "nowhere" in story.end.reason

"""Boxes on the wire at the ends of the relay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Command
from tests.cli.test_box import serving
from tests.device.boxes import HERE, THERE

LNS = """\
title: A box
role: lns
launch: {{external: {{at_once: 2, source: {{address: {here}{port}}}}}}}
ics: {{incoming_calls: true}}
ixit: {{secret: secret}}
"""


def described(port: str = "") -> None:
    """A box of which nobody has said where it is, and a second LAC, in ./peers."""
    folder = Path("peers/box")
    folder.mkdir(parents=True)
    (folder / "peer.yaml").write_text(LNS.format(here=HERE, port=port))
    shutil.copytree(ROOT / "peers" / "reference-lac", "peers/second-lac")


@pytest.mark.parametrize(("port", "sources"), [("", 2), (", port: 1710", 1)])
def test_two_lacs_reach_one_box_from_one_address(command: Command, port: str, sources: int) -> None:
    """From ports of their own, or one after the other from the port that peer.yaml wants."""
    described(port)
    names = ("--lac", "reference-lac", "--lac", "second-lac", "--lns", "box*")
    with serving():
        result = command(
            *("relay", *names, "--lns-set", f"ixit.address={THERE}", "--hold", "0.1", "--out", "o")
        )
    assert result.code == 0, result.err + result.out
    events = [json.loads(one) for one in Path("o/events.ndjson").read_text().splitlines()]
    went = {
        tuple(one["source"])
        for one in events
        if one["event"] == "frame" and one["destination"] == [THERE, 1701]
    }
    assert {address for address, _ in went} == {HERE}
    assert len(went) == sources
    if port:
        assert went == {(HERE, 1710)}


@pytest.mark.parametrize("name", ["box", "box*"])
def test_hints_name_the_options_that_the_relay_has(command: Command, name: str) -> None:
    described()
    error = command("relay", "--lac", "reference-lac", "--lns", name).error
    assert "--lns-set ixit.address=ADDRESS" in error
    assert " --set" not in error
    error = command(
        *("relay", "--lac", "reference-lac", "--lns", "box", "--lac-set", "ixit.port=many")
    ).error
    assert "--lac-set" in error
    assert " --set" not in error

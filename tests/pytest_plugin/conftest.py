"""A place where somebody tests a device with pytest: a suite of their own, and a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.bench import PEERS

SUITE = """
title: HELLO
spec: rfc2661
defaults: {iut: [lns], covers: [RFC2661-5.8-06]}
cases:
  good:
    purpose: A HELLO on an established tunnel is acknowledged.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: ack
  bad:
    purpose: A HELLO is answered by a CDN.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: CDN
        within: 1s
  known:
    purpose: A HELLO ends the tunnel.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: StopCCN
        within: 1s
  stale:
    purpose: A HELLO does not end the tunnel.
    steps:
      - establish: tunnel
      - send: HELLO
      - alive: tunnel
  weak:
    purpose: A HELLO should be answered by a CDN.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: CDN
        within: 1s
        otherwise: warn
  not-for-it:
    purpose: Something that it does not claim.
    requires: [sequencing]
    steps:
      - establish: tunnel
      - alive: tunnel
  unsure:
    purpose: What needs a secret that it does not have says nothing.
    secret: another
    steps:
      - establish: tunnel
        authenticate: true
      - alive: tunnel
"""

BASELINE = """
- {case: hello/known, verdict: fail, reason: it is as it is}
- {case: hello/stale, verdict: fail, reason: it was so once}
"""


@pytest.fixture
def place(pytester: pytest.Pytester) -> Path:
    """The folder, with `hello.yaml` and the device `mine`."""
    folder = pytester.path
    (folder / "hello.yaml").write_text(SUITE)
    mine = folder / "mine"
    mine.mkdir()
    description = (PEERS / "reference-lns" / "peer.yaml").read_text()
    (mine / "peer.yaml").write_text(description.replace("sequencing: true", "sequencing: false"))
    (mine / "baseline.yaml").write_text(BASELINE)
    (folder / "test_other.py").write_text("def test_other() -> None: ...\n")
    return folder

"""`serve`: two processes of the command talk to each other over loopback."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from harness.cli.serving import endpoint
from harness.device.addresses import LoopbackAddresses
from harness.errors import UsageError
from tests.cli.command import PATIENCE, Command, process


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A reference peer of its own, ended at the end."""
    with process("serve", *arguments, cwd=folder, stderr=subprocess.PIPE) as peer:
        try:
            yield peer
        finally:
            peer.kill()


def until(peer: subprocess.Popen[bytes], word: str) -> list[str]:
    """What a peer says up to the line with this word."""
    stream: IO[bytes] | None = peer.stderr
    assert stream is not None
    said = []
    for line in stream:
        said.append(line.decode())
        if word in said[-1]:
            return said
    raise AssertionError(f"never said {word!r}: {said}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_lac_calls_an_lns(tmp_path: Path, number: signal.Signals) -> None:
    addresses = LoopbackAddresses()
    lns_at, lac_at = addresses.take(1701), addresses.take(1701)
    secret = ("--secret", "shared", "--challenge")
    try:
        with served(tmp_path, "--address", lns_at, *secret) as lns:
            assert lns_at in until(lns, "listens on")[0]
            dialling = ("--role", "lac", "--address", lac_at, "--dial", lns_at)
            with served(tmp_path, *dialling, *secret, "--number", "5551234") as lac:
                until(lac, "ICCN")
                lac.send_signal(number)
                assert lac.wait(PATIENCE) == 0
                until(lns, "receive StopCCN")
            lns.send_signal(number)
            assert lns.wait(PATIENCE) == 0
    finally:
        addresses.close()


@pytest.mark.parametrize(
    ("arguments", "code", "cause"),
    [
        (["--address", "198.51.100.1"], 3, "cannot bind UDP 198.51.100.1 port 1701"),
        (["--challenge"], 2, "--challenge needs a secret"),
        (["--hello-interval", "nan"], 2, "no time"),
        (["--hello-interval", "-1"], 2, "no time"),
        (["--host-name", ""], 2, "the host name has 0 octets"),
        (["--dial", "lns.example"], 2, "no address of a peer"),
    ],
)
def test_a_peer_that_cannot_be(
    command: Command, arguments: list[str], code: int, cause: str
) -> None:
    result = command("serve", *arguments)
    assert result.code == code
    assert cause in result.error


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 1701)),
        ("192.0.2.1:1702", ("192.0.2.1", 1702)),
        ("::1", ("::1", 1701)),
        ("[::1]", ("::1", 1701)),
        ("[::1]:1702", ("::1", 1702)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert endpoint(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "x", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x", "[::1", "1:2:3"],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        endpoint(text)

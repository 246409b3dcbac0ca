"""The version of the program under test: from its peer.yaml, or from what a command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device.reading.load import load_device
from harness.device.version import version_of
from harness.errors import DataError

PEER = """
title: T
role: lns
version: {version}
launch: {{process: {{binary: ./daemon, command: "${{binary}}"}}}}
"""
DAEMON = """#!/bin/sh
printf '\\n%s version:  daemon-%s\\033[2J\\n' "$1" 4.5
"""


def device(folder: Path, version: str, daemon: str = DAEMON) -> str:
    """The version of a device whose peer.yaml says this."""
    (folder / "daemon").write_text(daemon)
    (folder / "daemon").chmod(0o755)
    (folder / "peer.yaml").write_text(PEER.format(version=version))
    return version_of(load_device(folder))


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ("1.2 beta", "1.2 beta"),
        ("null", ""),
        ('{command: "${binary} x"}', "x version:  daemon-4.5"),
        ('{command: "${binary} hello", pattern: "daemon-[0-9.]+"}', "daemon-4.5"),
        ('{command: "${binary} x", pattern: "daemon-([0-9.]+)"}', "4.5"),
        ('{command: "${binary} x", pattern: "nothing"}', ""),
        ("{command: there-is-no-such-program}", ""),
    ],
)
def test_how_it_is_found(tmp_path: Path, given: str, version: str) -> None:
    assert device(tmp_path, given) == version


def test_a_program_that_fails_or_writes_to_its_other_output(tmp_path: Path) -> None:
    telling = "#!/bin/sh\necho 7.8 >&2\nexit 3\n"
    assert device(tmp_path, '{command: "${binary}"}', telling) == "7.8"


def test_a_flood_is_cut(tmp_path: Path) -> None:
    flood = "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n"
    assert device(tmp_path, '{command: "${binary}"}', flood) == "x" * 100


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("{pattern: x}", "command"),
        ('{command: "${nothing}"}', "nothing"),
        ('{command: x, pattern: "("}', "pattern"),
    ],
)
def test_what_is_no_version(tmp_path: Path, given: str, cause: str) -> None:
    with pytest.raises(DataError, match=cause):
        device(tmp_path, given)

"""The wheel carries all that a run needs, and works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from junitparser import JUnitXml

ROOT = Path(__file__).parents[2]
WITHIN = 900.0

pytestmark = [pytest.mark.packaging]


def checked(words: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nothing of this environment but the package index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    checked([sys.executable, "-m", "build", "--outdir", folder, ROOT], folder)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("l2tp_harness-*-py3-none-any.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel into an environment of its own."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
    ]
    checked([*pip, "install", wheel], folder)
    return folder / "bin" / "l2tp-harness"


def test_the_wheel_carries_code_and_data_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(one for one in names if one.endswith("/METADATA"))).decode()
    tops = {name.partition("/")[0] for name in names}
    assert {top.partition("-")[0] for top in tops} == {"harness", "l2tp_harness"}
    data = {name.removeprefix("harness/data/") for name in names if "harness/data/" in name}
    for folder in ("suites", "peers", "reports"):
        there = {name for name in data if name.startswith(f"{folder}/")}
        assert there == {str(path.relative_to(ROOT)) for path in tracked(folder)}
    assert "harness/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert "License-Expression: GPL-2.0-or-later" in metadata
    assert not [name for name in names if {"tests", "__pycache__"} & set(name.split("/"))]


def tracked(folder: str) -> list[Path]:
    """The files of a folder of the checkout, as far as they belong to it."""
    return [
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def test_the_sdist_can_be_tested(distributions: Path) -> None:
    (sdist,) = distributions.glob("l2tp_harness-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "Makefile", "pyproject.toml", "harness/py.typed"} <= names
    assert {"tests/cli/test_run.py", "suites/README.md", "peers/xl2tpd-lns/peer.yaml"} <= names


def test_an_installed_harness_runs_anywhere(installed: Path, tmp_path: Path) -> None:
    words = ("run", "--device", "reference-lns", "--quick", "--html", "--json")
    done = checked([installed, *words], tmp_path)
    summary = json.loads(done.stdout)
    assert summary["unexpected"] == []
    assert summary["verdicts"]["pass"] > 60
    out = tmp_path / "out" / "reference-lns"
    names = {"events.ndjson", "capture.pcapng", "junit.xml", "summary.json", "report.html"}
    assert {path.name for path in out.iterdir()} == names
    cases = sum(len(suite) for suite in JUnitXml.fromfile(str(out / "junit.xml")))
    assert cases == summary["cases"] + sum(summary["monitors"].values())


def test_an_installed_harness_knows_its_data(installed: Path, tmp_path: Path) -> None:
    told = checked([installed, "devices", "--json"], tmp_path).stdout
    devices = {one["device"]: one for one in json.loads(told)}
    assert {"reference-lns", "reference-lac", "xl2tpd-lns"} <= devices.keys()
    home = str(installed.parents[1])
    assert all(one["folder"].startswith(home) for one in devices.values())
    assert "nothing wrong" in checked([installed, "lint"], tmp_path).stdout
    told = checked([installed, "explain", "5.5-hello/acknowledged"], tmp_path).stdout
    assert home in told


def test_what_is_installed_is_typed(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "from harness.wire import AVP, parse\n\n\ndef first(data: bytes) -> AVP | None:\n"
        "    packet = parse(data).packet\n"
        "    return packet.avps[0] if packet and packet.avps else None\n"
    )
    python = installed.with_name("python")
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", python)
    checked([*mypy, "user.py"], tmp_path)

"""Devices are found by name in folders, or by path; a broken one is listed with its error."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device import find_device, list_devices, search_folders
from harness.errors import UsageError
from tests.device.bench import PEERS

PEER = "title: {}\nrole: lns\nlaunch: {{embedded: {{}}}}\n"


def device(above: Path, name: str, text: str = "") -> Path:
    folder = above / name
    folder.mkdir(parents=True)
    (folder / "peer.yaml").write_text(text or PEER.format(name))
    return folder


def test_first_folder_wins(tmp_path: Path) -> None:
    first = device(tmp_path / "one", "a")
    device(tmp_path / "two", "a")
    other = device(tmp_path / "two", "b")
    search = [tmp_path / "one", tmp_path / "two", tmp_path / "none"]
    assert find_device("a", search) == first
    assert find_device("b", search) == other
    assert [one.folder for one in list_devices(search)] == [first, other]


def test_path_of_a_folder_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = device(tmp_path / "x", "a")
    assert find_device(str(folder), []) == folder
    assert find_device(str(folder / "peer.yaml"), []) == folder
    monkeypatch.chdir(tmp_path / "x")
    assert find_device("./a", []).resolve() == folder
    assert find_device("a", []).resolve() == folder
    monkeypatch.chdir(folder)
    assert find_device(".", []).resolve() == folder


def test_unknown_device(tmp_path: Path) -> None:
    device(tmp_path, "xl2tpd-lns")
    for name, words in [
        ("xl2tpd-lsn", "did you mean 'xl2tpd-lns'?"),
        ("./xl2tpd", "there is no such folder"),
        (str(tmp_path), "it has no peer.yaml"),
    ]:
        with pytest.raises(UsageError) as caught:
            find_device(name, [tmp_path])
        assert words in str(caught.value)


def test_broken_device_is_listed(tmp_path: Path) -> None:
    device(tmp_path, "good")
    device(tmp_path, "bad", "title: 5\nrole: lns\nlaunch: {embedded: {}}\n")
    bad, good = list_devices([tmp_path])
    assert good.device is not None
    assert good.device.title == "good"
    assert bad.error is not None
    assert "peer.yaml:1:8" in str(bad.error)


def test_devices_of_the_project_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_device("xl2tpd-lns", search_folders()).resolve() == PEERS / "xl2tpd-lns"

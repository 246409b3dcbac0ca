"""What README.md shows works as it stands there."""

from __future__ import annotations

import re

import pytest
import yaml

from harness.cli.commands import commands
from tests.cli.command import ROOT, Command

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def block(first_words: str) -> str:
    """The YAML block that begins so."""
    (found,) = [each for each in BLOCKS if each.startswith(first_words)]
    return str(found)


def test_the_case_passes(command: Command) -> None:
    (command.folder / "my-suites").mkdir()
    (command.folder / "my-suites" / "hello.yaml").write_text(block("# my-suites/hello.yaml"))
    for device in ("reference-lns", "reference-lac"):
        result = command("run", "--suites", "my-suites", "--device", device, "--json")
        assert result.json["verdicts"]["pass"] == 1


def test_the_device_can_be_read(command: Command) -> None:
    folder = command.folder / "peers" / "mine"
    folder.mkdir(parents=True)
    (folder / "peer.yaml").write_text(block("# peers/mine/peer.yaml"))
    (folder / "mylnsd.conf.j2").write_text("secret {{ secret }}\n")
    result = command("lint", "--device", "mine")
    assert "peers/mine" not in result.out
    listed = {one["device"]: one for one in command("devices", "--json").json}
    assert listed["mine"]["missing"]["hint"].startswith("apt-get install mylnsd")


@pytest.mark.parametrize("text", BLOCKS)
def test_every_example_is_yaml(text: str) -> None:
    assert isinstance(yaml.safe_load(text), dict)


def test_every_command_is_described() -> None:
    table = README.partition("## Commands")[2].partition("`--help`")[0]
    assert re.findall(r"^\| `(\w+)", table, re.MULTILINE) == list(commands.commands)


def test_every_option_is_there() -> None:
    options = {
        option
        for each in commands.commands.values()
        for parameter in each.params
        for option in parameter.opts
    }
    for line in README.splitlines():
        if "l2tp-harness " in line or line.lstrip().startswith("--"):
            for option in re.findall(r"--[a-z][a-z-]+", line.partition("l2tp-harness ")[2]):
                assert option in options, line


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", README))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("name", re.findall(r"`make (\w+)`", README))
def test_every_target_is_there(name: str) -> None:
    assert f"\n{name}:" in (ROOT / "Makefile").read_text()

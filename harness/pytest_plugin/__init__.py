"""A pytest plugin: every case of the suites is a test item, run against a device.

It does nothing, and imports nothing of the harness, unless `--l2tp-device` names one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

OUT = Path("out") / "pytest"
"""Where the runs leave their event streams and reports, a folder for each device."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own in `--help`."""
    group = parser.getgroup("l2tp", "L2TP conformance (l2tp-harness)")
    group.addoption(
        "--l2tp-device",
        action="append",
        default=[],
        metavar="NAME|PATH",
        help="test this device: each case of the suites becomes an item; repeatable, also a glob",
    )
    group.addoption(
        "--l2tp-select",
        action="append",
        default=[],
        metavar="WORD",
        help="of the cases those that this means, as with `l2tp-harness run`: an id or a glob over "
        "ids, a suite, a requirement row, tag:slow; repeatable",
    )
    group.addoption("--l2tp-quick", action="store_true", help="of the cases a quick sample")
    group.addoption("--l2tp-shard", metavar="K/N", help="of the cases the K-th of N parts")
    group.addoption("--l2tp-suites", type=Path, metavar="DIR", help="take suites from here")
    group.addoption(
        "--l2tp-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replace a value of peer.yaml; repeatable",
    )
    group.addoption(
        "--l2tp-no-baseline", action="store_true", help="excuse nothing: ignore baseline.yaml"
    )
    group.addoption(
        "--l2tp-time-scale",
        type=float,
        default=1.0,
        metavar="X",
        help="wait X times as long for a slow device",
    )
    group.addoption(
        "--l2tp-out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help=f"where streams, captures and reports go (default: {OUT})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Come to life if a device is named."""
    if config.getoption("l2tp_device"):
        from harness.pytest_plugin.plugin import CasePlugin

        config.pluginmanager.register(CasePlugin.of(config), "l2tp-cases")

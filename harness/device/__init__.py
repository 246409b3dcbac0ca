"""Devices under test: finding and reading them, bringing one up, acting on it, ending it."""

from __future__ import annotations

from harness.device.addresses import LoopbackAddresses
from harness.device.ics import CAPABILITIES
from harness.device.lease import Death, Lease, Runner
from harness.device.load import load_device
from harness.device.model import DEFAULT_CONFIGURATION, Device, EmbeddedLaunch, Ixit, ProcessLaunch
from harness.device.process import ProcessRunner
from harness.device.registry import find_device, list_devices, search_folders

__all__ = [
    "CAPABILITIES",
    "DEFAULT_CONFIGURATION",
    "Death",
    "Device",
    "EmbeddedLaunch",
    "Ixit",
    "Lease",
    "LoopbackAddresses",
    "ProcessLaunch",
    "ProcessRunner",
    "Runner",
    "find_device",
    "list_devices",
    "load_device",
    "search_folders",
]

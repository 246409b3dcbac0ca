"""Devices under test: finding and reading them, bringing one up, acting on it, ending it."""

from __future__ import annotations

from harness.device.addresses import LoopbackAddresses
from harness.device.description.device import Device, Ixit
from harness.device.description.ics import CAPABILITIES
from harness.device.description.launch import EmbeddedLaunch, ProcessLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.lease import Death, Lease, Runner
from harness.device.process import ProcessRunner
from harness.device.reading.load import load_device
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

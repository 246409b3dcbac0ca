"""What is done to a device: by its control FIFO, a signal, or from outside."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.device.description.console import ConsoleLine
from harness.device.description.template import Template

CONFIGURE: Final = "configure"
"""The action that brings a device into one of its configurations."""


ALIVE_WITHIN: Final = 10.0


ACTION_WITHIN: Final = 10.0


ASKED_WITHIN: Final = 300.0


@dataclass(frozen=True, slots=True)
class ControlAction:
    """A line that is written into the control FIFO."""

    line: Template


@dataclass(frozen=True, slots=True)
class SignalAction:
    """A signal that the device is sent."""

    signal: signal.Signals


@dataclass(frozen=True, slots=True)
class CommandAction:
    """A command that is run to its end; `within` is in seconds."""

    command: tuple[Template, ...]
    within: float


@dataclass(frozen=True, slots=True)
class ConsoleAction:
    """Lines for the command line. configure: they are typed in configuration mode.

    expect: what the output has to have in it. within: seconds for each line.
    """

    lines: tuple[ConsoleLine, ...]
    configure: bool = False
    expect: re.Pattern[str] | None = None
    within: float = ACTION_WITHIN


@dataclass(frozen=True, slots=True)
class HttpAction:
    """A request to a hook; any status from 200 to 299 is success.

    body: text is sent as it stands, a mapping or a list as JSON.
    """

    method: str
    url: Template
    headers: Mapping[str, Template] = field(default_factory=dict)
    body: object = None
    expect: re.Pattern[str] | None = None
    within: float = ACTION_WITHIN


@dataclass(frozen=True, slots=True)
class AskAction:
    """Something that a person is asked to do, and has so many seconds for."""

    text: Template
    within: float = ASKED_WITHIN


ExternalAction = ConsoleAction | HttpAction | AskAction | CommandAction


Action = ControlAction | SignalAction | ExternalAction

"""A run in a process of its own: `python -m harness.pytest_plugin.child`, its task on stdin.

Clocks, signals and a defect of the harness are so no concern of pytest's. It ends with its parent.
While it lives it holds the lock that it was given.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from harness.cli.running import Request, execute

_PDEATHSIG: Final = 1
_PATHS: Final = ("out", "junit", "suites")
_SEQUENCES: Final = ("arguments", "selection", "settings")


def to_text(request: Request, done: Path, session: str) -> str:
    """A task: the run, and the file that says of which session it was, once it is over."""
    given: dict[str, Any] = asdict(request)
    for name in _PATHS:
        given[name] = None if given[name] is None else str(given[name])
    if request.cases is not None:
        given["cases"] = sorted(request.cases)
    return json.dumps({"request": given, "done": str(done), "session": session})


def from_text(text: str) -> tuple[Request, Path, str]:
    """What `to_text` has written."""
    task = json.loads(text)
    given = task["request"]
    for name in _PATHS:
        given[name] = None if given[name] is None else Path(given[name])
    for name in _SEQUENCES:
        given[name] = tuple(given[name])
    if given["cases"] is not None:
        given["cases"] = frozenset(given["cases"])
    return Request(**given), Path(task["done"]), task["session"]


def main() -> None:
    """Do the task; the exit code is that of the run."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)  # it has gone already
    request, done, session = from_text(sys.stdin.read())
    code = execute(request)
    done.write_text(session)
    sys.exit(code)


if __name__ == "__main__":
    main()

"""The part of a device's cases that one process runs, whichever worker has started it."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.cli.running import Request
from harness.pytest_plugin.child import to_text
from harness.run.events import EVENTS_FILE

SAID: Final = "stderr.txt"
_DONE: Final = ".done"
_LOCK: Final = ".lock"


@dataclass(slots=True)
class Part:
    """A run into a folder. session: a name that all workers know, and no other session has."""

    request: Request
    session: str
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """Where its stream and its reports go."""
        return self.request.folder

    def begin(self, *, wait: bool = False) -> None:
        """Start it, unless it is over or under way. wait: for another worker that is at it."""
        if self._process is not None or is_done(self.folder, self.session):
            return
        with locked(self.folder, wait=wait) as lock:
            if lock is None or is_done(self.folder, self.session):
                return
            (self.folder / EVENTS_FILE).unlink(missing_ok=True)
            with (self.folder / SAID).open("w") as said:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "harness.pytest_plugin.child"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    text=True,
                    start_new_session=True,  # a Ctrl-C is ours to pass on, once
                    pass_fds=[lock],  # whoever waits does so for the run, not for this worker
                )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(to_text(self.request, self.folder / _DONE, self.session))

    def finish(self) -> None:
        """Wait until it is over, starting it if nobody has."""
        self.begin(wait=True)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """End it, where it was started here, as a Ctrl-C does: it writes its reports."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def said(self) -> str:
        """The last line that it has told a person."""
        with contextlib.suppress(OSError):
            lines = (self.folder / SAID).read_text(errors="backslashreplace").splitlines()
            return next((line for line in reversed(lines) if line.strip()), "")
        return ""


def is_done(folder: Path, session: str) -> bool:
    """Whether what a folder holds is what this session has made, and all of it."""
    path = folder / _DONE
    return path.is_file() and path.read_text() == session


def mark_done(folder: Path, session: str) -> None:
    """Say that a folder holds all of it."""
    (folder / _DONE).write_text(session)


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[int | None]:
    """The lock of a folder, as a file descriptor; None if another has it and nobody waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            yield lock.fileno()

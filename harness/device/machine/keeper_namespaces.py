"""Namespaces of a keeper and of its devices, by the system calls that make them.

Rules of this file: those of `keeper_script`.
"""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path

NEW_MOUNTS = 0x00020000
NEW_PIDS = 0x20000000
NEW_NETWORK = 0x40000000
BIND = 4096

_NEW_USER = 0x10000000
_RECURSIVE = 16384
_PRIVATE = 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


class StepError(Exception):
    """A step of starting a device failed: which one, on what, and the error number."""

    def __init__(self, step: str, number: int, path: str = "") -> None:
        super().__init__(step)
        self.step = step
        self.number = number
        self.path = path

    def told(self, device: int) -> dict[str, str | int]:
        """The message to the harness that the start of this device failed."""
        return {
            "is": "failed",
            "id": device,
            "step": self.step,
            "path": self.path,
            "errno": self.number,
        }


def _call(step: str, path: str, result: int) -> None:
    if result != 0:
        raise StepError(step, ctypes.get_errno(), path)


def unshare(flags: int) -> None:
    """Go on in namespaces of its own. Raises StepError."""
    _call("namespaces", "", _libc.unshare(flags))


def go_into(handle: int, kind: int, step: str) -> None:
    """Go on in a namespace of this kind; of a PID namespace, with the next fork. Raises StepError.

    handle: its open file below /proc. step: what it is for, as it is said when it fails.
    """
    _call(step, "", _libc.setns(handle, kind))


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """Mount. Raises StepError."""
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), flags, None)
    _call("mount", target, result)


def own_mounts() -> None:
    """Go on with mounts that nobody else sees. Raises StepError."""
    unshare(NEW_MOUNTS)
    mount("none", "/", "", _RECURSIVE | _PRIVATE)


def try_namespaces() -> str:
    """Why namespaces cannot be had; empty when they can. Tried in a child that ends at once."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            unshare(NEW_PIDS)
            own_mounts()
        except StepError as error:
            os.write(writer, f"{error.step}: {os.strerror(error.number)}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    reason = os.read(reader, 1000).decode()
    os.close(reader)
    os.waitpid(child, 0)
    return reason


def enter_user_namespace(channel: socket.socket) -> str:
    """Go on as first process of a user and a PID namespace; why that cannot be, or empty.

    User and group keep their numbers, so that nothing looks different from inside.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(_NEW_USER | NEW_PIDS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except StepError as error:
        return f"user namespaces: {os.strerror(error.number)}"
    except OSError as error:
        return f"user namespaces: {error.strerror}"
    child = os.fork()
    if child:
        channel.close()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    return try_namespaces()

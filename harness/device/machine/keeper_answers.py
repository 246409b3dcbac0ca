"""What a keeper tells, and who waits for it: the same for the keeper of this machine and a guest's.

See `keeper_script` for the messages.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import DeviceError

USER_NAMESPACES = "user-namespaces"
"""The isolation of a keeper that is in a user and a PID namespace itself."""

IN_A_CONTAINER = "container"
"""The isolation of a keeper that starts devices in a container."""

_STEPS = {
    "run": "cannot run {path}: {reason}",
    "mount": "cannot mount over {path}: {reason}",
    "namespaces": "cannot make a namespace: {reason}",
    "network": "cannot enter a network namespace: {reason}",
    "fork": "cannot start a process: {reason}",
}


class LostError(DeviceError):
    """What a program is in has ended, or what sees to it: nothing will be told of it any more."""


@dataclass(slots=True, eq=False)
class Child:
    """A process that a keeper started.

    started: done once it runs, or DeviceError `device.start`. died: its wait status, as
    `os.waitpid` gives it. ended: done once nothing that it had started is left. process: its
    number as this process sees it, 0 when that is not known.
    """

    number: int
    started: asyncio.Future[None]
    died: asyncio.Future[int]
    ended: asyncio.Future[None]
    process: int = 0


@dataclass(slots=True)
class Answers:
    """The children of a keeper, and the answers that are outstanding.

    apart: whether it counts processes in a way of its own. isolation and reason: what its `hello`
    said.
    """

    apart: bool = False
    isolation: str = ""
    reason: str = ""
    _hello: asyncio.Future[None] | None = None
    _children: dict[int, Child] = field(default_factory=dict)
    _answers: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _count: int = 0

    def hello(self) -> asyncio.Future[None]:
        """Done once it is there."""
        self._hello = asyncio.get_running_loop().create_future()
        return self._hello

    def child(self) -> Child:
        """A child with the next number, of which nothing is known yet."""
        loop = asyncio.get_running_loop()
        self._count += 1
        child = Child(self._count, loop.create_future(), loop.create_future(), loop.create_future())
        self._children[child.number] = child
        return child

    def forget(self, child: Child) -> None:
        """Expect nothing of a child any more."""
        self._children.pop(child.number, None)

    def question(self) -> tuple[int, asyncio.Future[None]]:
        """The number of a question, and what is done with the answer to it."""
        self._count += 1
        answer = asyncio.get_running_loop().create_future()
        self._answers[self._count] = answer
        return self._count, answer

    def told(self, message: Mapping[str, Any]) -> None:
        """Take a message."""
        if message["is"] == "hello":
            self.isolation, self.reason = message["isolation"], message["reason"]
            if self._hello is not None:
                resolve(self._hello)
            return
        if message["is"] in ("pong", "network", "control"):
            answer = self._answers.pop(message["id"], None)
            if answer is not None and message.get("failed"):
                code = "device.control" if message["is"] == "control" else "device.namespace"
                fail(answer, DeviceError(code, str(message["failed"])))
            if answer is not None:
                resolve(answer)
            return
        child = self._children.get(message["id"])
        if child is None:
            return
        match message["is"]:
            case "started":
                is_apart = self.apart or self.isolation == USER_NAMESPACES
                child.process = 0 if is_apart else message["process"]
                resolve(child.started)
            case "failed":
                fail(child.started, _start_error(message))
            case "died":
                if not child.died.done():
                    child.died.set_result(message["status"])
            case "ended":
                del self._children[child.number]
                resolve(child.ended)

    def give_up(self, error: DeviceError) -> None:
        """Nothing will be told any more."""
        waiting = [self._hello, *self._answers.values()]
        for child in self._children.values():
            waiting += [child.started, child.ended]
            fail(child.died, error)
        for future in waiting:
            if future is not None:
                fail(future, error)
        self._children.clear()
        self._answers.clear()


def resolve(future: asyncio.Future[None]) -> None:
    """Set a future unless it is done."""
    if not future.done():
        future.set_result(None)


def fail(future: asyncio.Future[Any], error: DeviceError) -> None:
    """Fail a future unless it is done."""
    if not future.done():
        future.set_exception(error)
        future.exception()  # that nobody waits for it is no fault


def _start_error(message: Mapping[str, Any]) -> DeviceError:
    reason = os.strerror(message["errno"])
    text = _STEPS[message["step"]].format(path=message["path"], reason=reason)
    return DeviceError("device.start", text)

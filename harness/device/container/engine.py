"""The container engine: Docker, or podman through its Docker-compatible socket (DOCKER_HOST).

Everything that is asked of it goes through here, in threads, and every refusal becomes a
DeviceError with its cause and a hint.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from harness.device.worker import Worker
from harness.errors import DeviceError

if TYPE_CHECKING:
    from docker import APIClient

Result = TypeVar("Result")

_THREADS: Final = 64
_ANSWERS_WITHIN: Final = 60.0
_START_IT: Final = (
    "start it: `systemctl start docker`, or `make devices` where no service manager does; "
    "DOCKER_HOST names the socket of another, such as podman's"
)
_PERMISSION: Final = "run as root, or as a member of the group docker"
_UNIX: Final = "unix://"
_USUAL_SOCKET: Final = f"{_UNIX}/var/run/docker.sock"
_PORT_TAKEN: Final = ("address already in use", "port is already allocated")


def connect() -> APIClient:
    """A client of the engine. Raises DeviceError when there is none, or it may not be used."""
    try:
        import docker
    except ImportError as error:
        raise DeviceError(
            "device.no-docker-sdk",
            "a device in a container needs the package docker",
            hint="pip install 'l2tp-harness[containers]'",
        ) from error
    where = os.environ.get("DOCKER_HOST", _USUAL_SOCKET)
    if where.startswith(_UNIX):
        _try_socket(where.removeprefix(_UNIX))
    try:
        keywords = docker.utils.kwargs_from_env()
        return docker.APIClient(
            version="auto", timeout=_ANSWERS_WITHIN, max_pool_size=_THREADS, **keywords
        )
    except docker.errors.DockerException as error:
        raise DeviceError(
            "device.no-engine",
            f"the container engine at {where} cannot be used: {error}",
            hint=_START_IT,
        ) from error


def _try_socket(path: str) -> None:
    """Raise DeviceError when nobody listens, or it is forbidden: the client would not say which."""
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(path)
        except PermissionError as error:
            raise DeviceError(
                "device.no-permission",
                f"no permission to use the container engine at {path}",
                hint=_PERMISSION,
            ) from error
        except OSError as error:
            raise DeviceError(
                "device.no-engine",
                f"no container engine answers at {path}: {error.strerror or error}",
                hint=_START_IT,
            ) from error


class Engine:
    """A connection to the engine, used by many leases at once."""

    def __init__(self, client: APIClient) -> None:
        self.client = client
        self.closed = False
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="engine")

    async def ask(self, what: str, work: Callable[[], Result]) -> Result:
        """Do something with the client in a thread. `what`: for the text of an error."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, asked, what, work)

    async def take_time(self, what: str, work: Callable[[APIClient], Result]) -> Result:
        """The same for what may take minutes: a client of its own, and nobody waits for its end
        but who asked. When the harness ends the engine is hung up on, which ends it there.
        """
        client = await asyncio.to_thread(connect)
        worker = Worker(f"engine: {what}")
        try:
            result = await worker.do(partial(asked, what, partial(work, client)), None)
        finally:
            worker.close()
        client.close()
        return result

    def close(self) -> None:
        """Wait for the threads. The client still works."""
        self.closed = True
        self._threads.shutdown()


def asked(what: str, work: Callable[[], Result]) -> Result:
    """Do something with the client. Raises DeviceError `device.container`, or a more exact one."""
    import docker.errors
    import requests

    try:
        return work()
    except docker.errors.APIError as error:
        raise _refused(what, error) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise DeviceError(
            "device.no-engine", f"cannot {what}: the container engine is gone ({error})"
        ) from error


def _refused(what: str, error: Any) -> DeviceError:
    reason = " ".join(str(error.explanation or error).split())
    if any(sign in reason for sign in _PORT_TAKEN):
        return DeviceError(
            "device.port-taken",
            f"cannot {what}: {reason}",
            hint="another container has the port: `docker ps` shows it",
        )
    return DeviceError("device.container", f"cannot {what}: {reason}")

"""Whose a container is: labels that tell the run which made it, and whether that run still lives.

A run is named by the machine's boot, the PID namespace, the process and when that began, so that
neither a number that is used again nor another machine's run is taken for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

OWNER: Final = "l2tp-harness.owner"
DEVICE: Final = "l2tp-harness.device"
CASE: Final = "l2tp-harness.case"
IMAGE: Final = "l2tp-harness.image"
RECIPE: Final = "l2tp-harness.recipe"

DONE: Final = b"done\n"
"""What a run says to its `container_watch` when it has cleaned up by itself."""


def own_name() -> str:
    """The name of this process as an owner."""
    return f"{_boot()}/{_namespace()}/{os.getpid()}/{_began(os.getpid())}"


def is_left(labels: dict[str, str], running: bool) -> bool:
    """Whether a container was left behind by a run of the harness that has ended.

    What cannot be told is not left: it may be in use in another PID namespace.
    """
    parts = labels.get(OWNER, "").split("/")
    if len(parts) != 4:
        return False
    boot, namespace, process, began = parts
    if boot != _boot():
        return not running
    if namespace != _namespace() or not process.isdigit():
        return False
    return _began(int(process)) != began


def remove_left(client: Any) -> list[str]:
    """Remove the containers that ended runs left behind. Their names."""
    found = client.containers(all=True, filters={"label": OWNER})
    left = [one for one in found if is_left(one["Labels"], one["State"] == "running")]
    return [one["Names"][0].lstrip("/") for one in left if remove(client, one["Id"])]


def remove_of(client: Any, owner: str) -> None:
    """Remove the containers of one run."""
    for one in client.containers(all=True, filters={"label": f"{OWNER}={owner}"}):
        remove(client, one["Id"])


def remove(client: Any, container: str) -> bool:
    """Remove a container, running or not. False when it has gone or is about to."""
    import docker.errors

    try:
        client.remove_container(container, force=True, v=True)
    except docker.errors.APIError as error:
        if error.response is None or error.response.status_code not in (404, 409):
            raise
        return False
    return True


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _namespace() -> str:
    return Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")


def _began(process: int) -> str:
    """When a process began, in ticks since the boot; empty when there is none."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name, in parentheses, may hold anything
    return status.rpartition(")")[2].split()[19]

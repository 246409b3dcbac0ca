"""Images of containers: found, pulled, or built on first use.

An image that is built is named for its folder and for what is in it, so that a changed Dockerfile
makes another. The base is a build argument; where peer.yaml leaves it open the one that `make
base-image` made is taken, if there is one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.device.container.labels import IMAGE, RECIPE
from harness.device.description.device import Device
from harness.device.description.launch import DEFAULT_BASE, ContainerLaunch
from harness.errors import DeviceError

if TYPE_CHECKING:
    from docker import APIClient

LOCAL_BASE: Final = "l2tp-harness/base:bookworm"
"""The base that `make base-image` makes."""

_NOT_OF_THE_IMAGE: Final = (".yaml", ".j2", ".md")
_LAST_WORDS: Final = 6
_LAST_PIECES: Final = 200
"""Of the engine's answer, in which a line of errors comes in several."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_REMOVING: Final = ("Removing intermediate container", " ---> ")
_BASE_HINT: Final = (
    "where no registry answers, `make base-image` makes a base; another one: "
    "--set launch.container.base=NAME"
)


def image_of(client: APIClient, device: Device, launch: ContainerLaunch) -> str:
    """The image of a device, which is there when this returns. Raises DeviceError."""
    if launch.build is None:
        if not is_here(client, launch.image):
            _pull(client, device, launch)
        return launch.image
    base = base_of(client, launch)
    recipe = _recipe(launch.build, base)
    name = launch.image or _name(launch.build, recipe)
    if not is_here(client, name) or _is_outdated(client, name, recipe):
        _build(client, device, launch.build, base, name, recipe)
    return name


def is_here(client: APIClient, image: str) -> bool:
    """Whether the engine has an image."""
    import docker.errors

    try:
        client.inspect_image(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def base_of(client: APIClient, launch: ContainerLaunch) -> str:
    """The base to build on."""
    if launch.base:
        return launch.base
    return LOCAL_BASE if is_here(client, LOCAL_BASE) else DEFAULT_BASE


def _is_outdated(client: APIClient, image: str, recipe: str) -> bool:
    """Whether an image was built here of something else. One that somebody else made is theirs."""
    labels = client.inspect_image(image)["Config"].get("Labels") or {}
    return bool(labels.get(RECIPE, recipe) != recipe)


def _recipe(folder: Path, base: str) -> str:
    """What an image is built of, in a word."""
    digest = hashlib.sha256(base.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in _NOT_OF_THE_IMAGE:
            digest.update(f"\0{path.relative_to(folder)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _name(folder: Path, recipe: str) -> str:
    word = "".join(one if one.isalnum() else "-" for one in folder.resolve().name.lower())
    return f"l2tp-harness/{word.strip('-') or 'device'}:{recipe}"


def _pull(client: APIClient, device: Device, launch: ContainerLaunch) -> None:
    import docker

    name, tag = docker.utils.parse_repository_tag(launch.image)
    try:
        stream = client.pull(name, tag=tag or "latest", stream=True, decode=True)
        failed = _follow(stream, [])  # podman tells of an error at the end of its answer alone
    except docker.errors.APIError as error:
        failed = _one_line(error.explanation)
    if failed:
        raise DeviceError(
            "device.no-image",
            f"{device.name} needs the image {launch.image}, which is not here and cannot be "
            f"pulled: {failed}",
            hint="build or load it; another one: --set launch.container.image=NAME",
            place=launch.place,
        )


def _build(
    client: APIClient, device: Device, folder: Path, base: str, name: str, recipe: str
) -> None:
    import docker.errors

    said: list[str] = []
    try:
        stream = client.build(
            path=str(folder),
            tag=name,
            buildargs={"BASE": base},
            labels={IMAGE: device.name, RECIPE: recipe},
            rm=True,
            forcerm=True,
            decode=True,
        )
        failed = _follow(stream, said)
    except docker.errors.APIError as error:
        failed = _one_line(error.explanation)
    if failed:
        words = "\n    ".join(_last_lines("".join(said)))
        hint = _BASE_HINT if not is_here(client, base) else f"it said: {words}"
        raise DeviceError(
            "device.no-image",
            f"cannot build the image of {device.name} from {folder}/Dockerfile: {failed}",
            hint=hint,
        )


def _follow(stream: Iterable[dict[str, Any]], said: list[str]) -> str:
    """Read what a build tells, to its end; the error, or empty."""
    failed = ""
    for message in stream:
        if "error" in message:
            failed = _one_line(message["error"])
        said.append(str(message.get("stream", "")))
        del said[:-_LAST_PIECES]
    return failed


def _last_lines(said: str) -> list[str]:
    """The last lines of what a build said, without its colours and what it says of itself."""
    lines = (line.rstrip() for line in _COLOURS.sub("", said).splitlines())
    return [line for line in lines if line and not line.startswith(_REMOVING)][-_LAST_WORDS:]


def _one_line(text: object) -> str:
    return " ".join(str(text).split())

"""An HTTP request that does something to a device, such as one to a lab controller."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.device.description.action import HttpAction
from harness.device.description.template import PlainValue, Template
from harness.device.templates import fill
from harness.device.worker import Worker
from harness.errors import DeviceError
from harness.wire.text import printable

_LONGEST_ANSWER: Final = 1 << 20
_SHOWN: Final = 300
_GRACE: Final = 2.0


async def request(
    worker: Worker,
    action: HttpAction,
    names: Mapping[str, PlainValue],
    scale: float,
    masked: Callable[[str], str] = str,
) -> str:
    """Send the request and give the body of the answer. Raises DeviceError `device.hook`.

    masked: takes out of a text what is not to be shown, before it is cut.
    """
    url = fill(action.url, names)
    headers = {name: fill(value, names) for name, value in action.headers.items()}
    body: bytes | None = None
    if isinstance(action.body, Template):
        body = fill(action.body, names).encode()
    elif action.body is not None:
        body = json.dumps(_filled(action.body, names)).encode()
        headers.setdefault("Content-Type", "application/json")
    within = action.within * scale
    what = f"{action.method} {_without_password(masked(url))}"
    if not url.startswith(("http://", "https://")):
        raise DeviceError("device.hook", f"{what} is no http or https URL")
    try:
        made = urllib.request.Request(  # noqa: S310 -- of these schemes
            url, data=body, headers=headers, method=action.method
        )
    except ValueError as error:
        raise DeviceError("device.hook", f"{what}: {masked(str(error))}") from error

    def ask() -> str:
        with urllib.request.urlopen(made, timeout=within) as answer:  # noqa: S310 -- http(s) only
            read: bytes = answer.read(_LONGEST_ANSWER)
            return read.decode("utf-8", "backslashreplace")

    try:
        told = await worker.do(ask, within + _GRACE)
    except urllib.error.HTTPError as error:
        with error:
            said = masked(_body_of(error)).strip()
        raise DeviceError(
            "device.hook",
            f"{what} was answered with {error.code} {printable(str(error.reason), 100)}",
            hint=f"it said: {printable(said, _SHOWN)}" if said else "",
        ) from error
    except http.client.InvalidURL as error:
        raise DeviceError(
            "device.hook",
            f"{what} is no URL: {printable(masked(str(error)), _SHOWN)}",
            hint="a blank or another odd character in a path is written as %20, and so on",
        ) from error
    except http.client.HTTPException as error:
        said = printable(masked(str(error) or type(error).__name__), _SHOWN)
        raise DeviceError(
            "device.hook",
            f"what answers {what} speaks no HTTP, or broke off: {said}",
            hint="is it the right port, and http or https as it should be?",
        ) from error
    except TimeoutError as error:
        raise DeviceError(
            "device.hook",
            f"{what} was not answered within {within:g} s",
            hint="is it the right host?",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        told = printable(masked(getattr(reason, "strerror", None) or str(reason)), _SHOWN)
        raise DeviceError(
            "device.hook", f"{what} failed: {told}", hint="is the service running there?"
        ) from error
    if action.expect is not None and not action.expect.search(told):
        raise DeviceError(
            "device.hook",
            f"the answer to {what} has no {action.expect.pattern!r}",
            hint=f"it said: {printable(masked(told).strip(), _SHOWN)}",
        )
    return told


def _body_of(error: urllib.error.HTTPError) -> str:
    """The beginning of what came with a refusal, as far as it came."""
    try:
        read: bytes = error.read(_LONGEST_ANSWER)
    except (OSError, http.client.HTTPException):
        return ""
    return read.decode("utf-8", "backslashreplace")


def _filled(body: Any, names: Mapping[str, PlainValue]) -> Any:
    """A structure with its texts filled in."""
    if isinstance(body, Template):
        return fill(body, names)
    if isinstance(body, Mapping):
        return {key: _filled(value, names) for key, value in body.items()}
    if isinstance(body, tuple):
        return [_filled(value, names) for value in body]
    return body


def _without_password(url: str) -> str:
    """A URL as it may be shown: without what stands before the @, and without its query."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return printable(f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}")

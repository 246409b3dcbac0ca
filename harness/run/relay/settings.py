"""What the relay calls `--set`: it has one for each side, and hints have to name that."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from harness.errors import DataErrors, HarnessError
from harness.run.relay.conversation import Who

_PLAIN: Final = "--set "


@contextlib.contextmanager
def settings_of(who: Who) -> Iterator[None]:
    """Errors about a device of this side tell of the option that sets its values."""
    try:
        yield
    except HarnessError as error:
        for one in (error, *(error.errors if isinstance(error, DataErrors) else ())):
            _reword(one, f"--{who}-set ")
        raise


def _reword(error: HarnessError, option: str) -> None:
    error.cause = error.cause.replace(_PLAIN, option)
    error.hint = error.hint.replace(_PLAIN, option)
    if error.place is not None and error.place.file.startswith(_PLAIN):
        error.place = replace(error.place, file=option + error.place.file.removeprefix(_PLAIN))

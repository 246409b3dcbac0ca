"""Where the data of the harness is: in a checkout beside the package, in a wheel inside of it."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `suites`, `peers` or `reports`. HarnessError when the installation is broken."""
    for above in (_PACKAGE / "data", _PACKAGE.parent):
        if (above / name).is_dir():
            return above / name
    raise HarnessError(
        "install.no-data",
        f"the installation has no folder {name!r}",
        hint="install the wheel again, or run from a checkout",
    )

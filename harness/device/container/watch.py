"""Removes the containers of a run whose harness was killed. Run as a process of its own:

    python -m harness.device.container.watch OWNER FOLDER

It waits for the end of its standard input, which only the harness holds. A harness that ends in
order says `done` first, and has cleaned up by itself. Should this process be killed as well, the
next run removes what was left.
"""

from __future__ import annotations

import shutil
import sys

from harness.device.container.labels import DONE


def main(arguments: list[str]) -> None:
    """Wait, and clean up if there is need to."""
    owner, folder = arguments
    if sys.stdin.buffer.read() == DONE:
        return
    from harness.device.container.engine import connect
    from harness.device.container.labels import remove_of

    try:
        remove_of(connect(), owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])

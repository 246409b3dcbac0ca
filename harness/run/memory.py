"""The garbage collector: what suites and tables hold lives from their loading until the end."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

_OBJECTS_UNTIL_COLLECTION: Final = 100_000


@contextlib.contextmanager
def growing_memory() -> Iterator[None]:
    """Keep the collector off what is being loaded, which stays: a tenth of the time of loading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def settled_memory() -> Iterator[None]:
    """Keep the collector from walking through the suites again and again: a third of the time."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTION, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

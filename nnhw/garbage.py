"""Python's search for cycles of garbage, which is in the way where much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """No such search within; a block, or decorated function, that another one is in changes
    nothing.

    A netlist is some millions of objects: elaboration takes twice as long while Python looks again
    and again for cycles among them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

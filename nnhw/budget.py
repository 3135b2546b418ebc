"""How much memory and work a file may ask for, counted before anything is allocated.

A file of a few bytes can name a tensor of a terabyte, or a thousand million turns of a loop. So
whoever is about to allocate or compute what a file asks for says so first: `need_memory` and
`need_work` refuse what the budget does not allow. The budget is one number of bytes, the option
`max_memory`. The memory that things take is estimated, rather too high than too low, and each thing
is held against the whole budget, as most of them do not live at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import BudgetError, OptionError

DEFAULT_MAX_MEMORY = "4G"
"""Suits a machine of 8 GB: it leaves room for the simulator and for other programs."""

OPERATIONS_PER_BYTE = 50
"""Operations on single numbers that the budget allows, for each byte of it.

So that one option raises both: 4 GiB allow 2 * 10^11 multiply-accumulates, which take some seconds.
"""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LEAST = 1 << 20
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)

_limit: ContextVar[int] = ContextVar("max_memory")


def parse_memory(value: int | str) -> int:
    """Bytes of a number of bytes, or of a text such as "4G" or "1.5 GiB" (powers of 1024).

    Raises
    ------
    OptionError
        If it is neither, or less than a megabyte.
    """
    size = 0
    if isinstance(value, str):
        found = _SIZE.fullmatch(value.strip())
        if found:
            size = int(float(found[1]) * _UNITS[found[2].upper()])
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    if not _LEAST <= size < 1 << 63:
        shown = repr(value) if isinstance(value, str) else "a number out of range"
        raise OptionError(
            "Option max_memory must be a size of at least 1M, such as 4G or a number of bytes, "
            f"not {shown[:40]}"
        )
    return size


def is_memory(value: int | str) -> bool:
    """Whether `parse_memory` takes it."""
    try:
        parse_memory(value)
    except OptionError:
        return False
    return True


@contextmanager
def memory_budget(max_memory: int | str) -> Iterator[None]:
    """Sets the budget of all that is read and computed within.

    Raises
    ------
    OptionError
        See `parse_memory`.
    """
    token = _limit.set(parse_memory(max_memory))
    try:
        yield
    finally:
        _limit.reset(token)


def max_memory() -> int:
    """Bytes of the present budget."""
    return _limit.get(parse_memory(DEFAULT_MAX_MEMORY))


def need_memory(what: str, size: int) -> None:
    """Refuse what takes more memory than the budget.

    Parameters
    ----------
    what
        What is about to be allocated, to begin a sentence: "Conv 'c1' with an output of shape ...".
    size
        Bytes at its peak, copies included.

    Raises
    ------
    BudgetError
        It tells the need, the budget, and the option that raises it.
    """
    limit = max_memory()
    if size > limit:
        raise BudgetError(
            f"{what} needs about {size_text(size)} of memory, more than the budget of "
            f"{size_text(limit)}; if it is meant to be that large, raise --max-memory (max_memory=)"
        )


def need_work(what: str, operations: int) -> None:
    """Refuse what takes more operations on single numbers than the budget allows.

    Raises
    ------
    BudgetError
        It tells the need, the budget, and the option that raises it.
    """
    limit = OPERATIONS_PER_BYTE * max_memory()
    if operations > limit:
        raise BudgetError(
            f"{what} needs about {operations:.1e} operations, more than the {limit:.1e} that a "
            f"memory budget of {size_text(max_memory())} allows; if it is meant to be that large, "
            "raise --max-memory (max_memory=)"
        )


def size_text(size: int) -> str:
    """A number of bytes for people: "1.5 GiB"."""
    power = min(max(size.bit_length() - 1, 0) // 10, len(_NAMES) - 1)
    value = min(size, 1 << 1000) / (1 << (10 * power))
    return f"{value:.4g} {_NAMES[power]}"


_NAMES = ("bytes", "KiB", "MiB", "GiB", "TiB")

"""Which plug-ins a piece of work owes something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .finding import Plugin

_in_use: ContextVar[set[Plugin] | None] = ContextVar("plugins_in_use", default=None)


@contextmanager
def plugins_in_use() -> Iterator[set[Plugin]]:
    """Collects the plug-ins that the block owes something: a look-up in a table, or a choice."""
    used: set[Plugin] = set()
    token = _in_use.set(used)
    try:
        yield used
    finally:
        _in_use.reset(token)


def use_plugin(plugin: Plugin | None) -> None:
    """Note that whoever is at work makes use of a plug-in, if it is one."""
    used = _in_use.get()
    if used is not None and plugin is not None:
        used.add(plugin)

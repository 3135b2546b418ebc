"""Tables of what nnhw knows, which plug-ins complete as nnhw's own modules fill them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from ..errors import PluginError
from .finding import Plugin
from .use import use_plugin

K = TypeVar("K")
V = TypeVar("V")

_TABLES: list[Table[Any, Any]] = []

_loading: ContextVar[Plugin | None] = ContextVar("plugin_at_work", default=None)


@contextmanager
def loading(plugin: Plugin) -> Iterator[None]:
    """What the block enters into tables comes from a plug-in, and is taken back if it fails."""
    token = _loading.set(plugin)
    try:
        yield
    except BaseException:
        for table in _TABLES:
            table.forget(plugin)
        raise
    finally:
        _loading.reset(token)


class Table(Mapping[K, V], Generic[K, V]):
    """Things by name, or by class, in the order in which they were entered.

    Parameters
    ----------
    what
        What an entry is called in messages: "integer operator".
    """

    def __init__(self, what: str):
        self._what = what
        self._entries: dict[K, V] = {}
        self._origins: dict[K, Plugin | None] = {}
        _TABLES.append(self)

    def enter(self, key: K, value: V) -> None:
        """Enter one thing.

        Raises
        ------
        PluginError
            If there is one of this name already, nnhw's own or a plug-in's.
        """
        origin = _loading.get()
        for other, plugin in self._origins.items():
            if _name(other) == _name(key):
                raise PluginError(
                    f"There is already one {self._what} named '{_name(key)}', of "
                    f"{plugin or 'nnhw itself'}; that of {origin or 'nnhw itself'} needs another "
                    "name, or one of them has to be uninstalled"
                )
        self._entries[key] = value
        self._origins[key] = origin

    def forget(self, plugin: Plugin) -> None:
        """Take back what a plug-in has entered."""
        for key in [key for key, origin in self._origins.items() if origin == plugin]:
            del self._entries[key], self._origins[key]

    def origin(self, key: K) -> Plugin | None:
        """The plug-in that an entry comes from; None if it is nnhw's own."""
        return self._origins[key]

    def __getitem__(self, key: K) -> V:
        value = self._entries[key]
        use_plugin(self._origins[key])
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _name(key: object) -> str:
    return key.__name__ if isinstance(key, type) else str(key)

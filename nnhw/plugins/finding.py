"""What is installed, by its metadata alone: nothing is imported."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ..errors import PluginError

OPERATORS = "nnhw.operators"
PASSES = "nnhw.passes"
QUANTIZERS = "nnhw.quantizers"
FAMILIES = "nnhw.families"
STEPS = "nnhw.steps"
SPACES = "nnhw.spaces"

GROUPS = (OPERATORS, PASSES, QUANTIZERS, FAMILIES, STEPS, SPACES)
"""Groups of entry points that nnhw looks at."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """Something that an installed package adds to nnhw.

    Parameters
    ----------
    group, name
        Of its entry point.
    package, version
        Of the distribution that it comes with.
    """

    group: str
    name: str
    package: str
    version: str

    def __str__(self) -> str:
        """Such as "plug-in 'distance' (nnhw.operators) of package example 1.0"."""
        return f"plug-in '{self.name}' ({self.group}) of package {self.package} {self.version}"


@cache
def _entries(group: str) -> tuple[tuple[Plugin, EntryPoint], ...]:
    found: dict[Plugin, EntryPoint] = {}
    for entry in entry_points(group=group):
        if entry.dist is not None and entry.dist.name:  # damaged metadata have none
            plugin = Plugin(
                group=group,
                name=entry.name,
                package=entry.dist.name,
                version=entry.dist.version,
            )
            # a distribution that is on the path twice is the one that is found first
            found.setdefault(plugin, entry)
    return tuple(sorted(found.items(), key=lambda item: (item[0].name, item[0].package)))


def installed_plugins(group: str) -> tuple[Plugin, ...]:
    """All plug-ins of a group, in alphabetical order."""
    return tuple(plugin for plugin, _ in _entries(group))


def entry_of(plugin: Plugin) -> EntryPoint:
    """The entry point of an installed plug-in."""
    return dict(_entries(plugin.group))[plugin]


def find_plugin(group: str, name: str, own: Container[str] = ()) -> Plugin | None:
    """The plug-in of a name; None if there is none.

    Parameters
    ----------
    own
        Names that nnhw itself has in this group.

    Raises
    ------
    PluginError
        If several plug-ins, or one and nnhw itself, have this name.
    """
    found = [plugin for plugin in installed_plugins(group) if plugin.name == name]
    origins = [*(["nnhw itself"] if name in own else []), *map(str, found)]
    if found and len(origins) > 1:
        raise PluginError(
            f"'{name}' ({group}) is ambiguous: {' and '.join(origins)} have this name; uninstall "
            "all but one of them, or rename them"
        )
    return found[0] if found else None

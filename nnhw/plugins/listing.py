"""All plug-ins there are, and whether they can be used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import PluginError
from .finding import GROUPS, Plugin, find_plugin, installed_plugins
from .loading import PluginWarning, load_plugin


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A plug-in that is installed.

    Parameters
    ----------
    plugin
        The plug-in.
    problem
        Why it cannot be used; "" if it can.
    """

    plugin: Plugin
    problem: str = ""


def list_plugins() -> Iterator[Listed]:
    """Every installed plug-in, by group and name, loaded to see whether it can be used.

    Names of nnhw's own families, quantizers and steps are compared when one is chosen.
    """
    for group in GROUPS:
        for plugin in installed_plugins(group):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", PluginWarning)
                    find_plugin(group, plugin.name)
                    load_plugin(plugin, needed=True)
            except PluginError as error:
                yield Listed(plugin=plugin, problem=str(error))
            else:
                yield Listed(plugin=plugin)

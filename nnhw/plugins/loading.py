"""Plug-ins are imported when they are asked for; those that a design owes something are noted."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ExportError, OptionError, PluginError, first_line
from .finding import OPERATORS, PASSES, STEPS, Plugin, entry_of, find_plugin, installed_plugins
from .table import loading

_CHOSEN_GROUPS = (OPERATORS, PASSES, STEPS)
"""Groups that the option `plugins` chooses from."""

_loaded: dict[Plugin, Any] = {}
_broken: dict[Plugin, str] = {}


class PluginWarning(UserWarning):
    """An installed plug-in cannot be loaded and is left out, or is of another version."""


def load_plugin(plugin: Plugin, *, needed: bool = False) -> Any:
    """What a plug-in's entry point names, imported at the first call.

    Parameters
    ----------
    needed
        Whether nothing goes without it; else a broken one is None, and a `PluginWarning` names it.

    Raises
    ------
    PluginError
        If it enters something under a name that is taken; if it is needed, and broken.
    """
    if plugin not in _loaded and plugin not in _broken:
        try:
            with loading(plugin):
                _loaded[plugin] = entry_of(plugin).load()
        except PluginError:
            raise
        except (Exception, SystemExit) as error:  # whatever it does, the plug-in is the cause
            _broken[plugin] = f"{type(error).__name__}: {first_line(error)}"
    if plugin in _loaded:
        return _loaded[plugin]
    message = f"{plugin} cannot be loaded ({_broken[plugin]})"
    message = message[0].upper() + message[1:]
    if needed:
        raise PluginError(f"{message}; repair or uninstall it, or do without it")
    warnings.warn(f"{message}, and is left out", PluginWarning, stacklevel=2)
    return None


def chosen_plugins(names: Iterable[str], group: str) -> Sequence[tuple[Plugin, Any]]:
    """Those plug-ins of a group that a build names, loaded; broken ones are left out.

    Raises
    ------
    OptionError
        If there is no operator, pass or step of a name.
    PluginError
        See `find_plugin` and `load_plugin`.
    """
    chosen = []
    for name in names:
        found = {kind: find_plugin(kind, name) for kind in _CHOSEN_GROUPS}
        if not any(found.values()):
            there = [item.name for kind in _CHOSEN_GROUPS for item in installed_plugins(kind)]
            raise OptionError(
                f"Option plugins names '{name}', which no installed package has; there are "
                f"{', '.join(dict.fromkeys(there)) or 'none'}"
            )
        plugin = found[group]
        thing = load_plugin(plugin) if plugin is not None else None
        if plugin is not None and thing is not None:
            chosen.append((plugin, thing))
    return chosen


def load_required(plugins: Iterable[Mapping[str, Any]], design: str) -> None:
    """Load the plug-ins that an exported design cannot do without.

    Parameters
    ----------
    plugins
        As the manifest lists them.
    design
        Of whom they are, to begin a sentence.

    Raises
    ------
    ExportError
        If one is not installed.
    PluginError
        If one is broken.
    """
    for item in plugins:
        if not item["needed"]:
            continue
        plugin = find_plugin(item["group"], item["name"])
        if plugin is None or plugin.package != item["package"]:
            raise ExportError(
                f"{design} needs plug-in '{item['name']}' ({item['group']}) of package "
                f"{item['package']} {item['version']}, which is not installed here: install it "
                f"(pip install {item['package']}=={item['version']})"
            )
        load_plugin(plugin, needed=True)
        if plugin.version != item["version"]:
            warnings.warn(
                f"{design} was made with version {item['version']} of {item['package']}, but "
                f"{plugin.version} is installed: what it computes may differ",
                PluginWarning,
                stacklevel=3,
            )

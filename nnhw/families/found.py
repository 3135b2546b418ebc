"""The families there are: the folders of this package, and those of plug-ins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from ..errors import PluginError, reading
from ..plugins import FAMILIES as GROUP
from ..plugins import find_plugin, installed_plugins, load_plugin, use_plugin
from .board import Board
from .family import Family, Pipeline
from .target import Target

_PACKAGE = __name__.rpartition(".")[0]

OWN_FAMILIES = tuple(
    sorted(module.name for module in iter_modules(import_module(_PACKAGE).__path__) if module.ispkg)
)
"""Names of nnhw's own families."""


def own_family(name: str) -> Family:
    """One of nnhw's own families."""
    return import_module(f"{_PACKAGE}.{name}.family").FAMILY


class _Families(Mapping[str, Family]):
    """All families by name, each imported when it is asked for; nnhw's own come first."""

    def __getitem__(self, name: str) -> Family:
        plugin = find_plugin(GROUP, name, own=OWN_FAMILIES)
        if plugin is None:
            if name not in OWN_FAMILIES:
                raise KeyError(name)
            return own_family(name)
        use_plugin(plugin)
        package = load_plugin(plugin, needed=True)
        with reading(f"The family of {plugin}", PluginError, "see nnhw.families"):
            if not isinstance(package, ModuleType):
                raise PluginError(f"The family of {plugin} must be a package; see nnhw.families")
            family = import_module(f"{package.__name__}.family").FAMILY
        if not isinstance(family, Family) or family.name != name:
            raise PluginError(
                f"FAMILY in the family of {plugin} must be a nnhw.families.Family named '{name}'"
            )
        return family

    def __contains__(self, name: object) -> bool:
        return name in OWN_FAMILIES or any(p.name == name for p in installed_plugins(GROUP))

    def __iter__(self) -> Iterator[str]:
        names = (*OWN_FAMILIES, *(plugin.name for plugin in installed_plugins(GROUP)))
        return iter(dict.fromkeys(names))

    def __len__(self) -> int:
        return len(list(iter(self)))


FAMILIES: Mapping[str, Family] = _Families()
"""All families by name."""

TARGETS: Mapping[str, Target] = {
    target.name: target for name in OWN_FAMILIES for target in own_family(name).targets
}
"""The targets of nnhw's own families by name."""


def all_targets() -> tuple[Target, ...]:
    """The targets of all families, those of plug-ins last."""
    added = (name for name in FAMILIES if name not in OWN_FAMILIES)
    return (*TARGETS.values(), *(target for name in added for target in FAMILIES[name].targets))


def named_target(name: str) -> Target | None:
    """The target of a name; None if there is none. Plug-ins are looked at last."""
    if name in TARGETS:
        return TARGETS[name]
    return next((target for target in all_targets() if target.name == name), None)


BOARDS: Mapping[str, Board] = {
    board.name: board
    for family in map(own_family, OWN_FAMILIES)
    if family.has("boards")
    for board in family.part("boards").BOARDS
}
"""The boards of nnhw's own families by name."""


def pipeline_stages(technology: str) -> Pipeline:
    """`Family.pipeline` of a technology by its name; the portable one is content with defaults."""
    return FAMILIES[technology].pipeline if technology in FAMILIES else {}

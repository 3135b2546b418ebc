"""The families there are: the folders of this package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from .board import Board
from .family import Family

_PACKAGE = __name__.rpartition(".")[0]


def _find_families() -> dict[str, Family]:
    found = iter_modules(import_module(_PACKAGE).__path__)
    names = sorted(module.name for module in found if module.ispkg)
    return {name: import_module(f"{_PACKAGE}.{name}.family").FAMILY for name in names}


FAMILIES: Mapping[str, Family] = _find_families()
"""All families by name."""

BOARDS: Mapping[str, Board] = {
    board.name: board
    for family in FAMILIES.values()
    if family.has("boards")
    for board in family.part("boards").BOARDS
}
"""All boards by name."""


def pipeline_stages(technology: str) -> Mapping[str, int]:
    """`Family.pipeline` of a technology by its name; the portable one is content with defaults."""
    return FAMILIES[technology].pipeline if technology in FAMILIES else {}

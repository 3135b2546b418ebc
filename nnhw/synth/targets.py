"""The FPGAs that designs can be synthesized for; `PROCESSES` are those for silicon."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import OptionError
from ..families import FAMILIES, OWN_FAMILIES, Target, own_family
from .processes import PROCESSES

TARGETS: Mapping[str, Target] = {
    target.name: target for name in OWN_FAMILIES for target in own_family(name).targets
}
"""The targets of nnhw's own families by name."""


def find_target(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name in TARGETS:
        return TARGETS[name]
    added = [
        target
        for family in FAMILIES
        if family not in OWN_FAMILIES
        for target in FAMILIES[family].targets
    ]
    for target in added:
        if target.name == name:
            return target
    names = ", ".join([*TARGETS, *(target.name for target in added), *PROCESSES])
    raise OptionError(f"Target {name!r} is unknown; there are {names}")

"""The FPGAs that designs can be synthesized for; `PROCESSES` are those for silicon."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import OptionError
from ..families import FAMILIES, Target
from .processes import PROCESSES

TARGETS: Mapping[str, Target] = {
    target.name: target for family in FAMILIES.values() for target in family.targets
}
"""All targets by name."""


def find_target(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in TARGETS:
        names = ", ".join([*TARGETS, *PROCESSES])
        raise OptionError(f"Target {name!r} is unknown; there are {names}")
    return TARGETS[name]

"""The devices that designs can be synthesized for: FPGAs here, silicon in `PROCESSES`."""

from __future__ import annotations

from ..errors import OptionError
from ..families import Target, all_targets, named_target
from .processes import PROCESSES


def find_target(name: str) -> Target:
    """The FPGA of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    target = named_target(name)
    if target is None:
        names = ", ".join([*(known.name for known in all_targets()), *PROCESSES])
        raise OptionError(f"Target {name!r} is unknown; there are {names}")
    return target

"""Families of FPGAs, each a folder with all that is particular to it.

A folder's modules have the names and the layers of what they extend:

- `family.py`: `FAMILY`, a `Family`: pipeline depths, and devices with what they have.
- `technology.py`: `TECHNOLOGY`, a `nnhw.hdl.technology.Technology` class: the vendor's cells.
- `cells.v`: behaviour of these cells, for simulation; not there if it has none of its own.
- `synthesis.py`: `SYNTHESIS`, a `nnhw.synth.FamilySynthesis`: Yosys's commands, and what cells
  occupy.
- `fabric.py`: `FABRIC`, a `nnhw.estimates.Fabric`: what Yosys builds designs of; with
  `estimates.json`, what was fitted (`benchmarks/estimates.py`). Without these, no estimates.
- `placement.py`: `PLACER`, a `nnhw.synth.Placer`: nextpnr, its constraints, and bitstreams.
- `boards.py`: `BOARDS`, a tuple of `Board`.
- `pll.py`: `PLL`, a `nnhw.boards.Pll` class.

Family, technology and synthesis are needed, `placement.py` is there if there is place and route,
the last two if there is a board. Folders
are found by themselves, and so are packages of the same form that plug-ins have
(`nnhw.plugins`). Their heavy modules are imported when they are asked for.
"""

from .board import Board
from .device_use import DeviceUse
from .family import Family
from .found import (
    BOARDS,
    FAMILIES,
    OWN_FAMILIES,
    TARGETS,
    all_targets,
    named_target,
    own_family,
    pipeline_stages,
)
from .target import Resource, Target

__all__ = [
    "BOARDS",
    "FAMILIES",
    "OWN_FAMILIES",
    "TARGETS",
    "Board",
    "DeviceUse",
    "Family",
    "Resource",
    "Target",
    "all_targets",
    "named_target",
    "own_family",
    "pipeline_stages",
]

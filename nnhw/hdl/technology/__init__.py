"""Arithmetic and memories: in portable Verilog, or as the cells of a device with their registers.

A technology is nothing but another implementation of the same contract, `Technology`: the latencies
follow from the configuration alone, and so do the cycles of a design and its results. Those of
devices are in `nnhw.families`.
"""

from fractions import Fraction

from ...families import FAMILIES, Resource
from .budget import CellCount, count_cells
from .device import DeviceTechnology
from .memory_module import MemoryModule
from .portable import Technology, product_shape
from .shares import Shares

__all__ = [
    "PORTABLE",
    "CellCount",
    "DeviceTechnology",
    "MemoryModule",
    "Shares",
    "Technology",
    "count_cells",
    "product_shape",
    "technology",
]

PORTABLE = Technology()
"""The technology of components that nobody gave another one."""


def technology(name: str, target: str = "") -> Technology:
    """A technology for one design.

    Parameters
    ----------
    name
        `EngineConfig.technology`.
    target
        `EngineConfig.target`: it has no more multipliers than that.
    """
    if name not in FAMILIES:
        return Technology()
    whole: Technology = FAMILIES[name].part("technology").TECHNOLOGY()
    if not target:
        return whole
    return whole.share(Fraction(FAMILIES[name].target(target).capacity.get(Resource.DSPS, 0)))

"""Arithmetic and memories: in portable Verilog, or as the cells of a device with their registers.

A technology is nothing but another implementation of the same contract, `Technology`: the latencies
follow from the configuration alone, and so do the cycles of a design and its results. Those of
devices are in `nnhw.families`.
"""

from ...families import FAMILIES
from .device import DeviceTechnology
from .portable import Technology, product_shape

__all__ = ["PORTABLE", "DeviceTechnology", "Technology", "product_shape", "technology"]

PORTABLE = Technology()
"""The technology of components that nobody gave another one."""


def technology(name: str) -> Technology:
    """A technology for one design, by its name in `EngineConfig.technology`."""
    return FAMILIES[name].part("technology").TECHNOLOGY() if name in FAMILIES else Technology()

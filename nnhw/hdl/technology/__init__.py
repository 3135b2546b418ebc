"""Multipliers and memories: in portable Verilog, or as the cells of a device with their registers.

A technology is nothing but another implementation of the same contract, `Technology`: the latencies
follow from the configuration alone, and so do the cycles of a design and its results.
"""

from .ecp5 import Ecp5
from .gowin import Gowin
from .ice40 import Ice40
from .portable import Technology
from .xilinx7 import Xilinx7

__all__ = ["PORTABLE", "Technology", "technology"]

PORTABLE = Technology()
"""The technology of components that nobody gave another one."""

_TECHNOLOGIES: dict[str, type[Technology]] = {
    kind.name: kind for kind in (Technology, Ecp5, Gowin, Ice40, Xilinx7)
}


def technology(name: str) -> Technology:
    """A technology for one design, by its name in `EngineConfig.technology`."""
    return _TECHNOLOGIES[name]()

"""Verilog for people: reads Amaranth's netlist, tidies it, and prints it.

`generate` has the order of the steps.
"""

from .contents import ExportedMemories
from .generate import (
    TRACE,
    component_netlist,
    component_verilog,
    design_netlist,
    generate_verilog,
)
from .hierarchy import Hierarchy

__all__ = [
    "TRACE",
    "ExportedMemories",
    "Hierarchy",
    "component_netlist",
    "component_verilog",
    "design_netlist",
    "generate_verilog",
]

"""Verilog for people: reads Amaranth's netlist, tidies it, and prints it.

`generate` has the order of the steps.
"""

from .contents import ExportedMemories
from .generate import TRACE, component_verilog, generate_verilog

__all__ = ["TRACE", "ExportedMemories", "component_verilog", "generate_verilog"]

"""Verilog for people: reads Amaranth's netlist, tidies it, and prints it.

`generate` has the order of the steps.
"""

from .generate import TRACE, component_verilog, generate_verilog

__all__ = ["TRACE", "component_verilog", "generate_verilog"]

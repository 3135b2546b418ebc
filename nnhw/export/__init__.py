"""From a program to a folder that an engineer can take away."""

from .design import export_design
from .manifest import make_manifest
from .verilog import MemoryFiles, component_verilog, generate_verilog

__all__ = ["MemoryFiles", "component_verilog", "export_design", "generate_verilog", "make_manifest"]

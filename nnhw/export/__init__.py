"""From a program to a folder that an engineer can take away."""

from .design import Exported, export_design
from .manifest import make_manifest
from .register_files import require_printers
from .register_map import make_register_map
from .rtl import Rtl, make_rtl
from .verilog import ExportedMemories, Hierarchy, component_verilog, generate_verilog

__all__ = [
    "Exported",
    "ExportedMemories",
    "Hierarchy",
    "Rtl",
    "component_verilog",
    "export_design",
    "generate_verilog",
    "make_manifest",
    "make_register_map",
    "make_rtl",
    "require_printers",
]

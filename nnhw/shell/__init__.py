"""What surrounds an engine and makes it fit into a system: top module and optional parts."""

from .accelerator import Accelerator
from .config import ShellConfig, TensorSizes
from .ports import AXI_STREAM, CLOCK, RESET, Interface, InterfaceKind, Port, TopPorts, port_members

__all__ = [
    "AXI_STREAM",
    "CLOCK",
    "RESET",
    "Accelerator",
    "Interface",
    "InterfaceKind",
    "Port",
    "ShellConfig",
    "TensorSizes",
    "TopPorts",
    "port_members",
]

"""What surrounds an engine and makes it fit into a system: top module and optional parts."""

from .accelerator import Accelerator
from .config import ShellConfig, TensorSizes

__all__ = ["Accelerator", "ShellConfig", "TensorSizes"]

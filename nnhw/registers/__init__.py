"""The registers of an accelerator, described once: hardware, printers and drivers follow."""

from .blocks import (
    ABI_MAJOR,
    ABI_MINOR,
    BLOCKS,
    DESCRIPTION_BIT,
    LOADED_TENSORS,
    LOW_WORDS,
    MAGIC,
    TENSOR_WORDS,
    TENSORS_OFFSET,
    WINDOW_WORDS,
)
from .buses import BUSES, Bus, BusPort, control_ports, result_user_bits
from .description import Access, Block, Field, Register
from .register_map import PlacedRegister, RegisterMap
from .tensors import TensorEntry

__all__ = [
    "ABI_MAJOR",
    "ABI_MINOR",
    "BLOCKS",
    "BUSES",
    "DESCRIPTION_BIT",
    "LOADED_TENSORS",
    "LOW_WORDS",
    "MAGIC",
    "TENSORS_OFFSET",
    "TENSOR_WORDS",
    "WINDOW_WORDS",
    "Access",
    "Block",
    "Bus",
    "BusPort",
    "Field",
    "PlacedRegister",
    "Register",
    "RegisterMap",
    "TensorEntry",
    "control_ports",
    "result_user_bits",
]

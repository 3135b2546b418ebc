"""The registers of an accelerator, described once: hardware, printers and drivers follow."""

from .blocks import (
    ABI_MAJOR,
    ABI_MINOR,
    BANK_BIT,
    BLOCKS,
    DESCRIPTION_BIT,
    DMA_CAUSES,
    LOADED_TENSORS,
    LOW_WORDS,
    MAGIC,
    TENSOR_WORDS,
    TENSORS_OFFSET,
    WINDOW_WORDS,
)
from .buses import BUSES, Bus, BusPort, control_ports, result_user_bits
from .description import Access, Block, Field, Register
from .memory_bus import (
    BURST_BEATS,
    MEMORY_PREFIX,
    MEMORY_TITLE,
    MOST_OUTSTANDING,
    TRANSFER_BITS,
    memory_ports,
)
from .register_map import PlacedRegister, RegisterMap
from .tensors import TensorEntry

__all__ = [
    "ABI_MAJOR",
    "ABI_MINOR",
    "BANK_BIT",
    "BLOCKS",
    "BURST_BEATS",
    "BUSES",
    "DESCRIPTION_BIT",
    "DMA_CAUSES",
    "LOADED_TENSORS",
    "LOW_WORDS",
    "MAGIC",
    "MEMORY_PREFIX",
    "MEMORY_TITLE",
    "MOST_OUTSTANDING",
    "TENSORS_OFFSET",
    "TENSOR_WORDS",
    "TRANSFER_BITS",
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
    "memory_ports",
    "result_user_bits",
]

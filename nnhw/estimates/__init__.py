"""What designs will take of a device, estimated before they are synthesized.

The netlist that becomes the Verilog is looked at as a synthesizer would: flat, bit by bit, without
what nothing reads and registers that are constant or alike (`lowering`, `features`). Gates are
covered with look-up tables (`gates`). What remains are few numbers, which are multiplied by
coefficients (`terms`, `model`) that were fitted to synthesized components
(`benchmarks/estimates.py`).
"""

from .energy import EnergyEstimate, estimate_energy
from .estimate import Estimate, Estimator, Figure, check_technology, estimate_netlist
from .fabric import Fabric, MemoryCell, blocks
from .model import has_model
from .overview import estimate_devices
from .parts import estimate_parts

__all__ = [
    "EnergyEstimate",
    "Estimate",
    "Estimator",
    "Fabric",
    "Figure",
    "MemoryCell",
    "blocks",
    "check_technology",
    "estimate_devices",
    "estimate_energy",
    "estimate_netlist",
    "estimate_parts",
    "has_model",
]

"""The differentiable twin of the golden model: the integer contract, executed in PyTorch.

Forward it gives the golden model's integers, bit for bit; backward it is what the contract would be
without rounding (straight-through estimation: Bengio et al., "Estimating or Propagating Gradients
Through Stochastic Neurons", 2013). Where clamping cuts off, no gradient passes.

Activations are float32 (N, C, H, W), channels last in memory, whose values are the integers q. Sums
of products are exact by construction (`sums.py`): in float32 where no partial sum can leave its 24
bits, as the weights prove, by algorithms that add nothing but the products; in float64 otherwise.
Requantization computes in float64 where its products stay below 2**53, and in int64 otherwise.

Each file of this folder is imported, so that one for a new operator needs no mention elsewhere.
"""

import importlib
import pkgutil

from .arrays import from_torch, to_torch
from .executions import imitates, twin_of
from .run import run_twin

__all__ = ["from_torch", "imitates", "run_twin", "to_torch", "twin_of"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

"""The golden model: the integer contract of `nnhw.ir.operators`, executed in NumPy.

It is what hardware is compared with. It knows nothing of hardware, shares no code with it, and is
written to be read. Each file of this folder is imported, so that one for a new operator needs no
mention elsewhere.
"""

import importlib
import pkgutil

from .affine import dequantize, quantize_input, quantize_inputs, real_outputs
from .executions import executes
from .noise import Noise, NoisyModel
from .run import run

__all__ = [
    "Noise",
    "NoisyModel",
    "dequantize",
    "executes",
    "quantize_input",
    "quantize_inputs",
    "real_outputs",
    "run",
]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

"""The golden model: the integer contract of `nnhw.ir.integer_nodes`, executed in NumPy.

It is what hardware is compared with. It knows nothing of hardware, shares no code with it, and is
written to be read.
"""

from .affine import dequantize, quantize_input, quantize_inputs
from .run import run

__all__ = ["dequantize", "quantize_input", "quantize_inputs", "run"]

"""What each TFLite operator is in ONNX, one family a file; importing this package fills the table.

Tensors are channels-last in TFLite. What ONNX defines channels-first stands between two Transposes,
which are absorbed later on.
"""

from . import (
    arithmetic,
    batches,
    conv,
    dense,
    functions,
    images,
    normalization,
    parts,
    reduce,
    views,
)
from .registry import TRANSLATORS

__all__ = [
    "TRANSLATORS",
    "arithmetic",
    "batches",
    "conv",
    "dense",
    "functions",
    "images",
    "normalization",
    "parts",
    "reduce",
    "views",
]

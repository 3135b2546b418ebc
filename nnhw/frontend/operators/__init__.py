"""The supported ONNX operators, one family a file; importing this package fills the table."""

from . import (
    activation,
    arithmetic,
    constant,
    conv,
    dense,
    host,
    normalization,
    pad,
    pool,
    reduce,
    views,
)
from .registry import Operator, supported_operators

__all__ = [
    "Operator",
    "activation",
    "arithmetic",
    "constant",
    "conv",
    "dense",
    "host",
    "normalization",
    "pad",
    "pool",
    "reduce",
    "supported_operators",
    "views",
]

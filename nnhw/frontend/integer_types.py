"""The integer types of quantized tensors, and the quantization that ONNX operators describe."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..ir import Quantization
from .problems import NodeError

_BITS_AND_SIGN = {
    "int8": (8, True),
    "uint8": (8, False),
    "int4": (4, True),
    "uint4": (4, False),
    "int2": (2, True),
    "uint2": (2, False),
}
"""Of the types that an activation may have, by the name of the NumPy type."""


def is_integer(array: np.ndarray) -> bool:
    """Whether an array holds integers, those narrower than a byte included."""
    return array.dtype.kind in "iu" or array.dtype.name in _BITS_AND_SIGN


def integer_range(dtype: np.dtype) -> tuple[int, int]:
    """Smallest and largest number of an integer type, those narrower than a byte included."""
    if dtype.name not in _BITS_AND_SIGN:
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    bits, signed = _BITS_AND_SIGN[dtype.name]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def activation_quantization(
    scale: np.ndarray, zero_point: np.ndarray | None, dtype: str
) -> Quantization:
    """Quantization of an activation tensor as ONNX has it, unsigned types included.

    Parameters
    ----------
    scale, zero_point
        Of QuantizeLinear or DequantizeLinear; a missing zero point is 0.
    dtype
        Name of the integer type.

    Raises
    ------
    NodeError
        If it is not of one scale and zero point for the whole tensor, or not of 2 to 8 bits.
    """
    if dtype not in _BITS_AND_SIGN:
        raise NodeError(
            f"it quantizes an activation to {dtype}; integers of up to 8 bits are supported: "
            "quantize activations to int8 or uint8"
        )
    if scale.size != 1 or (zero_point is not None and zero_point.size != 1):
        raise NodeError(
            f"it quantizes an activation by {scale.size} scales; only weights can have more than "
            "one: quantize activations per tensor"
        )
    real = float(scale.reshape(()).astype(np.float32))
    if not 0 < real < math.inf:
        raise NodeError(f"its scale is {real}; it has to be a positive number: quantize again")
    bits, signed = _BITS_AND_SIGN[dtype]
    zero = 0 if zero_point is None else int(zero_point.reshape(()))
    return Quantization(bits=bits, scale=real, zero_point=zero, signed=signed)


def narrowed(quantization: Quantization, lo: int, hi: int) -> Quantization:
    """The same in the fewest bits that hold q from `lo` to `hi` and the zero point."""
    lo, hi = min(lo, quantization.zero_point), max(hi, quantization.zero_point)
    bits = max(max(hi, -lo - 1).bit_length() + quantization.signed, 2)
    return replace(quantization, bits=min(bits, quantization.bits))


def as_signed(quantization: Quantization) -> Quantization:
    """The same real values by signed integers: q and zero point less half of the range."""
    if quantization.signed:
        return quantization
    zero_point = quantization.zero_point - (1 << (quantization.bits - 1))
    return replace(quantization, zero_point=zero_point, signed=True)


def quantization_text(quantization: Quantization) -> str:
    """The parameters of an ONNX operator, as in messages and in what is left to the host."""
    return (
        f"scale={quantization.scale:.9g}, zero_point={quantization.zero_point}, "
        f"dtype={quantization.dtype}"
    )

"""Tensors and their quantization."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """Affine quantization of an activation tensor: real value = scale * (q - zero_point).

    Parameters
    ----------
    bits
        Width of q, 2 to 8.
    scale
        Real value of one step, positive.
    zero_point
        The q that stands for real zero, within `lo` to `hi`.
    signed
        Whether q is a two's complement number (the engine's own form) or unsigned.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    bits: int
    scale: float
    zero_point: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 8:
            raise ValueError(f"Activation bits must be from 2 to 8, not {self.bits!r}")
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"Scale must be a positive finite number, not {self.scale!r}")
        if not self.lo <= self.zero_point <= self.hi:
            raise ValueError(
                f"Zero point must be from {self.lo} to {self.hi}, not {self.zero_point!r}"
            )

    @property
    def lo(self) -> int:
        """Smallest q."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest q."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @property
    def dtype(self) -> str:
        """Name of the type, such as "int8"."""
        return f"{'' if self.signed else 'u'}int{self.bits}"

    def nearest(self, value: float) -> int:
        """The q that QuantizeLinear makes of a real value: ties to even, saturated.

        The quotient is taken in float32, as ONNX runtimes do. Infinities are allowed.
        """
        if math.isinf(value):
            return self.hi if value > 0 else self.lo
        steps = round(float(np.float32(value) / np.float32(self.scale)))
        return min(max(steps + self.zero_point, self.lo), self.hi)


def signed_width(integers: np.ndarray) -> int:
    """The fewest bits, at least 2, of two's complement that hold all of the integers."""
    lo, hi = int(integers.min()), int(integers.max())
    return max(2, 1 + max(hi, -1 - lo).bit_length())


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One activation tensor, without a batch axis, channels last.

    Parameters
    ----------
    name
        Unique in its graph.
    shape
        (height, width, channels), each at least 1. A vector of K values is (1, 1, K); a sequence
        of L steps of C channels is (1, L, C).
    quantization
        None in a float graph, except of an input whose quantization is settled before calibration.
    """

    name: str
    shape: tuple[int, int, int]
    quantization: Quantization | None = None

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(not isinstance(n, int) or n < 1 for n in self.shape):
            raise ValueError(
                f"Shape of tensor '{self.name}' must be three positive integers, not {self.shape!r}"
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def q(self) -> Quantization:
        """The quantization of a tensor that must have one."""
        if self.quantization is None:
            raise ValueError(f"Tensor '{self.name}' is not quantized")
        return self.quantization

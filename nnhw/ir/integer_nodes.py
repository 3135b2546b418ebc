"""Operators of the integer graph: the integer contract.

Every operator ends in the same requantization. With an exact integer p (`Requantize` says how p
comes about for each operator):

    y = clamp(round(p / 2**shift) + zero_point, lo, hi)

where round() goes to the nearest integer, ties to even: the rounding of ONNX QuantizeLinear.
`zero_point` is that of the output tensor's quantization.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .nodes import Node
from .window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantize:
    """Constants of the requantization.

    Parameters
    ----------
    multiplier
        int64, positive. (out,) for `QConv`: p = acc * multiplier[channel]. (output rows,
        output columns) for `QAveragePool`: p = acc * multiplier[position]. (2,) for `QAdd`:
        p = (a - zero point of a) * multiplier[0] + (b - zero point of b) * multiplier[1]. (1,) for
        `QMultiply` and for each part of `QConcat`.
    shift
        int64, at least 1, of the same shape as `multiplier`; both entries are equal for `QAdd`.
    lo, hi
        Bounds of the result: the range of the output's type, narrowed by a fused activation.
    """

    multiplier: np.ndarray
    shift: np.ndarray
    lo: int
    hi: int


@dataclass(frozen=True, kw_only=True, eq=False)
class QConv(Node):
    """acc[o] = bias[o] + sum over taps and channels of weight[o] * (x - zero point of x).

    Padding is the zero point, so it adds nothing to the sum.

    Parameters
    ----------
    weight
        int8 (out, kernel rows, kernel columns, in // groups), symmetric.
    bias
        int64 (out,), in units of (input scale * weight_scale).
    weight_bits
        Width of a weight in two's complement, 2 to 8.
    weight_scale
        float64 (out,): real value of one weight step.
    groups
        1, or the number of channels (depthwise, one output channel an input channel).
    """

    window: Window
    weight: np.ndarray
    bias: np.ndarray
    weight_bits: int
    weight_scale: np.ndarray
    requantize: Requantize
    groups: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class QMaxPool(Node):
    """Largest q within the window, clamped to `lo` and `hi`; padding never wins.

    The output has the input's quantization.
    """

    window: Window
    lo: int
    hi: int


@dataclass(frozen=True, kw_only=True, eq=False)
class QAveragePool(Node):
    """acc = sum over the window of (x - zero point of x); padding adds nothing.

    The divisor is part of the multiplier; `divisor` is kept for writing the ONNX model.
    """

    window: Window
    divisor: np.ndarray
    requantize: Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class QAdd(Node):
    """Sum of two tensors of the same shape; see `Requantize`."""

    requantize: Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class QMultiply(Node):
    """acc = (a - zero point of a) * (b - zero point of b), for tensors of the same shape."""

    requantize: Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class QConcat(Node):
    """Tensors side by side along the channels; acc = x - zero point of x.

    Parameters
    ----------
    parts
        Requantization of each input to the output's quantization.
    """

    parts: tuple[Requantize, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class QFunction(Node):
    """y = table[x - lowest x]: any function of one number.

    Parameters
    ----------
    table
        int8 (2 ** bits of the input,): the result for each q of the input's type, lowest first.
    function, parameters
        What the table approximates, as in `Function`; kept for writing the ONNX model and for
        telling the table's error.
    """

    table: np.ndarray
    function: str
    parameters: tuple[float, ...] = ()

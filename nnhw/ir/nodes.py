"""Operators of the float graph, and what they share with those of the integer graph.

All tensors are channels-last (see `Tensor`); weights are (out, kernel rows, kernel columns, in).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .host_steps import HostStep
from .tensor import Quantization
from .window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One operator: reads tensors `inputs`, writes tensor `output`.

    `name` is the name of the ONNX node that it stands for, for messages and reports.
    """

    name: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, kw_only=True)
class Clamp:
    """Bounds of real values that an operator's result is clamped to (Relu, Relu6, Clip)."""

    lo: float = -math.inf
    hi: float = math.inf

    def bounds(self, target: Quantization) -> tuple[int, int]:
        """q of both bounds.

        As quantization is monotonic, clamping q to them is what ONNX Clip before QuantizeLinear
        does.
        """
        return target.nearest(self.lo), target.nearest(self.hi)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape(Node):
    """The same elements in the same (channels-last) order under another shape; moves no data.

    Used in float and integer graphs alike.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice(Node):
    """A block of the input, of the output's shape. Used in float and integer graphs alike.

    Parameters
    ----------
    start
        (row, column, channel) of its first element.
    """

    start: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Resize(Node):
    """Each pixel repeated: nearest neighbour by integer factors. Used in both kinds of graph.

    Parameters
    ----------
    factor
        (vertical, horizontal).
    """

    factor: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthToSpace(Node):
    """Channels to pixels, as in ONNX DepthToSpace-13 with mode DCR. Used in both kinds of graph.

    Input channel (i * block + j) * C + c of a pixel becomes channel c, of C, of the pixel at row i
    and column j of its `block` x `block` output pixels.
    """

    block: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Transpose(Node):
    """The axes (height, width, channels) in another order. Used in both kinds of graph.

    Parameters
    ----------
    perm
        For each axis of the output, in order, the axis of the input that it is; not (0, 1, 2).
    """

    perm: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Node):
    """Convolution; also the matrix product, as a kernel that covers the whole input.

    Parameters
    ----------
    weight
        float64 (out, kernel rows, kernel columns, in // groups).
    bias
        float64 (out,).
    groups
        1, or any common divisor of input and output channels, as in ONNX Conv.
    weight_scale
        float64 (out,), positive: where the weights arrived quantized, the real value of one step of
        each output channel's weights, which are integers of it; None where they are real numbers.
    weight_zero_point
        int64 (out,): the integer that stood for zero in the model's file, of 8 bits like the others
        (`weight` is already less it); None where it was 0, or there is none.
    """

    window: Window
    weight: np.ndarray
    bias: np.ndarray
    groups: int = 1
    clamp: Clamp = Clamp()
    weight_scale: np.ndarray | None = None
    weight_zero_point: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool(Node):
    """Largest value within the window; padding never wins."""

    window: Window
    clamp: Clamp = Clamp()


@dataclass(frozen=True, kw_only=True, eq=False)
class AveragePool(Node):
    """Sum over the window (padding is zero) divided by `divisor`.

    Parameters
    ----------
    divisor
        int64 (output rows, output columns): the number of elements that count at each position;
        it carries count_include_pad and ceil_mode.
    gain
        Positive: what the average is multiplied by before it is clamped.
    """

    window: Window
    divisor: np.ndarray
    clamp: Clamp = Clamp()
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Node):
    """Sum of two tensors of the same shape.

    Parameters
    ----------
    gain
        Positive: what the sum is multiplied by before it is clamped.
    """

    clamp: Clamp = Clamp()
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Multiply(Node):
    """Product of two tensors of the same shape.

    Parameters
    ----------
    gain
        Positive: what the product is multiplied by before it is clamped.
    """

    clamp: Clamp = Clamp()
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Extremum(Node):
    """The larger or the smaller one of two tensors of the same shape, element by element.

    Parameters
    ----------
    which
        "max" or "min".
    gain
        Positive: what it is multiplied by before it is clamped.
    """

    which: Literal["max", "min"]
    clamp: Clamp = Clamp()
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Node):
    """Tensors of the same height and width side by side along the channels, in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(Node):
    """A function of one real number, applied to every element.

    Parameters
    ----------
    function
        Its name, such as "sigmoid": a key of `nnhw.ir.functions.FUNCTIONS`.
    parameters
        Its constants, such as the slope of "leaky_relu".
    """

    function: str
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelAffine(Node):
    """x * scale + offset, per channel. Passes fold it or turn it into a depthwise `Conv`.

    Parameters
    ----------
    scale, offset
        float64 (channels,).
    steps
        The same as the model's file computes it in float32, operand (channels,) or (1,); empty
        where that is not known. Only where a model that arrived quantized begins with it does it
        make a difference.
    """

    scale: np.ndarray
    offset: np.ndarray
    steps: tuple[HostStep, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip(Node):
    """A clamp on its own. Passes fuse it into the operator before it or turn it into a pool."""

    clamp: Clamp


@dataclass(frozen=True, kw_only=True, eq=False)
class DynamicQuantize(Node):
    """Values rounded to 256 steps from the least to the largest of each sample, zero included.

    ONNX DynamicQuantizeLinear-11 and DequantizeLinear of the same. It tells what a model's file
    computes; hardware has ranges that calibration finds, so that passes leave it out.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class FakeQuantize(Node):
    """The nearest real value that `quantization` represents: QuantizeLinear, DequantizeLinear.

    Where a model that arrived quantized rounds an activation. Rounding is to the nearest, ties to
    even, and saturates.

    Parameters
    ----------
    quantization
        What there is to represent.
    cut_off_at
        The q towards which the model's file cuts off what lies between two, where it computes with
        integers that are not results of QuantizeLinear; None if it rounds. Hardware rounds.
    """

    quantization: Quantization
    cut_off_at: int | None = None

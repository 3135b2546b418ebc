"""The contract of convolutions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...integer import Requantize
from ...nodes import Node
from ...window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class QConv(Node):
    """acc[o] = bias[o] + sum over taps and channels of weight[o] * (x - zero point of x).

    Padding is the zero point, so it adds nothing to the sum. p = acc * multiplier[o].

    Parameters
    ----------
    weight
        int8 (out, kernel rows, kernel columns, in // groups), less the zero point; int16 where that
        takes 9 bits.
    bias
        int64 (out,), in units of (input scale * weight_scale).
    weight_bits
        Width of a weight in two's complement, 2 to 9.
    weight_scale
        float64 (out,): real value of one weight step.
    requantize
        Multiplier and shift are (out,).
    groups
        1, or the number of channels (depthwise, one output channel an input channel).
    weight_zero_point
        int64 (out,): what weights have as zero in QDQ models, where they are 8-bit integers; None
        for 0. It changes nothing about the sum.
    """

    window: Window
    weight: np.ndarray
    bias: np.ndarray
    weight_bits: int
    weight_scale: np.ndarray
    requantize: Requantize
    groups: int = 1
    weight_zero_point: np.ndarray | None = None

"""Convolutions whose weights arrived quantized."""

from __future__ import annotations

import numpy as np

from ..errors import UnsupportedError
from ..ir import Conv, QConv, Quantization, Requantize, signed_width
from .fixed_point import Factors, FixedPoint
from .operators import Draft, clamp_bounds

_UNIT_WEIGHT = 64
"""The integer that stands for the weights of a channel that are all of one magnitude.

They would be exact as ones as well, but then the bias would be rounded to whole input steps.
"""

_BIAS_RATIO = 2.0**-16
"""Output steps that one unit of the bias stands for in a channel whose weights are all zero."""

_LARGEST_BIAS = (1 << 31) - 1


def draft_preset_conv(node: Conv, source: Quantization, target: Quantization) -> Draft:
    """The integer form of a convolution that keeps the integers its weights arrived as.

    The bias is rounded to the accumulator's unit (input scale * weight scale), in which it has
    arrived if it was an integer.

    Raises
    ------
    UnsupportedError
        If the weights are real numbers, or an integer does not fit its type.
    """
    rows = node.weight.reshape(len(node.weight), -1)
    scale = _scale_of_magnitude(node) if node.weight_scale is None else node.weight_scale
    scale = np.where(rows.any(axis=1), scale, _BIAS_RATIO * target.scale / source.scale)
    weight = np.rint(node.weight / scale[:, None, None, None]).astype(np.int64)
    bias = np.rint(node.bias / (source.scale * scale)).astype(np.int64)
    if weight.min() < -128 or weight.max() > 127:
        raise UnsupportedError(
            [
                f"Node '{node.name}': its weights are integers from {weight.min()} to "
                f"{weight.max()}, which are not 8-bit numbers; quantize them symmetrically to int8"
            ]
        )
    if np.abs(bias).max() > _LARGEST_BIAS:
        raise UnsupportedError(
            [
                f"Node '{node.name}': its bias exceeds 32-bit integers in units of the input's "
                "scale times that of weights; quantize weights with a larger scale"
            ]
        )

    def finish(constants: FixedPoint) -> QConv:
        lo, hi = clamp_bounds(node.clamp, target)
        return QConv(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            window=node.window,
            weight=weight.astype(np.int8),
            bias=bias,
            weight_bits=signed_width(weight),
            weight_scale=scale,
            requantize=Requantize(
                multiplier=constants.multiplier[:, 0], shift=constants.shift[:, 0], lo=lo, hi=hi
            ),
            groups=node.groups,
        )

    return Draft(
        factors=Factors(ratio=(scale * source.scale / target.scale)[:, None]), finish=finish
    )


def _scale_of_magnitude(node: Conv) -> np.ndarray:
    """A scale for real weights that are exact in it: those of one magnitude in every channel.

    Such are the constants of an addition or a product, which passes have made a convolution of.
    """
    magnitudes = np.abs(node.weight.reshape(len(node.weight), -1))
    largest = magnitudes.max(axis=1)
    if ((magnitudes != largest[:, None]) & (magnitudes != 0)).any():
        raise UnsupportedError(
            [
                f"Node '{node.name}': its activations are quantized, but its weights are not; "
                "quantize weights too (DequantizeLinear of int8), or give the float model"
            ]
        )
    return np.where(largest == 0, 1, largest) / _UNIT_WEIGHT

"""Convolutions whose weights arrived quantized."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ..errors import UnsupportedError
from ..ir import (
    Conv,
    Draft,
    Factors,
    FixedPoint,
    IntegerRangeError,
    QConv,
    Quantization,
    as_integers,
    signed_width,
)
from .fixed_point import are_small_fractions

_UNIT_WEIGHTS = range(64, 128)
"""Integers that may stand for the weights of a channel that are all of one magnitude.

They would be exact as ones as well, but then the bias would be rounded to whole input steps. Of
these the one is taken in whose units the bias is closest to an integer.
"""

_BYTE = 8
"""Bits of a weight that arrived without a zero point."""

_WIDEST = 9
"""Bits of a weight less its zero point, both bytes."""

_BIAS_RATIO = 2.0**-16
"""Output steps that one unit of the bias stands for in a channel whose weights are all zero."""

_BIAS_ROUNDING = 2.0**-22
"""Relative error of a bias that the model has as an integer: by its scale and that of weights."""


def draft_given_conv(
    node: Conv, source: Quantization, target: Quantization, *, follows: bool = False
) -> Draft:
    """The integer form of a convolution that keeps the integers its weights arrived as.

    Real weights are to be of one magnitude in every channel: see `brings_weights`.

    The bias is rounded to the accumulator's unit (input scale * weight scale), in which it has
    arrived if it was an integer.

    Parameters
    ----------
    follows
        Whether scales of weights become those that the constants stand for, as these may be too
        narrow to stand for the scales that are given.

    Raises
    ------
    UnsupportedError
        If an integer does not fit its type.
    """
    rows = node.weight.reshape(len(node.weight), -1)
    unit = target.scale / source.scale
    scale = node.weight_scale
    if scale is None:
        scale = _scale_of_magnitude(node, source.scale, unit)
    free = ~rows.any(axis=1) & ~_suits_bias(scale / unit, node.bias / (source.scale * scale))
    scale = np.where(free, _BIAS_RATIO * unit, scale)
    ratio = scale / unit
    if not (np.isfinite(ratio).all() and (ratio > 0).all()):
        raise UnsupportedError(
            [
                f"Node '{node.name}': the scales of its input, weights and output are too far "
                "apart for 64-bit floating point; quantize the model again"
            ]
        )
    weight = _integers(node, "weights", node.weight / scale[:, None, None, None], np.int16)
    weight_bits = signed_width(weight)
    if weight_bits > _WIDEST:
        raise UnsupportedError(
            [
                f"Node '{node.name}': its weights less their zero points take {weight_bits} bits, "
                f"more than the {_WIDEST} of 8-bit integers; quantize them to 8 bits"
            ]
        )
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        bias = _integers(node, "bias", node.bias / (source.scale * scale), np.int32)

    def finish(constants: FixedPoint) -> QConv:
        return QConv(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            window=node.window,
            weight=weight.astype(np.int8) if weight_bits <= _BYTE else weight,
            bias=bias.astype(np.int64),
            weight_bits=weight_bits,
            weight_scale=unit * constants.of_one_term().ratio if follows else scale,
            requantize=constants.of_one_term().requantize(node.clamp, target),
            groups=node.groups,
            weight_zero_point=node.weight_zero_point,
        )

    return Draft(factors=Factors(ratio=ratio[:, None], followed=True), finish=finish)


def _suits_bias(ratio: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Whether channels without weights may keep their scales for their biases: bool (out,).

    Parameters
    ----------
    ratio
        Output steps that one unit of the bias stands for, by the scales of the model.
    bias
        In those units.
    """
    whole = np.isclose(bias, np.rint(bias), rtol=_BIAS_ROUNDING, atol=0)
    return whole & (ratio >= _BIAS_RATIO) & are_small_fractions(ratio[:, None])


def _integers(node: Conv, what: str, values: np.ndarray, dtype: type[np.integer]) -> np.ndarray:
    """Weights or biases in their steps.

    Raises
    ------
    UnsupportedError
        If they are no integers of `dtype`.
    """
    try:
        return as_integers(values, dtype)
    except IntegerRangeError as error:
        remedy = {
            "weights": "quantize them to 8 bits",
            "bias": "quantize weights with a larger scale",
        }
        unit = "" if what == "weights" else " in units of the input's scale times that of weights"
        raise UnsupportedError(
            [f"Node '{node.name}': its {what} would be {error}{unit}; {remedy[what]}"]
        ) from error


def brings_weights(node: Conv, known: Collection[str]) -> bool:
    """Whether a convolution's weights need no quantization of their own.

    They are integers of a scale, or exact in one while all around them is given.

    Parameters
    ----------
    known
        Tensors whose quantization the model brings along.
    """
    if node.weight_scale is not None:
        return True
    return {*node.inputs, node.output} <= {*known} and _is_of_one_magnitude(node)


def _is_of_one_magnitude(node: Conv) -> bool:
    magnitudes = np.abs(node.weight.reshape(len(node.weight), -1))
    largest = magnitudes.max(axis=1)
    return not ((magnitudes != largest[:, None]) & (magnitudes != 0)).any()


def _scale_of_magnitude(node: Conv, input_scale: float, unit: float) -> np.ndarray:
    """A scale for real weights that are exact in it: those of one magnitude in every channel.

    Such are the constants of an addition or a product, which passes have made a convolution of.
    Channels that need only be shifted have weights that are powers of two.
    """
    largest = np.abs(node.weight.reshape(len(node.weight), -1)).max(axis=1)
    largest = np.where(largest == 0, 1, largest)
    units = np.array(_UNIT_WEIGHTS, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        biases = node.bias[:, None] * units / (input_scale * largest[:, None])
        found = np.argmin(np.abs(biases - np.rint(biases)), axis=1)
    is_shift = np.frexp(largest / unit)[0] == 0.5
    return largest / units[np.where(is_shift, 0, found)]

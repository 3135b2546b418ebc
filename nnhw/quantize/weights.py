"""Integer weights and biases of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import QuantizationError
from ..ir import Conv, IntegerRangeError, as_integers

ERROR_POWER = 3
"""Of the rounding errors whose sum a channel's scale minimizes.

Cubes cut off less of the large weights than squares do: see benchmarks/quantization.py.
"""

_FRACTIONS = np.linspace(1.0, 0.2, 81)
"""Largest represented weights tried, as fractions of a channel's largest weight."""

_ROUNDING = 1 - 1e-9
"""Makes a lower bound of errors one that rounding in float64 does not lift above them."""

_FINEST_RATIO = 2.0**-16
"""Smallest worthwhile (input scale * weight scale) / output scale.

Rounding a weight to steps of this size moves the output by less than 2**-8 steps even for the
largest input. Channels of tiny weights, such as a folded batch normalization leaves behind, would
otherwise have huge biases and widen the accumulator.
"""

_BIAS_RATIO = 2.0**-8
"""The same ratio for a channel without weights: its bias is rounded to 2**-9 output steps."""

_LARGEST_BIAS = 2.0**30
"""Well within int32, so that scales may still change by a few per cent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerWeights:
    """Quantized parameters; see `nnhw.ir.QConv` for the meaning and type of each."""

    weight: np.ndarray
    bias: np.ndarray
    scale: np.ndarray


def weight_scales(
    node: Conv, bits: int, input_scale: float, output_scale: float, *, power_of_two: bool = False
) -> np.ndarray:
    """Desirable scale of each output channel's weights: float64 (out,).

    That of the least cubed error of the weights (grid search), enlarged where the bias would
    not fit into int32 or where the resolution would be finer than the output can show.

    Parameters
    ----------
    power_of_two
        Consider only scales for which input_scale * scale / output_scale is a power of two; one
        that is enlarged is none yet.

    Raises
    ------
    QuantizationError
        If a weight or bias is not finite.
    """
    rows = node.weight.reshape(len(node.weight), -1)
    if not (np.isfinite(rows).all() and np.isfinite(node.bias).all()):
        raise QuantizationError(f"Node '{node.name}' has weights or biases that are not finite")
    unit = output_scale / input_scale
    widest = np.maximum(np.abs(rows).max(axis=1) / _largest(bits), np.finfo(np.float32).tiny)
    if power_of_two:
        candidates = unit * 2.0 ** (np.ceil(np.log2(widest / unit)) - np.arange(3)[:, None])
    else:
        candidates = widest * _FRACTIONS[:, None]
    best = _least_error(rows, bits, candidates)
    scale = np.where(rows.any(axis=1), best, unit * _BIAS_RATIO)
    scale = np.maximum(scale, np.abs(node.bias) / (input_scale * _LARGEST_BIAS))
    return np.maximum(scale, unit * _FINEST_RATIO)


def quantize_weights(
    node: Conv, bits: int, input_scale: float, scale: np.ndarray, input_mean: np.ndarray
) -> IntegerWeights:
    """Weights in steps of `scale`, symmetric, and the bias in the accumulator's unit.

    The bias takes up the mean of the error that the rounded weights make at the output (empirical
    bias correction: Nagel et al., "Data-Free Quantization through Weight Equalization and Bias
    Correction", 2019), padding neglected.

    Parameters
    ----------
    scale
        (out,), positive; rounded to float32, so that all consumers of the model use the same.
    input_mean
        float64 (input channels,): mean of each over the calibration data.

    Raises
    ------
    QuantizationError
        If a weight or bias has no integer.
    """
    with np.errstate(over="ignore", under="ignore"):
        scale = scale.astype(np.float32).astype(np.float64)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise QuantizationError(
            f"Node '{node.name}': its weights are too large, or too small, for steps of 32-bit "
            "floating point: train or export the model again"
        )
    largest = _largest(bits)
    weight = np.clip(np.rint(node.weight / scale[:, None, None, None]), -largest, largest)
    error = (node.weight - weight * scale[:, None, None, None]).sum(axis=(1, 2))
    mean = input_mean if node.groups == 1 else input_mean[:, None]
    bias = node.bias + (error * mean).sum(axis=1)
    try:
        return IntegerWeights(
            weight=as_integers(weight, np.int8),
            bias=as_integers(bias / (input_scale * scale)),
            scale=scale,
        )
    except IntegerRangeError as error:
        raise QuantizationError(
            f"Node '{node.name}': a weight or bias would be {error}: "
            "train or export the model again"
        ) from error


def _least_error(rows: np.ndarray, bits: int, candidates: np.ndarray) -> np.ndarray:
    """The candidate (count, out) of least error for each row; any for a row of zeros.

    Candidates fall from the first to the last.
    """
    largest = _largest(bits)
    magnitude = np.maximum(np.abs(rows).max(axis=1), np.finfo(np.float32).tiny)
    best, least = candidates[0].copy(), np.full(len(rows), np.inf)
    for scale in candidates:
        # What is cut off of the row's largest weight alone: no later candidate has less of that.
        cut_off = np.maximum(1 - largest * scale / magnitude, 0) ** ERROR_POWER
        (left,) = np.nonzero(cut_off * _ROUNDING < least)
        if not len(left):
            break
        steps = rows[left] / scale[left, None]
        rounded = np.clip(np.rint(steps), -largest, largest)
        # Relative to the row, as powers of tiny weights would leave the range of float64.
        error = (np.abs(steps - rounded) ** ERROR_POWER).sum(axis=1)
        error *= (scale[left] / magnitude[left]) ** ERROR_POWER
        better = left[error < least[left]]
        best[better] = scale[better]
        least[left] = np.minimum(error, least[left])
    return best


def _largest(bits: int) -> int:
    """Largest magnitude of a symmetric integer."""
    return (1 << (bits - 1)) - 1

"""Scales of weights that arrived quantized."""

from __future__ import annotations

import numpy as np

from ..ir import IntegerRangeError, as_integers
from .node import OnnxNode
from .problems import NodeError


def weight_scale(node: OnnxNode, weight: np.ndarray, steps: np.ndarray | None) -> np.ndarray | None:
    """The step of each output channel's weights, for `Conv.weight_scale`.

    A zero point only shifts the integers: uint8 weights with zero point 128 are int8 weights.

    Parameters
    ----------
    weight, steps
        (out, ...), of the same shape: real weights, and the step of each; None for float weights.

    Returns
    -------
    numpy.ndarray or None
        float64 (out,); None for float weights.

    Raises
    ------
    NodeError
        If an output channel's weights have several scales, or less their zero point they are not
        8-bit integers.
    """
    if steps is None:
        return None
    rows = steps.reshape(len(steps), -1)
    if (rows != rows[:, :1]).any():
        raise NodeError(
            "its weights have several scales within an output channel; quantize them per tensor or "
            "per output channel"
        )
    scale = rows[:, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # refused by name
        steps = weight.reshape(len(weight), -1) / scale[:, None]
    try:
        integers = as_integers(steps)
    except IntegerRangeError as error:
        raise NodeError(
            f"a weight would be {error} steps of its scale; quantize the model again"
        ) from error
    lo, hi = int(integers.min()), int(integers.max())
    if lo < -128 or hi > 127:
        raise NodeError(
            f"its weights less their zero point are integers from {lo} to {hi}, which are not "
            "8-bit numbers; quantize weights symmetrically to int8, without a zero point"
        )
    return scale.copy()

"""Scales and zero points of weights that arrived quantized."""

from __future__ import annotations

import numpy as np

from ..ir import IntegerRangeError, as_integers
from .node import OnnxNode
from .problems import NodeError

_LARGEST = 255
"""Difference of two 8-bit integers."""

WeightSteps = dict[str, np.ndarray | None]
"""The fields of `Conv` that tell how its weights arrived."""


def weight_steps(node: OnnxNode, weight: np.ndarray, steps: np.ndarray | None) -> WeightSteps:
    """`weight_scale` and `weight_zero_point` of a `Conv`, (out,) each.

    Parameters
    ----------
    weight, steps
        (out, ...), of the same shape: real weights, and the `STEP` of each; None for float weights.

    Raises
    ------
    NodeError
        If an output channel's weights have several scales, or less their zero point they are not
        differences of 8-bit integers.
    """
    if steps is None:
        return {"weight_scale": None, "weight_zero_point": None}
    rows = steps.reshape(len(steps), -1)
    size, zero_point = rows["size"], rows["zero_point"]
    if (size != size[:, :1]).any():
        raise NodeError(
            "its weights have several scales within an output channel; quantize them per tensor or "
            "per output channel"
        )
    scale = size[:, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # refused by name
        real = weight.reshape(len(weight), -1) / scale[:, None]
    try:
        integers = as_integers(real)
    except IntegerRangeError as error:
        raise NodeError(
            f"a weight would be {error} steps of its scale; quantize the model again"
        ) from error
    lo, hi = np.minimum(integers.min(axis=1), 0), np.maximum(integers.max(axis=1), 0)
    if (hi - lo > _LARGEST).any():
        raise NodeError(
            f"its weights less their zero point are integers from {lo.min()} to {hi.max()}, which "
            "are not those of 8-bit numbers; quantize weights to int8 or uint8"
        )
    # Of several zero points within a channel none is the channel's.
    is_one = (zero_point == zero_point[:, :1]).all() and zero_point.any()
    return {
        "weight_scale": scale.copy(),
        "weight_zero_point": zero_point[:, 0].copy() if is_one else None,
    }

"""Weights as ONNX stores them: 8-bit integers with zero points."""

from __future__ import annotations

import numpy as np

_INT8 = np.iinfo(np.int8)
_UINT8 = np.iinfo(np.uint8)


def stored_weights(
    weight: np.ndarray, zero_point: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The 8-bit integers that stand for weights.

    Parameters
    ----------
    weight
        (out, ...): integers less their zero point, which span less than 256 in each channel.
    zero_point
        int64 (out,), those of the model's file; None for 0. Where they do not make 8-bit integers
        of all weights, for a channel that has changed its sign, say, others are chosen.

    Returns
    -------
    tuple
        Numbers and zero points, both int8 or both uint8: the latter only if int8 cannot hold them;
        zero points are None if they are all 0.
    """
    rows = weight.reshape(len(weight), -1).astype(np.int64)
    zeros = np.zeros(len(rows), np.int64) if zero_point is None else zero_point
    lo, hi = np.minimum(rows.min(axis=1), 0) + zeros, np.maximum(rows.max(axis=1), 0) + zeros
    kind: type[np.integer] = np.int8
    if lo.min() < _INT8.min or hi.max() > _INT8.max:
        kind = np.uint8
        if lo.min() < _UINT8.min or hi.max() > _UINT8.max:
            kind = np.int8
            zeros = zeros + np.clip(0, _INT8.min - lo, _INT8.max - hi)
    numbers = (weight + zeros.reshape(-1, *[1] * (weight.ndim - 1))).astype(kind)
    return numbers, zeros.astype(kind) if zeros.any() else None

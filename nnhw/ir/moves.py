"""Operators that only move elements of batches (N, H, W, C), shared by every NumPy execution."""

from __future__ import annotations

import numpy as np

from .nodes import DepthToSpace, Reshape, Resize, Slice, Transpose

Move = Reshape | Slice | Resize | DepthToSpace | Transpose
"""The operators of float and integer graphs alike."""


def move_elements(node: Move, x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Output of an operator that moves elements of any type.

    Parameters
    ----------
    node
        The operator.
    x
        (N, H, W, C).
    shape
        Shape of the output, (H, W, C).

    Returns
    -------
    numpy.ndarray
        (N, *shape) of the type of `x`; may be a view of it.
    """
    match node:
        case Slice():
            rows, cols, channels = (
                slice(start, start + size) for start, size in zip(node.start, shape, strict=True)
            )
            return x[:, rows, cols, channels]
        case Resize():
            return x.repeat(node.factor[0], axis=1).repeat(node.factor[1], axis=2)
        case DepthToSpace():
            n, height, width, _ = x.shape
            split = x.reshape(n, height, width, node.block, node.block, shape[2])
            return split.transpose(0, 1, 3, 2, 4, 5).reshape(n, *shape)
        case Transpose():
            return x.transpose(0, *(1 + axis for axis in node.perm))
        case Reshape():
            return x.reshape(-1, *shape)

"""Operators that only move elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir import (
    DepthToSpace,
    Move,
    Quantization,
    Reshape,
    Resize,
    Slice,
    Tensor,
    Transpose,
    move_elements,
)
from .executions import executes


@executes(Reshape, Slice, Resize, DepthToSpace, Transpose)
def move(
    node: Move, inputs: Sequence[np.ndarray], sources: Sequence[Quantization], output: Tensor
) -> np.ndarray:
    """The input's elements in their new places."""
    return move_elements(node, inputs[0], output.shape)

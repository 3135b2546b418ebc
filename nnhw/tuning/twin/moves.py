"""Operators that only move elements."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...ir import DepthToSpace, Move, Quantization, Reshape, Resize, Slice, Tensor, Transpose
from .executions import imitates


@imitates(Reshape, Slice, Resize, DepthToSpace, Transpose)
def move(
    node: Move, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """The input's elements in their new places."""
    return _moved(node, inputs[0].permute(0, 2, 3, 1), output.shape).permute(0, 3, 1, 2)


def _moved(node: Move, x: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """The same of channels-last tensors."""
    match node:
        case Slice():
            rows, cols, channels = (
                slice(start, start + size) for start, size in zip(node.start, shape, strict=True)
            )
            return x[:, rows, cols, channels]
        case Resize():
            down, right = node.factor
            return x.repeat_interleave(down, 1).repeat_interleave(right, 2)
        case DepthToSpace():
            n, height, width, _ = x.shape
            split = x.reshape(n, height, width, node.block, node.block, shape[2])
            return split.permute(0, 1, 3, 2, 4, 5).reshape(n, *shape)
        case Transpose():
            return x.permute(0, *(1 + axis for axis in node.perm))
        case Reshape():
            return x.reshape(-1, *shape)

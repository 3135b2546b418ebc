"""Arrays as tensors, and back."""

from __future__ import annotations

import numpy as np
import torch


def to_torch(array: np.ndarray) -> torch.Tensor:
    """(N, H, W, C) of any real type as float32 (N, C, H, W), in the same order in memory."""
    return torch.from_numpy(np.array(array, np.float32, order="C")).permute(0, 3, 1, 2)


def from_torch(tensor: torch.Tensor) -> np.ndarray:
    """(N, C, H, W) as an array (N, H, W, C)."""
    return tensor.detach().permute(0, 2, 3, 1).numpy()


def constant(array: np.ndarray, dtype: torch.dtype | None = None) -> torch.Tensor:
    """A copy of a node's array, of the array's type unless another one is given."""
    return torch.tensor(array, dtype=dtype)

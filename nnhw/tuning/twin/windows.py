"""Windows over tensors (N, C, H, W)."""

from __future__ import annotations

import torch

from ...ir import Window


def pad(x: torch.Tensor, window: Window, value: float) -> torch.Tensor:
    """`x` with `window.pads` of `value` around it."""
    top, left, bottom, right = window.pads
    if not any(window.pads):
        return x
    return torch.nn.functional.pad(x, (left, right, top, bottom), value=value)


def along(x: torch.Tensor, window: Window, axis: int) -> torch.Tensor:
    """View of a padded tensor as windows along one axis, 0 down and 1 across: their elements are a
    new last axis."""
    taps, stride = window.kernel[axis], window.stride[axis]
    dilation = window.dilation[axis]
    return x.unfold(2 + axis, (taps - 1) * dilation + 1, stride)[..., ::dilation]

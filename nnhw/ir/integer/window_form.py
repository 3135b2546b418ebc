"""Windows as readers and as ONNX models have them."""

from __future__ import annotations

from typing import Any

from ..window import Window


def window_name(kind: str, window: Window, output_shape: tuple[int, int, int]) -> str:
    """An operator with a window, such as "conv 3x3 /2" with a stride of 2."""
    (rows, cols), (down, right) = window.kernel, window.stride
    stride = ""
    if (down, right) != (1, 1) and output_shape[:2] != (1, 1):
        stride = f" /{down}" if down == right else f" /{down}x{right}"
    return f"{kind} {rows}x{cols}{stride}"


def window_attributes(window: Window) -> dict[str, Any]:
    """Attributes of a window, the same for Conv, MaxPool and AveragePool."""
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": window.pads,
        "dilations": window.dilation,
    }

"""What operators read and what many of them end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..network import Operator
from ..writer import Refusal, Writer


def optional_input(op: Operator, place: int) -> int:
    """An input that may be absent: its tensor, else -1."""
    return op.inputs[place] if place < len(op.inputs) else -1


def numbers(op: Operator, w: Writer, place: int) -> tuple[int, ...]:
    """An input that has to be a constant of integers."""
    tensor = w.tensor(op.inputs[place])
    if tensor.data is None or tensor.data.dtype.kind != "i":
        raise Refusal(
            f"'{tensor.name}' has to be a constant of integers, but the network computes it; "
            "convert the model with fixed shapes"
        )
    return tuple(tensor.data.ravel().tolist())


def channels(op: Operator, w: Writer) -> int:
    """Channels of the first input."""
    shape = w.tensor(op.inputs[0]).shape
    if len(shape) != 4:
        raise Refusal(
            f"its input has shape {list(shape)}, where four axes are needed; convert the model "
            "again"
        )
    return shape[3]


def to_first(rank: int) -> tuple[int, ...]:
    """Axes (batch, ..., channels) in the order (batch, channels, ...)."""
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 else tuple(range(rank))


def channels_first(op: Operator, w: Writer, place: int = 0) -> str:
    """An input as ONNX has images."""
    rank = len(w.tensor(op.inputs[place]).shape)
    return w.real(op.inputs[place], to_first(rank) if rank > 2 else None)


def channels_last(w: Writer, value: str, rank: int) -> str:
    """An image as TFLite has it."""
    if rank < 3:
        return value
    return w.node("Transpose", [value], perm=np.argsort(to_first(rank)).tolist())


def padding(
    op: Operator, w: Writer, kernel: Sequence[int], dilations: Sequence[int] = (1, 1)
) -> dict[str, Any]:
    """Padding and dilations of a window that slides over the first input, as attributes.

    TensorFlow pads more at the end, if need be, and never less than nothing. onnxruntime's
    SAME_UPPER crops where steps are wider than the kernel, and does not go with dilations; there,
    pads are given as numbers.
    """
    if op.option("Padding") != "SAME":
        return {"auto_pad": "VALID", "dilations": list(dilations)}
    strides = [op.option("StrideH"), op.option("StrideW")]
    spans = [(taps - 1) * step + 1 for taps, step in zip(kernel, dilations, strict=True)]
    if list(dilations) == [1, 1] and all(s <= n for s, n in zip(strides, spans, strict=True)):
        return {"auto_pad": "SAME_UPPER", "dilations": [1, 1]}
    tensor = w.tensor(op.inputs[0])
    if min(tensor.signature[1:3], default=0) < 0:
        raise Refusal(
            "its padding depends on sizes that are open; convert the model with fixed ones"
        )
    before, after = [], []
    for size, stride, span in zip(tensor.shape[1:3], strides, spans, strict=True):
        if stride < 1:
            raise Refusal(f"its stride is {stride}; use one of at least 1")
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return {"pads": [*before, *after], "dilations": list(dilations)}

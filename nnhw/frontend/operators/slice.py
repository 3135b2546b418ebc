"""Parts of tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...ir import MaxPool, Window
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..runs import take_block, with_blocks
from ..value import Value
from .registry import operator


@operator(
    "Slice",
    attributes=("axes", "ends", "starts"),
    remark="by constants, along any axis but the batch; steps along rows and columns only",
)
def slice_(node: OnnxNode, build: Builder) -> Value:
    """Slice-13 and its older definitions, of which Slice-1 has its parameters in attributes."""
    value = node.value()
    shape = value.onnx_shape
    starts, ends = node.ints(1, "starts"), node.ints(2, "ends")
    assert starts is not None, "the checker has made sure of it"
    assert ends is not None, "the checker has made sure of it"
    axes = [axis % len(shape) for axis in node.ints(3, "axes") or range(len(starts))]
    steps = node.ints(4, "steps") or (1,) * len(starts)
    ranges: dict[int, range] = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step < 1:
            raise NodeError(f"step {step} along axis {axis} reverses the order; use positive steps")
        ranges[axis] = range(shape[axis])[start:end:step]
        if not ranges[axis]:
            raise NodeError(
                f"nothing is left of axis {axis} of its input of shape {shape}; export it with a "
                "start before its end"
            )
    return take_ranges(node, build, value, ranges)


def take_ranges(node: OnnxNode, build: Builder, value: Value, ranges: Mapping[int, range]) -> Value:
    """The elements at some positions of some ONNX axes, which are not empty and ascend.

    Raises
    ------
    NodeError, FollowOnError
        If that cannot be built.
    """
    block = {axis: (taken[0], taken[-1] - taken[0] + 1) for axis, taken in ranges.items()}
    strides = {axis: taken.step for axis, taken in ranges.items() if len(taken) > 1}
    value = take_block(build, value, block, name=node.name, output=node.output)
    strides = {axis: step for axis, step in strides.items() if step > 1}
    return _stride(node, build, value, strides) if strides else value


def _stride(node: OnnxNode, build: Builder, value: Value, strides: dict[int, int]) -> Value:
    """Every n-th row or column: the maximum over single pixels, with a stride."""
    image = build.image_of(value)
    vertical = strides.pop(2, 1) if image.rank == 4 else 1
    horizontal = strides.pop(image.rank - 1, 1)
    if strides:
        raise NodeError(
            f"it takes every n-th element along axes {sorted(strides)}; only rows and columns of "
            "an image can be skipped: use Gather along other axes"
        )
    window = Window(stride=(vertical, horizontal))
    shape = (*window.output_size(*image.shape[:2]), image.shape[2])
    output = build.add(MaxPool, node, (image.tensor,), shape, window=window)
    return image.result(output, shape)


@operator(
    "Split",
    attributes=("axis", "num_outputs", "split"),
    all_outputs=True,
    remark="along any axis but the batch",
)
def split(node: OnnxNode, build: Builder) -> tuple[Value, ...]:
    """Split-18 and its older definitions, which have the sizes in an attribute or an input."""
    value, outputs = node.value(), node.proto.output
    shape = value.onnx_shape
    axis = node.attribute("axis") % len(shape)
    sizes = node.ints(1, "split")
    if sizes is None:
        most = math.ceil(shape[axis] / len(outputs))
        sizes = tuple(len(range(shape[axis])[i * most :][:most]) for i in range(len(outputs)))
    if sum(sizes) != shape[axis] or len(sizes) != len(outputs) or min(sizes) < 1:
        raise NodeError(
            f"its sizes {sizes} do not divide axis {axis} of its input of shape {shape} into "
            f"{len(outputs)} parts of one element or more; export it with sizes that do"
        )
    parts = [(sum(sizes[:i]), size) for i, size in enumerate(sizes)]
    value = with_blocks(build, value, axis, parts)
    return tuple(
        take_block(build, value, {axis: part}, name=node.name, output=output)
        for part, output in zip(parts, outputs, strict=True)
    )

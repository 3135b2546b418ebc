"""Some elements of a tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..network import Operator
from ..writer import Refusal, Writer
from .operands import channels_first, channels_last, numbers, to_first
from .registry import translates

_END = np.iinfo(np.int64).max
"""Past every axis."""


@translates("UNPACK", keeps_values=True)
def _unpack(op: Operator, w: Writer) -> list[str]:
    axis = op.option("Axis")
    parts = _parts(op, w, w.real(op.inputs[0]), [1] * len(op.outputs), axis)
    return [w.node("Squeeze", [part, w.constant([axis])]) for part in parts]


@translates("SPLIT", keeps_values=True)
def _split(op: Operator, w: Writer) -> list[str]:
    (axis,) = numbers(op, w, 0)
    shape = w.tensor(op.inputs[1]).shape
    if not -len(shape) <= axis < len(shape) or shape[axis] % len(op.outputs):
        raise Refusal(
            f"it cannot divide axis {axis} of {list(shape)} into {len(op.outputs)} parts; convert "
            "the model again"
        )
    sizes = [shape[axis] // len(op.outputs)] * len(op.outputs)
    return _parts(op, w, w.real(op.inputs[1]), sizes, axis)


@translates("SPLIT_V", keeps_values=True)
def _split_v(op: Operator, w: Writer) -> list[str]:
    (axis,) = numbers(op, w, 2)
    sizes = list(numbers(op, w, 1))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = w.tensor(op.inputs[0]).shape[axis] - sum(sizes) - 1
    return _parts(op, w, w.real(op.inputs[0]), sizes, axis)


def _parts(op: Operator, w: Writer, value: str, sizes: Sequence[int], axis: int) -> list[str]:
    operands = [value, w.constant(sizes)]
    return w.node_of_many("Split", operands, len(op.outputs), main=True, axis=axis)


@translates("SLICE", keeps_values=True)
def _slice(op: Operator, w: Writer) -> str:
    starts, sizes = numbers(op, w, 1), numbers(op, w, 2)
    ends = [_END if size < 0 else at + size for at, size in zip(starts, sizes, strict=True)]
    return w.main("Slice", [w.real(op.inputs[0]), w.constant(starts), w.constant(ends)])


@translates("STRIDED_SLICE", keeps_values=True)
def _strided_slice(op: Operator, w: Writer) -> str:
    if op.option("EllipsisMask") or op.option("NewAxisMask"):
        raise Refusal("it leaves axes out (...) or adds some (newaxis); name all axes, and reshape")
    starts, ends, steps = (list(numbers(op, w, index)) for index in (1, 2, 3))
    if op.options.get("Offset"):
        ends = [at + size for at, size in zip(starts, ends, strict=True)]
    dropped = [axis for axis in range(len(starts)) if op.option("ShrinkAxisMask") >> axis & 1]
    for axis in range(len(starts)):
        backwards = steps[axis] < 0
        if axis in dropped:
            ends[axis], steps[axis] = starts[axis] + 1 or _END, 1
            continue
        if op.option("BeginMask") >> axis & 1:
            starts[axis] = _END if backwards else 0
        if op.option("EndMask") >> axis & 1:
            ends[axis] = -_END if backwards else _END
    rank = len(w.tensor(op.inputs[0]).shape)
    # Every n-th row and column: what images are known for.
    axes = np.argsort(to_first(rank))[: len(starts)]
    operands = [w.constant(list(column)) for column in (starts, ends, axes, steps)]
    value = w.main("Slice", [channels_first(op, w), *operands])
    value = channels_last(w, value, rank)
    return w.node("Squeeze", [value, w.constant(dropped)]) if dropped else value


@translates("GATHER", keeps_values=True)
def _gather(op: Operator, w: Writer) -> str:
    if op.options.get("BatchDims"):
        raise Refusal("it takes other elements for each sample (batch_dims); use batch_dims=0")
    return w.main("Gather", [w.real(i) for i in op.inputs[:2]], axis=op.option("Axis"))

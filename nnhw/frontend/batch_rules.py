"""How each operator treats the samples of a batch: apart, or as one.

An operator keeps samples apart if it does not work along the axis on which they lie. Each rule
gives the place of the samples in the result; see `Batch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from ..ir import FUNCTIONS
from .batch import Batch, FixedNumberError, MixingError, Operands
from .batch_joins import concat, gather, gemm, matmul, pointwise

Rule = Callable[[Operands], Batch | None]
"""Where the samples lie in a node's result.

Raises MixingError if it does not keep them apart, and FixedNumberError.
"""


def _first_axis(at: Operands) -> Batch | None:
    """Sample by sample along axis 0; all other inputs are parameters."""
    batch = at.batches[0]
    if any(other is not None for other in at.batches[1:]):
        raise MixingError
    if batch is None:
        return None
    if batch.axes(at.shapes[0]) != [0]:
        raise MixingError
    return batch.moved(at.shapes[0], at.result, 0)


def _view(at: Operands) -> Batch | None:
    batch = at.batches[0]
    if math.prod(at.result) != math.prod(at.shapes[0]):
        raise FixedNumberError
    return batch


def _transpose(at: Operands) -> Batch | None:
    batch = at.batches[0]
    if batch is None:
        return None
    perm = at.attribute("perm", range(len(at.shapes[0]))[::-1])
    assert isinstance(perm, list | range), "so says ONNX"
    axis = batch.axis(at.shapes[0])
    return batch.moved(at.shapes[0], at.result, list(perm).index(axis))


def _expanded(at: Operands) -> Batch | None:
    """To a shape, by the rules of broadcasting, which may have new axes in front."""
    batch, shape, wanted = at.batches[0], at.shapes[0], at.constants_alone[1]
    if wanted is None:
        raise MixingError
    if batch is None:
        return None
    axis = batch.axis(shape) - len(shape)
    if wanted.size >= -axis and wanted[axis] > 1:
        raise FixedNumberError
    return batch.moved(shape, at.result, axis + len(at.result))


def _tiled(at: Operands) -> set[int]:
    repeats = at.ints(1, "repeats") or ()
    return {axis for axis, count in enumerate(repeats) if count != 1}


def _along(axes: Callable[[Operands], set[int]]) -> Rule:
    """Works along some axes of its first input; the rest of them stay in their order."""

    def rule(at: Operands) -> Batch | None:
        if any(other is not None for other in at.batches[1:]):
            raise MixingError
        batch, shape = at.batches[0], at.shapes[0]
        if batch is None:
            return None
        rank = len(shape)
        worked = {axis % rank for axis in axes(at)} if rank else set()
        if not worked:
            return batch
        axis = batch.axis(shape)
        if axis in worked:
            raise MixingError
        if len(at.result) != rank:
            gone = sum(1 for other in worked if other < axis)
            return batch.moved(shape, at.result, axis - gone)
        return batch.moved(shape, at.result, axis)

    return rule


def _reduced(at: Operands) -> set[int]:
    axes = at.ints(1, "axes")
    if axes:
        return set(axes)
    return set() if at.attribute("noop_with_empty_axes") else set(range(len(at.shapes[0])))


def _from_axis_on(default: int) -> Callable[[Operands], set[int]]:
    def axes(at: Operands) -> set[int]:
        first = at.integer("axis", default) % max(1, len(at.shapes[0]))
        return set(range(first, len(at.shapes[0])))

    return axes


def _softmax_axes(at: Operands) -> set[int]:
    if at.opset < 13:
        return _from_axis_on(1)(at)
    return {at.integer("axis", -1)}


def _one_axis(default: int) -> Callable[[Operands], set[int]]:
    return lambda at: {at.integer("axis", default)}


def _sliced(at: Operands) -> set[int]:
    starts = at.ints(1, "starts") or ()
    axes = at.ints(3, "axes") or range(len(starts))
    steps = at.ints(4, "steps") or (1,) * len(starts)
    shape = at.shapes[0]
    changed = {a % len(shape) for a, step in zip(axes, steps, strict=True) if step != 1}
    return changed | {a for a, size in enumerate(shape) if at.result[a] != size}


def _resized(at: Operands) -> set[int]:
    """Axes that another size is given to."""
    return {a for a, size in enumerate(at.shapes[0]) if at.result[a] != size}


def _padded(at: Operands) -> set[int]:
    pads = at.ints(1, "pads") or ()
    rank = len(at.shapes[0])
    axes = at.ints(3, "axes") or tuple(range(rank))
    sides = np.reshape(pads, (2, len(axes)))
    return {axis for axis, side in zip(axes, sides.T, strict=True) if side.any()}


def _cumulated(at: Operands) -> set[int]:
    axes = at.ints(1, "axis")
    return set(axes or ())


def _scaled(at: Operands) -> set[int]:
    """The axis along which a quantizer has a scale for each index."""
    return {at.integer("axis", 1)} if math.prod(at.shapes[1]) > 1 else set()


def _quantizer(at: Operands) -> Batch | None:
    return _along(_scaled)(at)


def _dynamic_quantizer(at: Operands) -> Batch | None:
    """Integers, and scale and zero point: each sample has those that it has alone."""
    return at.batches[0] if at.result else None


def _non_max_suppression(at: Operands) -> Batch | None:
    """Selects boxes of each sample; which sample a box is of is a number in the result."""
    found = {batch for batch in at.batches if batch is not None}
    for shape, batch in zip(at.shapes, at.batches, strict=True):
        if batch is not None and batch.axes(shape) != [0]:
            raise MixingError
    return replace(found.pop(), outer=at.shapes[0][0])  # anywhere but in front


_REDUCTIONS = (
    "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd "
    "ReduceSum ReduceSumSquare"
)
_SAMPLE_BY_SAMPLE = (
    "AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool "
    "GlobalLpPool GlobalMaxPool GroupNormalization InstanceNormalization LRN LpPool MaxPool "
    "SpaceToDepth"
)
_VIEWS = "Flatten Reshape Squeeze Unsqueeze"

_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_REDUCTIONS.split(), _along(_reduced)),
    **dict.fromkeys(_SAMPLE_BY_SAMPLE.split(), _first_axis),
    **dict.fromkeys(_VIEWS.split(), _view),
    **dict.fromkeys(("ArgMax", "ArgMin"), _along(_one_axis(0))),
    **dict.fromkeys(("Hardmax", "LogSoftmax", "Softmax"), _along(_softmax_axes)),
    **dict.fromkeys(("Resize", "Upsample"), _along(_resized)),
    **dict.fromkeys(("DequantizeLinear", "QuantizeLinear"), _quantizer),
    "DynamicQuantizeLinear": _dynamic_quantizer,
    "Concat": concat,
    "CumSum": _along(_cumulated),
    "Expand": _expanded,
    "Gather": gather,
    "Gemm": gemm,
    "LayerNormalization": _along(_from_axis_on(-1)),
    "LpNormalization": _along(_one_axis(-1)),
    "MatMul": matmul,
    "NonMaxSuppression": _non_max_suppression,
    "Pad": _along(_padded),
    "Slice": _along(_sliced),
    "Split": _along(_one_axis(0)),
    "Tile": _along(_tiled),
    "TopK": _along(_one_axis(-1)),
    "Transpose": _transpose,
}

_OF_TENSORS = (
    "Add And Cast Clip Div Dropout Equal Greater GreaterOrEqual Identity Less LessOrEqual Max Mean "
    "Min Mod Mul Neg Not Or PRelu Pow Relu Sub Sum Where Xor"
)

POINTWISE = frozenset(
    [
        *(definition.operator for definition in FUNCTIONS.values()),
        *_OF_TENSORS.split(),
    ]
)
"""Operators that compute each element of their results from one element of each input."""


OF_OPEN_SIZE = frozenset({"NonMaxSuppression"})
"""Operators whose results have no fixed shape, and whose rules need none."""


def rule_of(op_type: str) -> Rule | None:
    """The rule of an operator of the standard operator set; None if there is none."""
    return pointwise if op_type in POINTWISE else _RULES.get(op_type)

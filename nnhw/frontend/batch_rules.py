"""How each operator treats the samples of a batch: apart, or as one.

An operator keeps samples apart if it does not work along the axis on which they lie. Each rule
gives the place of the samples in the result; see `Batch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from ..ir import FUNCTIONS
from .batch import Batch, FixedNumberError, MixingError, Operands

Rule = Callable[[Operands], Batch | None]
"""Where the samples lie in a node's result.

Raises MixingError if it does not keep them apart, and FixedNumberError.
"""


def pointwise(at: Operands) -> Batch | None:
    """Element by element, by the rules of broadcasting."""
    result = at.result
    found: set[Batch] = set()
    for i, batch in enumerate(at.batches):
        if batch is None:
            continue
        if at.shapes[i] == result:
            found.add(batch)
        else:
            axis = batch.axis(at.shapes[i]) + len(result) - len(at.shapes[i])
            found.add(batch.moved(at.shapes[i], result, axis))
    batch = _only(found)
    if batch is None:
        return None
    others = [i for i, other in enumerate(at.batches) if other is None]
    if any(math.prod(at.shapes[i]) > 1 for i in others):
        axis = batch.axis(result)
        for i in others:
            _check_alike(at, i, axis, len(result))
    return batch


def _only(found: set[Batch]) -> Batch | None:
    """The place on which several inputs agree; None if there is none."""
    if len(found) > 1:
        raise MixingError
    return next(iter(found), None)


def _check_alike(at: Operands, i: int, axis: int, rank: int) -> None:
    """Refuse an operand without samples that has values of its own for each.

    Samples lie along `axis` of `rank`, counted from the innermost axis.
    """
    shape = at.shapes[i] if at.constants[i] is None else at.alone[i]
    own = axis - rank + len(shape)
    if own >= 0 and shape[own] != 1:
        raise MixingError


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
        first = _int(at.attribute("axis", default)) % max(1, len(at.shapes[0]))
        return set(range(first, len(at.shapes[0])))

    return axes


def _softmax_axes(at: Operands) -> set[int]:
    if at.opset < 13:
        return _from_axis_on(1)(at)
    return {_int(at.attribute("axis", -1))}


def _one_axis(default: int) -> Callable[[Operands], set[int]]:
    return lambda at: {_int(at.attribute("axis", default))}


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
    return {_int(at.attribute("axis", 1))} if math.prod(at.shapes[1]) > 1 else set()


def _quantizer(at: Operands) -> Batch | None:
    return _along(_scaled)(at)


def _concat(at: Operands) -> Batch | None:
    rank = len(at.result)
    axis = _int(at.attribute("axis", 0)) % rank
    found = set()
    for shape, batch in zip(at.shapes, at.batches, strict=True):
        if batch is not None:
            place = batch.axis(shape)
            if place == axis:
                raise MixingError
            found.add(batch.moved(shape, at.result, place))
    batch = _only(found)
    if batch is None:
        return None
    place = batch.axis(at.result)
    for i, other in enumerate(at.batches):
        if other is None:
            _check_alike(at, i, place, len(at.result))
    return batch


def _gather(at: Operands) -> Batch | None:
    batch, shape = at.batches[0], at.shapes[0]
    if at.batches[1] is not None:
        raise MixingError
    if batch is None:
        return None
    axis, place = _int(at.attribute("axis", 0)) % len(shape), batch.axis(shape)
    if place == axis:
        raise MixingError
    return batch.moved(shape, at.result, place + (len(at.shapes[1]) - 1) * (place > axis))


def _matmul(at: Operands) -> Batch | None:
    """Rows of the left factor, columns of the right one and stacks of both stay apart."""
    (left, right), result = at.shapes[:2], at.result
    # As if neither were a vector.
    full = (*result[: len(result) - (len(left) > 1) - (len(right) > 1)],)
    full += (left[-2] if len(left) > 1 else 1, right[-1] if len(right) > 1 else 1)
    found = set()
    for i, shape in enumerate((left, right)):
        batch = at.batches[i]
        if batch is None:
            continue
        axis, rank = batch.axis(shape), len(shape)
        contracted = rank - 1 if i == 0 or rank == 1 else rank - 2
        if axis == contracted:
            raise MixingError
        found.add(batch.moved(shape, full, axis - rank + len(full)))
    batch = _only(found)
    if batch is None:
        return None
    axis = batch.axis(full)
    for i, shape in enumerate((left, right)):
        if at.batches[i] is None and len(shape) > 2 and axis < len(full) - 2:
            _check_alike(at, i, axis, len(full))
    return batch


def _gemm(at: Operands) -> Batch | None:
    found = set()
    for i, name in enumerate(("transA", "transB")):
        batch, shape = at.batches[i], at.shapes[i]
        if batch is None:
            continue
        contracted = 1 - i if not at.attribute(name, 0) else i
        if batch.axis(shape) == contracted:
            raise MixingError
        found.add(batch.moved(shape, at.result, i))
    if len(at.shapes) > 2 and at.batches[2] is not None:
        batch = at.batches[2]
        axis = batch.axis(at.shapes[2]) + 2 - len(at.shapes[2])
        found.add(batch.moved(at.shapes[2], at.result, axis))
    batch = _only(found)
    if batch is None:
        return None
    if len(at.shapes) > 2 and at.batches[2] is None:
        _check_alike(at, 2, batch.axis(at.result), 2)
    return batch


def _int(value: object) -> int:
    assert isinstance(value, int), "so says ONNX"
    return value


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
    "Concat": _concat,
    "CumSum": _along(_cumulated),
    "Gather": _gather,
    "Gemm": _gemm,
    "LayerNormalization": _along(_from_axis_on(-1)),
    "LpNormalization": _along(_one_axis(-1)),
    "MatMul": _matmul,
    "Pad": _along(_padded),
    "Slice": _along(_sliced),
    "Split": _along(_one_axis(0)),
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


def rule_of(op_type: str) -> Rule | None:
    """The rule of an operator of the standard operator set; None if there is none."""
    return pointwise if op_type in POINTWISE else _RULES.get(op_type)

"""How operators of several inputs treat the samples of a batch; see `batch_rules`."""

from __future__ import annotations

import math

from .batch import Batch, MixingError, Operands


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


def concat(at: Operands) -> Batch | None:
    """Side by side along another axis than that of the samples."""
    rank = len(at.result)
    axis = at.integer("axis", 0) % rank
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


def gather(at: Operands) -> Batch | None:
    """Picked along another axis; an index of several axes takes the place of one."""
    batch, shape = at.batches[0], at.shapes[0]
    if at.batches[1] is not None:
        raise MixingError
    if batch is None:
        return None
    axis, place = at.integer("axis", 0) % len(shape), batch.axis(shape)
    if place == axis:
        raise MixingError
    return batch.moved(shape, at.result, place + (len(at.shapes[1]) - 1) * (place > axis))


def matmul(at: Operands) -> Batch | None:
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


def gemm(at: Operands) -> Batch | None:
    """As `matmul`, with either factor transposed, and a summand that is broadcast."""
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


def _check_alike(at: Operands, i: int, axis: int, rank: int) -> None:
    """Refuse an operand without samples that has values of its own for each.

    Samples lie along `axis` of `rank`, counted from the innermost axis.
    """
    shape = at.shapes[i] if at.constants[i] is None else at.alone[i]
    own = axis - rank + len(shape)
    if own >= 0 and shape[own] != 1:
        raise MixingError


def _only(found: set[Batch]) -> Batch | None:
    """The place on which several inputs agree; None if there is none."""
    if len(found) > 1:
        raise MixingError
    return next(iter(found), None)

"""Where an ONNX axis lies in memory, and taking a part of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from ..ir import Slice
from .builder import Builder
from .layout import Layout
from .moving import moved
from .problems import NodeError
from .value import Value


@dataclass(frozen=True, kw_only=True)
class Run:
    """An axis whose elements are equally spaced in memory: (outer, size, inner), outermost first.

    Parameters
    ----------
    first
        Its first factor in the layout.
    outer, size, inner
        Elements outside of the axis, along it, and within one step along it.
    """

    first: int
    outer: int
    size: int
    inner: int


def axis_run(layout: Layout, axis: int) -> Run | None:
    """An axis of at least two elements in memory; None if it is not equally spaced."""
    factors = layout.axes[axis]
    first, end = factors[0], factors[0] + len(factors)
    if factors != tuple(range(first, end)):
        return None
    return Run(
        first=first,
        outer=math.prod(layout.factors[:first]),
        size=layout.shape[axis],
        inner=math.prod(layout.factors[end:]),
    )


def with_axis(layout: Layout, axis: int, position: int, size: int) -> Layout:
    """The layout with another number of elements along one axis, whose place in memory is kept.

    Parameters
    ----------
    axis
        Equally spaced in memory, or of one element.
    position
        Its first factor; for an axis of one element the factor that it comes to lie before.
    size
        New number of elements.
    """
    old = len(layout.axes[axis])
    sizes = (*layout.factors[:position], size, *layout.factors[position + old :])
    axes = [
        [position] if i == axis else [f if f < position else f + 1 - old for f in factors]
        for i, factors in enumerate(layout.axes)
    ]
    return Layout.of_memory(sizes, axes)


def take_block(
    build: Builder,
    value: Value,
    block: Mapping[int, tuple[int, int]],
    *,
    name: str,
    output: str,
) -> Value:
    """A block of a value; appends a Slice unless it is the whole value.

    Parameters
    ----------
    block
        ONNX axis: (first element, number of elements).
    name, output
        Of the node that is appended.

    Raises
    ------
    NodeError, FollowOnError
        If there are too many axes at once, or the layout is a guess that did not come true.
    """
    parts: list[tuple[Run, int, int]] = []
    layout = value.layout
    for axis, (start, size) in block.items():
        if size == value.onnx_shape[axis]:
            continue
        run, place = axis_run(value.layout, axis), axis_run(layout, axis)
        if run is None or place is None:
            value = _take_scattered(build, value, axis, (start, size), name=name, output=output)
            others = {other: part for other, part in block.items() if other != axis}
            return take_block(build, value, others, name=name, output=output)
        layout = with_axis(layout, axis, place.first, size)
        parts.append((run, start, size))
    if not parts:
        return value
    shape, places = _view(value, [run for run, _, _ in parts])
    begin, size_of = [0, 0, 0], list(shape)
    for (run, start, size), dimension in zip(parts, places, strict=True):
        unit = shape[dimension] // run.size
        begin[dimension], size_of[dimension] = start * unit, size * unit
    height, width, channels = size_of
    source = build.reshaped(value, shape)
    tensor = build.append(
        Slice,
        (source.tensor,),
        (height, width, channels),
        name=name,
        output=output,
        start=tuple(begin),
    )
    return replace(value, tensor=tensor, shape=(height, width, channels), layout=layout, views=())


def with_blocks(build: Builder, value: Value, axis: int, parts: Iterable[tuple[int, int]]) -> Value:
    """A value of which each part of an axis, (first element, number), is a block in memory.

    Its elements move if one is not.

    Raises
    ------
    FollowOnError
        If they have to, and the layout is a guess.
    """
    layout = value.layout
    inner = layout.shape[axis] // _outermost(layout, axis)
    if all(start % inner == size % inner == 0 for start, size in parts):
        return value
    run = layout.axes[axis]
    others = [i for i in range(len(layout.factors)) if i not in run]
    place = sum(i < min(run) for i in others)
    return moved(build, value, [*others[:place], *run, *others[place:]])


def _outermost(layout: Layout, axis: int) -> int:
    """How many parts, each as far from the next one in memory, an axis has at its outermost."""
    run = layout.axes[axis]
    count = next((n for n in range(1, len(run)) if run[n] != run[0] + n), len(run))
    return math.prod(layout.factors[i] for i in run[:count])


def _take_scattered(
    build: Builder, value: Value, axis: int, part: tuple[int, int], *, name: str, output: str
) -> Value:
    """`take_block` of an axis that is not equally spaced: of the outermost part of it that is."""
    value = with_blocks(build, value, axis, [part])
    shape, outermost = value.onnx_shape, _outermost(value.layout, axis)
    inner = shape[axis] // outermost
    split = value.layout.reshape([*shape[:axis], outermost, inner, *shape[axis + 1 :]])
    assert split is not None, "an axis is divided where its runs of memory end"
    start, size = (number // inner for number in part)
    value = replace(value, layout=split)
    value = take_block(build, value, {axis: (start, size)}, name=name, output=output)
    layout = value.layout.reshape([*shape[:axis], part[1], *shape[axis + 1 :]])
    assert layout is not None, "axes side by side become one"
    return replace(value, layout=layout)


def _view(value: Value, runs: list[Run]) -> tuple[tuple[int, int, int], list[int]]:
    """A shape of the tensor in which every run is a dimension of its own or the outside of one.

    Returns the shape, and the dimension of each run.
    """
    outers = [math.prod(value.shape[:d]) for d in range(3)]
    places = [
        next((d for d in range(3) if (outers[d], value.shape[d]) == (run.outer, run.size)), None)
        for run in runs
    ]
    if None not in places:
        return value.shape, [place for place in places if place is not None]
    # One dimension for each run with all that lies within it, and one for what lies outside.
    bounds = sorted({1, *(run.outer for run in runs), math.prod(value.shape)})
    sizes = [end // begin for begin, end in pairwise(bounds)]
    if len(sizes) > 3:
        raise NodeError(
            f"it cuts {len(runs)} axes at once from an input of shape {value.onnx_shape}; "
            "use one Slice for each"
        )
    height, width, channels = [1] * (3 - len(sizes)) + sizes
    return (height, width, channels), [3 - len(sizes) + bounds.index(run.outer) for run in runs]

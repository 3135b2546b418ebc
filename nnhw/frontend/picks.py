"""Rows or columns of an image, each picked by its number, in any order and any number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..ir import Concat, Slice
from .builder import Builder, Image
from .node import OnnxNode
from .value import Value


def picked(
    node: OnnxNode, build: Builder, image: Image, rows: Sequence[int], cols: Sequence[int]
) -> Value:
    """The image of those rows and columns; whatever stays side by side is moved at once."""
    height, width, channels = image.shape
    value = image.result(image.tensor, image.shape)
    value = _along(node, build, value, (1, height, width * channels), rows)
    value = _along(node, build, value, (len(rows), width, channels), cols)
    shape = (len(rows), len(cols), channels)
    return image.result(build.reshaped(value, shape).tensor, shape)


def _along(
    node: OnnxNode, build: Builder, value: Value, sizes: tuple[int, int, int], picks: Sequence[int]
) -> Value:
    """(outer, 1, picks * inner) of a value whose elements are (outer, size, inner) = `sizes`."""
    outer, size, inner = sizes
    if list(picks) == list(range(size)):
        return value
    source = build.reshaped(value, (outer, 1, size * inner))
    parts = [
        build.append(
            Slice,
            (source.tensor,),
            (outer, 1, count * inner),
            name=f"{node.name}_part",
            output=f"{node.output}_part",
            start=(0, 0, first * inner),
        )
        for first, count in _runs(picks)
    ]
    shape = (outer, 1, len(picks) * inner)
    joined = parts[0]
    if len(parts) > 1:
        joined = build.add(Concat, node, tuple(parts), shape)
    return replace(value, tensor=joined, shape=shape)


def _runs(picks: Sequence[int]) -> list[tuple[int, int]]:
    """First number and count of what ascends by one."""
    runs: list[tuple[int, int]] = []
    for pick in picks:
        if runs and pick == sum(runs[-1]):
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((pick, 1))
    return runs

"""Moving the elements of a tensor into another order in memory, by layers of their own.

Mostly a Transpose costs nothing: the operator that reads its result takes its weights in the order
that is there, or a convolution writes its channels in another one. Where neither can be, the data
move: by as few nodes as possible that permute three axes, each of which is a layer in hardware.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from ..ir import Transpose
from .layout import Layout
from .problems import FollowOnError
from .value import Value

if TYPE_CHECKING:
    from .builder import Builder

Perm = tuple[int, ...]
Groups = tuple[Perm, Perm, Perm]
"""Blocks of memory in order, divided among three axes; the first ones may be of no block."""


def moved(build: Builder, value: Value, order: Iterable[int]) -> Value:
    """A value with its elements in another order in memory, by nodes that are appended.

    Parameters
    ----------
    value
        What is moved.
    order
        The factors of its layout, each once, as they are to follow each other, outermost first.

    Raises
    ------
    FollowOnError
        If the layout is a guess.
    """
    if value.assumed:
        raise FollowOnError
    order, layout = tuple(order), value.layout
    blocks = _blocks(order)
    sizes = [math.prod(layout.factors[i] for i in block) for block in blocks]
    target = tuple(sorted(range(len(blocks)), key=lambda i: order.index(blocks[i][0])))
    name = value.views[-1] if value.views else f"{value.tensor}_transpose"
    for groups, perm in _steps(target):
        shape = [math.prod(sizes[i] for i in group) for group in groups]
        value = build.reshaped(value, (shape[0], shape[1], shape[2]))
        height, width, channels = (shape[axis] for axis in perm)
        tensor = build.append(
            Transpose,
            (value.tensor,),
            (height, width, channels),
            name=name,
            output=f"{value.tensor}_transposed",
            perm=perm,
        )
        value = replace(value, tensor=tensor, shape=(height, width, channels))
    axes = [[order.index(i) for i in axis] for axis in layout.axes]
    there = Layout.of_memory([layout.factors[i] for i in order], axes)
    return replace(value, layout=there, views=())


def in_axes_order(build: Builder, value: Value, axes: Sequence[int]) -> Value:
    """A value whose ONNX axes follow each other in memory in an order, moved if they do not."""
    if value.layout.groups(*([axis] for axis in axes)) is not None:
        return value
    return moved(build, value, (i for axis in axes for i in value.layout.axes[axis]))


def with_shape(build: Builder, value: Value, shape: Sequence[int]) -> Value:
    """A value with another ONNX shape of as many elements, moved if its order does not allow it."""
    layout = value.layout.reshape(shape)
    if layout is None:
        value = in_axes_order(build, value, range(len(value.onnx_shape)))
        layout = value.layout.reshape(shape)
        assert layout is not None, "ONNX's own order takes any shape"
    return replace(value, layout=layout)


def axes_orders(values: Sequence[Value]) -> list[tuple[int, ...]]:
    """Orders of ONNX axes for values of one rank, those first for which the least has to move."""
    rank = len(values[0].onnx_shape)
    channels_last = (0, *range(2, rank), 1) if rank > 1 else (0,)
    orders = [*map(_own_order, values), channels_last, tuple(range(rank))]

    def elements(order: tuple[int, ...]) -> int:
        groups = [[axis] for axis in order]
        return sum(math.prod(v.shape) for v in values if v.layout.groups(*groups) is None)

    return sorted(dict.fromkeys(orders), key=elements)


def _own_order(value: Value) -> tuple[int, ...]:
    """The axes by the place of their outermost elements in memory."""
    axes = value.layout.axes
    return tuple(sorted(range(len(axes)), key=lambda axis: axes[axis][:1]))


def _blocks(order: Sequence[int]) -> list[list[int]]:
    """Factors in memory order, those in one block that also follow each other in `order`."""
    blocks: list[list[int]] = []
    for factor in range(len(order)):
        place = order.index(factor)
        if factor and place and order[place - 1] == factor - 1:
            blocks[-1].append(factor)
        else:
            blocks.append([factor])
    return blocks


def _steps(target: Perm) -> list[tuple[Groups, Perm]]:
    """The fewest permutations of three axes that bring blocks from their order to another one.

    Returns
    -------
    list
        For each the blocks, as they lie in memory before, that an axis consists of; and the order
        of the three axes.
    """
    start = tuple(range(len(target)))
    ways: dict[Perm, list[tuple[Groups, Perm]]] = {start: []}
    waiting = deque([start])
    while target not in ways:
        blocks = waiting.popleft()
        for groups, perm in _permutations(blocks):
            result = tuple(i for axis in perm for i in groups[axis])
            if result not in ways:
                ways[result] = [*ways[blocks], (groups, perm)]
                waiting.append(result)
    return ways[target]


def _permutations(blocks: Perm) -> Iterator[tuple[Groups, Perm]]:
    """All ways to permute blocks as three axes, pixels kept whole first."""
    perms = sorted(permutations(range(3)), key=lambda perm: perm[2] != 2)
    for first, second in combinations(range(len(blocks)), 2):
        for perm in perms[1:]:
            yield (blocks[:first], blocks[first:second], blocks[second:]), perm

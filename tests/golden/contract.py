"""The integer contract once more, element by element in Python's unbounded integers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from nnhw.ir import (
    DepthToSpace,
    Graph,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QFunction,
    QMaxPool,
    QMultiply,
    Reshape,
    Resize,
    Slice,
    Transpose,
    Window,
)


def run_slowly(graph: Graph, frame: np.ndarray) -> dict[str, np.ndarray]:
    """All tensors of an integer graph for one frame (H, W, C)."""
    values = {graph.inputs[0].tensor: frame.astype(object)}
    for node in graph.nodes:
        shape = graph.tensors[node.output].shape
        inputs = [values[name] for name in node.inputs]
        if isinstance(node, Reshape):
            values[node.output] = inputs[0].reshape(shape)
            continue
        result = np.empty(shape, object)
        for position in np.ndindex(shape):
            result[position] = _element(graph, node, inputs, position)
        values[node.output] = result
    return values


def _element(
    graph: Graph, node: Node, inputs: list[np.ndarray], position: tuple[int, int, int]
) -> int:
    row, col, channel = position
    match node:
        case Slice():
            return inputs[0][tuple(a + b for a, b in zip(node.start, position, strict=True))]
        case Resize():
            return inputs[0][row // node.factor[0], col // node.factor[1], channel]
        case Transpose():
            return inputs[0][tuple(position[node.perm.index(axis)] for axis in range(3))]
        case DepthToSpace():
            block = row % node.block * node.block + col % node.block
            channels = inputs[0].shape[2] // node.block**2
            return inputs[0][row // node.block, col // node.block, block * channels + channel]
        case QFunction():
            return int(node.table[inputs[0][position] - graph.tensors[node.inputs[0]].q.lo])
    zeros = [graph.tensors[name].q.zero_point for name in node.inputs]
    if isinstance(node, QMaxPool):
        taps = _taps(node.window, inputs[0].shape, row, col)
        best = max(inputs[0][r, c, channel] for _, _, r, c in taps)
        return min(max(best, node.lo), node.hi)
    if isinstance(node, QConcat):
        part = 0
        while channel >= inputs[part].shape[2]:
            channel -= inputs[part].shape[2]
            part += 1
        constants = node.parts[part]
        acc = int(inputs[part][row, col, channel]) - zeros[part]
    else:
        constants = node.requantize
    multiplier, shift = constants.multiplier, constants.shift
    match node:
        case QConv():
            acc = int(node.bias[channel])
            for i, j, r, c in _taps(node.window, inputs[0].shape, row, col):
                for k in range(node.weight.shape[3]):
                    source = k if node.groups == 1 else channel
                    weight = int(node.weight[channel, i, j, k])
                    acc += weight * (int(inputs[0][r, c, source]) - zeros[0])
            p, s = acc * int(multiplier[channel]), int(shift[channel])
        case QAveragePool():
            taps = _taps(node.window, inputs[0].shape, row, col)
            acc = sum(int(inputs[0][r, c, channel]) - zeros[0] for _, _, r, c in taps)
            p, s = acc * int(multiplier[row, col]), int(shift[row, col])
        case QConcat():
            p, s = acc * int(multiplier[0]), int(shift[0])
        case QMultiply():
            a, b = (int(x[position]) - z for x, z in zip(inputs, zeros, strict=True))
            p, s = a * b * int(multiplier[0]), int(shift[0])
        case QAdd():
            terms = [int(x[position]) - z for x, z in zip(inputs, zeros, strict=True)]
            p, s = terms[0] * int(multiplier[0]) + terms[1] * int(multiplier[1]), int(shift[0])
    y = round(Fraction(p, 2**s)) + graph.tensors[node.output].q.zero_point
    return min(max(y, constants.lo), constants.hi)


def _taps(
    window: Window, shape: tuple[int, ...], row: int, col: int
) -> Iterator[tuple[int, int, int, int]]:
    """Kernel row and column, input row and column of each tap that is not padding."""
    for i, j in np.ndindex(window.kernel):
        r = row * window.stride[0] + i * window.dilation[0] - window.pads[0]
        c = col * window.stride[1] + j * window.dilation[1] - window.pads[1]
        if 0 <= r < shape[0] and 0 <= c < shape[1]:
            yield i, j, r, c

"""Bounds of every channel of every tensor, over all inputs that the network can be given.

Interval arithmetic (Moore, "Interval Analysis", 1966) on the integer contract: every operator is
monotone in each of its operands, so that bounds of its operands give bounds of its results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..golden.requantize import requantize
from ..ir import (
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
    moved_channels,
)


@dataclass(frozen=True, eq=False)
class Interval:
    """Least and largest q of each channel of a tensor, int64 (channels,); both may be reached or
    not."""

    lo: np.ndarray
    hi: np.ndarray

    @property
    def is_constant(self) -> np.ndarray:
        """Whether each channel has just one value, at every pixel and for every input."""
        return self.lo == self.hi

    def reaching(self, value: int) -> Interval:
        """The interval extended to a value."""
        return Interval(np.minimum(self.lo, value), np.maximum(self.hi, value))

    def __sub__(self, value: int) -> Interval:
        return Interval(self.lo - value, self.hi - value)


def channel_intervals(graph: Graph) -> dict[str, Interval]:
    """The interval of every channel of every tensor of an integer graph."""
    intervals: dict[str, Interval] = {}
    for port in graph.inputs:
        tensor = graph.tensors[port.tensor]
        channels = tensor.shape[2]
        intervals[port.tensor] = Interval(
            np.full(channels, tensor.q.lo), np.full(channels, tensor.q.hi)
        )
    for node in graph.nodes:
        intervals[node.output] = _result(node, graph, intervals)
    return intervals


def _result(node: Node, graph: Graph, intervals: Mapping[str, Interval]) -> Interval:
    """The interval of a node's result."""
    sources = [intervals[name] for name in node.inputs]
    zeros = [graph.tensors[name].q.zero_point for name in node.inputs]
    zero = graph.tensors[node.output].q.zero_point
    match node:
        case QConv():
            acc = _convolve(node, sources[0], zeros[0])
            factor = node.requantize.multiplier
            return Interval(
                *(requantize(end * factor, node.requantize, zero) for end in (acc.lo, acc.hi))
            )
        case QMaxPool():
            return Interval(*(np.clip(s, node.lo, node.hi) for s in (sources[0].lo, sources[0].hi)))
        case QAveragePool():
            return _average(node, sources[0], zeros[0], zero)
        case QAdd():
            a, b = (source - z for source, z in zip(sources, zeros, strict=True))
            m, shift = node.requantize.multiplier, node.requantize.shift[:1]
            sums = (a.lo * m[0] + b.lo * m[1], a.hi * m[0] + b.hi * m[1])
            return Interval(*(requantize(p, node.requantize, zero, shift) for p in sums))
        case QMultiply():
            a, b = (source - z for source, z in zip(sources, zeros, strict=True))
            products = np.stack([a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi])
            ends = (products.min(axis=0), products.max(axis=0))
            factor = node.requantize.multiplier
            return Interval(*(requantize(end * factor, node.requantize, zero) for end in ends))
        case QConcat():
            parts = [
                [requantize(end * part.multiplier, part, zero) for end in (x.lo - z, x.hi - z)]
                for x, z, part in zip(sources, zeros, node.parts, strict=True)
            ]
            return Interval(*(np.concatenate(ends) for ends in zip(*parts, strict=True)))
        case QFunction():
            lowest = graph.tensors[node.inputs[0]].q.lo
            reached = [
                node.table[lo - lowest : hi - lowest + 1].astype(np.int64)
                for lo, hi in zip(sources[0].lo, sources[0].hi, strict=True)
            ]
            ends = ([part.min() for part in reached], [part.max() for part in reached])
            return Interval(*(np.array(end) for end in ends))
        case Reshape() | Slice() | Resize() | DepthToSpace():
            channels = moved_channels(node, graph)
            return Interval(
                sources[0].lo[channels].min(axis=0), sources[0].hi[channels].max(axis=0)
            )
    raise TypeError(f"Node '{node.name}' is not an integer operator but a {type(node).__name__}")


def _convolve(node: QConv, x: Interval, zero: int) -> Interval:
    """The interval of a convolution's accumulator."""
    if any(node.window.pads):
        x = x.reaching(zero)
    outputs, inputs = len(node.weight), node.weight.shape[3]
    group = np.arange(outputs) * node.groups // outputs
    channel = group[:, None] * inputs + np.arange(inputs)
    # (out, taps, in) by the operand's ends (out, 1, in)
    weight = node.weight.reshape(outputs, -1, inputs).astype(np.int64)
    ends = [weight * (end[channel] - zero)[:, None, :] for end in (x.lo, x.hi)]
    return Interval(
        np.minimum(*ends).sum(axis=(1, 2)) + node.bias,
        np.maximum(*ends).sum(axis=(1, 2)) + node.bias,
    )


def _average(node: QAveragePool, x: Interval, zero_in: int, zero: int) -> Interval:
    """The interval of an average pool's result; the factor depends on the position."""
    x = x - zero_in
    if any(node.window.pads):
        x = x.reaching(0)
    taps = node.window.kernel[0] * node.window.kernel[1]
    factor, shift = node.requantize.multiplier[..., None], node.requantize.shift[..., None]
    lo, hi = (requantize(taps * end * factor, node.requantize, zero, shift) for end in (x.lo, x.hi))
    return Interval(lo.min(axis=(0, 1)), hi.max(axis=(0, 1)))

"""Lets scales and offsets per channel go ahead of pools and additions, into convolutions there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..ir import Add, AveragePool, ChannelAffine, Conv, Graph, MaxPool, Node
from .rewrite import clamp_behind, new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Move the first ChannelAffine that can be ahead of the pool or the addition before it.

    Only where nothing else reads what lies between, and convolutions take over all that is moved:

        max(x) * s + o = max(x * s + o)            for s > 0
        mean(x) * s + o = mean(x * s + o)          unless padding counts and there is an offset
        (a + b) * s + o = (a * s + o) + b * s
        (a + b) * s + o = ((a + o / s) + b) * s    for one s > 0, which becomes the sum's gain
    """
    for affine in graph.nodes:
        before = graph.writer(affine.inputs[0])
        if not isinstance(affine, ChannelAffine) or not isinstance(
            before, MaxPool | AveragePool | Add
        ):
            continue
        clamp = clamp_behind(before.clamp, affine.scale, affine.offset)
        if clamp is None or not _is_private(graph, before.output):
            continue
        for way in _ways(before, affine):
            if all(_takes_over(graph, *operand) for operand in way.operands.items()):
                node = replace(way.node, output=affine.output, clamp=clamp)
                return _exchanged(graph, before, affine, replace(way, node=node)), True
    return graph, False


@dataclass(frozen=True, kw_only=True, eq=False)
class _Way:
    """The node as it is behind the move, and by tensor what its operands are times and plus."""

    node: MaxPool | AveragePool | Add
    operands: dict[str, tuple[np.ndarray, np.ndarray]]


def _ways(before: MaxPool | AveragePool | Add, affine: ChannelAffine) -> Iterator[_Way]:
    scale, offset = affine.scale, affine.offset
    first = before.inputs[0]
    match before:
        case MaxPool():
            if (scale > 0).all():
                yield _Way(node=before, operands={first: (scale, offset)})
        case AveragePool():
            is_whole = not any(before.window.pads) and bool(
                (before.divisor == np.prod(before.window.kernel)).all()
            )
            if is_whole or not offset.any():
                yield _Way(node=before, operands={first: (scale, offset / before.gain)})
        case Add():
            if before.inputs[0] == before.inputs[1]:
                return
            if (scale == scale[0]).all() and scale[0] > 0:
                node = replace(before, gain=float(np.float32(before.gain * scale[0])))
                for name in before.inputs:
                    shift = np.ones_like(scale), offset / node.gain
                    yield _Way(node=node, operands={name: shift})
            second = before.inputs[1]
            operands = {
                first: (scale, offset / before.gain),
                second: (scale, np.zeros_like(offset)),
            }
            yield _Way(node=before, operands=operands)


def _takes_over(graph: Graph, tensor: str, factors: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether a convolution writes the tensor for nobody else, and can scale and shift it."""
    writer = graph.writer(tensor)
    return (
        isinstance(writer, Conv)
        and _is_private(graph, tensor)
        and clamp_behind(writer.clamp, *factors) is not None
    )


def _is_private(graph: Graph, tensor: str) -> bool:
    """Whether one node reads the tensor, and nothing else."""
    is_output = any(port.tensor == tensor for port in graph.outputs)
    return len(graph.readers(tensor)) == 1 and not is_output


def _exchanged(
    graph: Graph, before: MaxPool | AveragePool | Add, affine: ChannelAffine, way: _Way
) -> Graph:
    """The graph in which a node is what `way` says, and `affine` is ahead of it."""
    tensors, renamed = {}, {}
    ahead: list[Node] = []
    for name, (scale, offset) in way.operands.items():
        tensor = new_tensor(graph, name, "ahead", graph.tensors[name].shape)
        tensors[tensor.name], renamed[name] = tensor, tensor.name
        ahead.append(
            ChannelAffine(
                name=affine.name, inputs=(name,), output=tensor.name, scale=scale, offset=offset
            )
        )
    moved = replace(way.node, inputs=tuple(renamed.get(name, name) for name in before.inputs))
    by: dict[Node, list[Node]] = {before: [*ahead, moved], affine: []}
    nodes = [new for old in graph.nodes for new in by.get(old, [old])]
    return rebuild(graph, nodes, tensors=tensors)

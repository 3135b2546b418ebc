"""Moves and merges the roundings (FakeQuantize) of a model that arrived quantized.

Rounding is monotonic and leaves what it has rounded as it is. So for a rounding R, a clamp to
bounds b, and anything that only picks elements:

    R(clamp(x, b)) = R(clamp(x, R(b))) = clamp(R(x), R(b))
    R(pick(x))     = pick(R(x))
    R(R(x))        = R(x)

Each rewrite below is one of these, read from left to right or from right to left.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ..ir import (
    AveragePool,
    Clamp,
    Clip,
    Concat,
    FakeQuantize,
    Graph,
    MaxPool,
    Move,
    Node,
    Quantization,
    Tensor,
)
from .rewrite import bypass, new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Round as few tensors as possible, and those right behind the operators that compute them.

    Clamps come to lie before the rounding, where an operator can take them over, unless there is
    none; max pooling and what moves elements come to lie behind it.
    """
    for node in graph.nodes:
        if isinstance(node, FakeQuantize):
            for rewrite in _REWRITES:
                changed = rewrite(graph, node)
                if changed is not None:
                    return changed, True
    return graph, False


def rounding_of(graph: Graph, tensor: str) -> Quantization | None:
    """How all of a tensor's values are rounded, because of what it is made from; else None."""
    known: dict[str, Quantization | None] = {}
    asked = [tensor]  # no recursion: chains may be longer than Python's stack
    while asked:
        name = asked[-1]
        writer = graph.writer(name)
        if isinstance(writer, FakeQuantize):
            known[name] = writer.quantization
        elif writer is None or not (picks_elements(writer) or isinstance(writer, Clip | Concat)):
            known[name] = None
        elif unknown := [source for source in writer.inputs if source not in known]:
            asked += unknown
            continue
        else:
            source, *others = {known[source] for source in writer.inputs}
            kept = not others and source is not None and _keeps(writer, source)
            known[name] = source if kept else None
        asked.pop()
    return known[tensor]


def _keeps(writer: Node, source: Quantization) -> bool:
    """Whether rounded values are still such behind the clamp of a node."""
    return _clamp(writer) == _rounded(_clamp(writer), source)


def picks_elements(node: Node) -> bool:
    """Whether each element of the result is one of the input's, a bound of a clamp, or zero."""
    if isinstance(node, AveragePool):
        return node.window.kernel == (1, 1) and bool((node.divisor == 1).all()) and node.gain == 1
    return isinstance(node, MaxPool | Move)


def _round_clamp(graph: Graph, node: FakeQuantize) -> Graph | None:
    """R(clamp(x, b)) = R(clamp(x, R(b)))."""
    writer = _private_writer(graph, node)
    if writer is None or not (picks_elements(writer) or isinstance(writer, Clip)):
        return None
    clamp = _clamp(writer)
    rounded = _rounded(clamp, node.quantization)
    if rounded == clamp:
        return None
    assert isinstance(writer, AveragePool | Clip | MaxPool), "others have no clamp"
    return _replaced(graph, {writer: [replace(writer, clamp=rounded)]})


def _drop_clamp(graph: Graph, node: FakeQuantize) -> Graph | None:
    """R(clamp(x, b)) = R(x) if R saturates at R(b) anyway."""
    writer, q = _private_writer(graph, node), node.quantization
    if not isinstance(writer, Clip):
        return None
    if q.nearest(writer.clamp.lo) > q.lo or q.nearest(writer.clamp.hi) < q.hi:
        return None
    return _replaced(graph, {writer: [], node: [replace(node, inputs=writer.inputs)]})


def _clamp_behind(graph: Graph, node: FakeQuantize) -> Graph | None:
    """R(clamp(x, R(b))) = clamp(R(x), R(b)) for an input of the network, which cannot clamp."""
    writer = _private_writer(graph, node)
    if not isinstance(writer, Clip) or graph.writer(writer.inputs[0]) is not None:
        return None
    return _exchanged(graph, writer, node)


def _drop(graph: Graph, node: FakeQuantize) -> Graph | None:
    """R(R(x)) = R(x), also with a rounded clamp or picking between the two."""
    if rounding_of(graph, node.inputs[0]) != node.quantization:
        return None
    return bypass(graph, node, node.inputs[0])


def _share(graph: Graph, node: FakeQuantize) -> Graph | None:
    """The same rounding of the same tensor, which some exporters repeat for each reader."""
    for other in graph.readers(node.inputs[0]):
        if other is node:
            return None
        if isinstance(other, FakeQuantize) and other.quantization == node.quantization:
            return bypass(graph, node, other.output)
    return None


def _clamp_before(graph: Graph, node: FakeQuantize) -> Graph | None:
    """clamp(R(x), R(b)) = R(clamp(x, R(b)))."""
    readers = graph.readers(node.output)
    if len(readers) != 1 or _is_output(graph, node.output):
        return None
    if graph.writer(node.inputs[0]) is None:
        return None
    (clip,) = readers
    if not isinstance(clip, Clip) or clip.clamp != _rounded(clip.clamp, node.quantization):
        return None
    return _exchanged(graph, node, clip)


def _move_back(graph: Graph, node: FakeQuantize) -> Graph | None:
    """R(pick(x)) = pick(R(x)), unless x is rounded in another way already."""
    writer = _private_writer(graph, node)
    if writer is None or not picks_elements(writer) or isinstance(writer, AveragePool):
        return None
    (source,) = writer.inputs
    if rounding_of(graph, source) is not None:
        return None
    tensor = new_tensor(graph, source, "rounded", graph.tensors[source].shape)
    return _replaced(
        graph,
        {
            writer: [
                replace(node, inputs=(source,), output=tensor.name),
                replace(writer, inputs=(tensor.name,), output=node.output),
            ],
            node: [],
        },
        tensor,
    )


_REWRITES = (
    _round_clamp,
    _drop_clamp,
    _clamp_behind,
    _drop,
    _share,
    _clamp_before,
    _move_back,
)


def _private_writer(graph: Graph, node: FakeQuantize) -> Node | None:
    """What writes the tensor that is rounded, if nobody else reads it."""
    source = node.inputs[0]
    if graph.readers(source) != (node,) or _is_output(graph, source):
        return None
    return graph.writer(source)


def _is_output(graph: Graph, tensor: str) -> bool:
    return any(port.tensor == tensor for port in graph.outputs)


def _clamp(node: Node) -> Clamp:
    return node.clamp if isinstance(node, AveragePool | Clip | MaxPool) else Clamp()


def _rounded(clamp: Clamp, quantization: Quantization) -> Clamp:
    """Rounded bounds; no bound stays none."""
    lo, hi = (
        bound
        if math.isinf(bound)
        else quantization.scale * (quantization.nearest(bound) - quantization.zero_point)
        for bound in (clamp.lo, clamp.hi)
    )
    return Clamp(lo=lo, hi=hi)


def _exchanged(graph: Graph, first: Node, second: Node) -> Graph:
    """The graph with a node and its only reader in the other order."""
    ahead = replace(second, inputs=first.inputs, output=first.output)
    behind = replace(first, inputs=(first.output,), output=second.output)
    return _replaced(graph, {first: [ahead, behind], second: []})


def _replaced(graph: Graph, by: dict[Node, list[Node]], tensor: Tensor | None = None) -> Graph:
    """The graph with others in the place of some nodes, and with one more tensor."""
    nodes = [new for old in graph.nodes for new in by.get(old, [old])]
    return rebuild(graph, nodes, tensors={tensor.name: tensor} if tensor else None)

"""A pass: finds |a - b| where a model has it as Sub and Abs."""

from __future__ import annotations

from nnhw.ir import Add, ChannelAffine, Clamp, Function, Graph
from nnhw.passes import rebuild

from .distance import Distance


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Turn the first Abs of a difference that nothing else reads into a `Distance`.

    nnhw reads a - b as the sum of a and of b scaled by -1.
    """
    outputs = {port.tensor for port in graph.outputs}
    for function in graph.nodes:
        if not isinstance(function, Function) or function.function != "abs":
            continue
        difference = graph.writer(function.inputs[0])
        if not isinstance(difference, Add) or difference.clamp != Clamp():
            continue
        if difference.output in outputs or len(graph.readers(difference.output)) != 1:
            continue
        for minuend, other in (difference.inputs, difference.inputs[::-1]):
            negated = graph.writer(other)
            if isinstance(negated, ChannelAffine) and _negates(negated):
                operands = (minuend, negated.inputs[0])
                distance = Distance(name=function.name, inputs=operands, output=function.output)
                nodes = [
                    distance if node is function else node
                    for node in graph.nodes
                    if node is not difference
                ]
                return rebuild(graph, nodes), True
    return graph, False


def _negates(node: ChannelAffine) -> bool:
    return bool((node.scale == -1).all() and (node.offset == 0).all())

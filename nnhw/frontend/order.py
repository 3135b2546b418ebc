"""The order of a model's nodes, which ONNX asks for and some programs do not keep."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

import onnx

from ..errors import ModelError


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Bring the nodes, in place, into an order in which every tensor is written before it is read.

    Nodes that are in order stay where they are.

    Raises
    ------
    ModelError
        If a node reads a tensor that nothing computes, or nodes need each other's results.
    """
    known = {value.name for value in graph.input} | {value.name for value in graph.initializer}
    known |= {tensor.values.name for tensor in graph.sparse_initializer}
    written = {name for node in graph.node for name in node.output}
    missing = [_needs(node, written) for node in graph.node]
    if _is_sorted(graph, known, missing):
        return
    for node in graph.node:
        for name in node.input:
            if name and name not in known | written:
                raise ModelError(
                    f"{_title(node)} reads '{name}', which is no input, no constant, and the "
                    "result of no node: export the model again"
                )
    # Of those that can be computed always the first one, so that most keep their place.
    readers: dict[str, list[int]] = {}
    for place, names in enumerate(missing):
        for name in names:
            readers.setdefault(name, []).append(place)
    ready = [place for place, names in enumerate(missing) if not names]
    ordered: list[int] = []
    while ready:
        place = heappop(ready)
        ordered.append(place)
        for name in graph.node[place].output:
            for reader in readers.get(name, ()):
                missing[reader].discard(name)
                if not missing[reader]:
                    heappush(ready, reader)
    if len(ordered) < len(graph.node):
        stuck = [node for node, names in zip(graph.node, missing, strict=True) if names]
        others = " and others" if len(stuck) > 3 else ""
        raise ModelError(
            f"{', '.join(map(_title, stuck[:3]))}{others}: these nodes need each other's results, "
            "so that none can be computed first: export the model again"
        )
    nodes = [onnx.NodeProto.FromString(graph.node[i].SerializeToString()) for i in ordered]
    del graph.node[:]
    graph.node.extend(nodes)


def _is_sorted(graph: onnx.GraphProto, known: set[str], needs: list[set[str]]) -> bool:
    done = set(known)
    for node, names in zip(graph.node, needs, strict=True):
        if not (names | {name for name in node.input if name}) <= done:
            return False
        done.update(node.output)
    return True


def _needs(node: onnx.NodeProto, written: set[str]) -> set[str]:
    """What has to be computed before a node: its inputs, and what its branches read."""
    return {name for name in _reads(node) if name in written}


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _reads(inner)
            yield from (value.name for value in graph.output)


def _title(node: onnx.NodeProto) -> str:
    return f"{node.op_type} '{node.name or f'{node.op_type}_{node.output[0]}'}'"

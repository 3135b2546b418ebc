"""Parts of graphs, to be executed by themselves."""

from __future__ import annotations

from collections.abc import Collection

from ..ir import Graph, Node, Port


def part_between(graph: Graph, tensor: str, known: Collection[str]) -> Graph:
    """The part of a graph that computes a tensor from known ones."""
    needed = {tensor}
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        if node.output in needed and (node.output == tensor or node.output not in known):
            nodes.insert(0, node)
            needed.update(node.inputs)
    return _part(graph, nodes, tensor)


def part_behind(graph: Graph, tensor: str, output: str) -> Graph:
    """The part of a graph that computes `output` from `tensor` and what does not depend on it."""
    changed = {tensor}
    nodes: list[Node] = []
    for node in graph.nodes:
        if changed.intersection(node.inputs):
            changed.add(node.output)
            nodes.append(node)
    return _part(graph, nodes, output)


def _part(graph: Graph, nodes: list[Node], output: str) -> Graph:
    written = {node.output for node in nodes}
    read = dict.fromkeys(name for node in nodes for name in node.inputs if name not in written)
    if output not in written:
        read[output] = None

    def port(name: str) -> Port:
        return Port(tensor=name, onnx_name=name, onnx_shape=graph.tensors[name].shape)

    return Graph(
        name=graph.name,
        nodes=tuple(nodes),
        tensors={name: graph.tensors[name] for name in (*read, *written)},
        inputs=tuple(map(port, read)),
        outputs=(port(output),),
    )

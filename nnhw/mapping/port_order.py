"""The order in which outputs leave."""

from __future__ import annotations

from dataclasses import replace

from ..errors import MappingError
from ..ir import Graph, Node, Reshape


def in_port_order(graph: Graph) -> Graph:
    """The graph with the nodes that write outputs in the order of the ports.

    The output stream takes one output after the other. No node reads an output, so that the writer
    of one which comes before its turn can wait: it moves down behind that of the port before.

    Raises
    ------
    MappingError
        If an output cannot be streamed while it is computed: two ports share it, a node reads it,
        or no operator but a Reshape writes it.
    """
    place = {port.tensor: index for index, port in enumerate(graph.outputs)}
    if len(place) < len(graph.outputs):
        raise MappingError(f"Outputs of '{graph.name}' share a tensor; copy it")
    for name in place:
        if graph.readers(name) or isinstance(graph.writer(name), Reshape | None):
            raise MappingError(
                f"Output '{name}' is read by a node or computed by none, so that it cannot be "
                "streamed; copy it"
            )
    nodes: list[Node] = []
    waiting: dict[int, Node] = {}
    turn = 0
    for node in graph.nodes:
        if node.output not in place:
            nodes.append(node)
            continue
        waiting[place[node.output]] = node
        while turn in waiting:
            nodes.append(waiting.pop(turn))
            turn += 1
    return replace(graph, nodes=tuple(nodes))

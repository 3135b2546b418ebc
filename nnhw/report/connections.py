"""Which layers of the hardware read which: the network's graph, as the report tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..ir import Graph

INPUT = "input "
"""What comes before the name of an input, where a layer or an input is named."""


def layer_sources(graph: Graph, layer_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What each layer reads, by its name: names of layers, and of inputs after `INPUT`.

    Operators that are part of another one's layer, or need no hardware, are passed over.

    Parameters
    ----------
    graph
        The integer network.
    layer_of
        Name of the layer that makes a tensor, by the tensor; all others are of no layer.
    """
    return {
        layer: _unique(_sources(graph, layer_of, tensor, layer))
        for tensor, layer in layer_of.items()
    }


def output_sources(graph: Graph, layer_of: Mapping[str, str]) -> tuple[str, ...]:
    """What each output of the network comes from; likewise."""
    found = []
    for port in graph.outputs:
        if port.tensor in layer_of:
            found.append(layer_of[port.tensor])
        else:
            found += _unique(_sources(graph, layer_of, port.tensor, ""))[:1]
    return tuple(found)


def _sources(graph: Graph, layer_of: Mapping[str, str], tensor: str, own: str) -> Iterator[str]:
    inputs = {port.tensor: port.onnx_name for port in graph.inputs}
    if tensor in inputs:
        yield f"{INPUT}{inputs[tensor]}"
        return
    writer = graph.writer(tensor)
    assert writer is not None, tensor
    for read in writer.inputs:
        other = layer_of.get(read, own)
        if other != own:
            yield other
        else:
            yield from _sources(graph, layer_of, read, own)


def _unique(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))

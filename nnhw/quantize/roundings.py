"""The numbers that a model which arrived quantized brings along for its activations.

The float graph of such a model rounds its activations by `FakeQuantize`. An operator and the
rounding of its result become one integer operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..ir import Conv, FakeQuantize, Graph, MaxPool, Move, Node, Quantization
from ..passes.move_rounding import rounding_of
from ..passes.rewrite import NO_CLAMP, copy_node, rebuild


def is_quantized(graph: Graph) -> bool:
    """Whether a float graph is that of a model which arrived quantized, if only in part."""
    return any(
        isinstance(node, FakeQuantize) or (isinstance(node, Conv) and node.weight_scale is not None)
        for node in graph.nodes
    )


def without_roundings(graph: Graph) -> tuple[Graph, dict[str, Quantization]]:
    """The graph without roundings, each of which is done by the operator before it.

    What is rounded already, or has several roundings, is copied from one to the other. Names of
    tensors are those of the same values in `graph`.

    Returns
    -------
    tuple
        The graph, and the quantization of its tensors as far as it is known.
    """
    known = {
        name: tensor.quantization
        for name, tensor in graph.tensors.items()
        if tensor.quantization is not None
    }
    for name in graph.tensors:
        rounding = rounding_of(graph, name)
        if rounding is not None:
            known[name] = rounding
    rounded = {node.output for node in graph.nodes if isinstance(node, FakeQuantize)}
    alias: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(alias.get(name, name) for name in node.inputs))
        if not isinstance(node, FakeQuantize):
            nodes.append(node)
            continue
        (source,) = node.inputs
        index = next((i for i, other in enumerate(nodes) if other.output == source), None)
        only = len(graph.readers(source)) == 1
        if only and index is None and source not in known:  # the network's input
            alias[node.output] = source
            known[source] = node.quantization
        elif (
            only
            and index is not None
            and source not in rounded
            and not isinstance(nodes[index], MaxPool | Move)
        ):
            nodes[index] = replace(nodes[index], output=node.output)
        else:
            nodes.append(
                copy_node(
                    graph,
                    name=node.name,
                    source=source,
                    output=node.output,
                    clamp=NO_CLAMP,
                )
            )
    bare = rebuild(graph, nodes)
    return bare, {name: known[name] for name in bare.tensors if name in known}


def unrounded(graph: Graph, known: Mapping[str, Quantization]) -> Iterator[str]:
    """One line for each tensor of a graph without roundings whose quantization is not known."""
    remedy = (
        "quantize it (QuantizeLinear and DequantizeLinear behind it), give data (--data) to "
        "calibrate it with, or give the float model"
    )
    for port in graph.inputs:
        if port.tensor not in known:
            yield f"Input '{port.onnx_name}' of a quantized model is not quantized; {remedy}"
    for node in graph.nodes:
        if node.output not in known:
            yield f"Node '{node.name}' of a quantized model: its result is not quantized; {remedy}"

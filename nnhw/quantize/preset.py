"""Models that arrive quantized: their own numbers become those of the integer graph.

The float graph of such a model rounds its activations by `FakeQuantize`, and its convolutions know
the scale of their weights. An operator and the rounding of its result become one integer operator.
Nothing is calibrated, except an output that the model leaves unrounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..errors import UnsupportedError
from ..ir import Batch, Conv, FakeQuantize, Graph, MaxPool, Move, Node, Quantization
from ..passes.move_rounding import rounding_of
from ..passes.rewrite import NO_CLAMP, copy_node, rebuild
from .constants import given_constants
from .operators import Draft, draft
from .options import QuantizeOptions
from .preset_conv import draft_preset_conv
from .ranges import choose_quantization
from .statistics import gather


def is_quantized(graph: Graph) -> bool:
    """Whether a float graph is that of a model which arrived quantized."""
    return any(isinstance(node, FakeQuantize) for node in graph.nodes)


def needs_calibration(graph: Graph) -> bool:
    """Whether quantization has to see typical inputs, as it has not in a model of own numbers.

    That is so unless the model rounds even its outputs.
    """
    return any(rounding_of(graph, port.tensor) is None for port in graph.outputs)


def quantize_preset(graph: Graph, calibration: Batch | np.ndarray | None = None) -> Graph:
    """The integer graph of a model that arrived quantized, with the model's own numbers.

    Parameters
    ----------
    graph
        Float graph, simplified.
    calibration
        Typical inputs; of an only input the array (N, H, W, C). Needed only if the model does not
        round all of its outputs.

    Returns
    -------
    Graph
        Of the operators of `nnhw.ir.integer_nodes`. Tensors have the names of the results of
        QuantizeLinear. The ratios of scales are rounded: see `given_constants`.

    Raises
    ------
    UnsupportedError
        If the model rounds some of its activations or weights only; it lists all such operators.
    QuantizationError
        If an output that is calibrated takes values that are not finite.
    """
    quantizations = {
        node.output: node.quantization for node in graph.nodes if isinstance(node, FakeQuantize)
    }
    if calibration is not None:
        quantizations |= _calibrated_outputs(graph, calibration)
    joined, quantizations = _join(graph, quantizations)
    problems = [*_unrounded(joined, quantizations)]
    drafts: list[Draft | Node] = []
    for node in joined.nodes:
        if not quantizations.keys() >= {*node.inputs, node.output}:
            continue
        try:
            drafts.append(_draft(node, quantizations))
        except UnsupportedError as error:
            problems += error.problems
    if problems:
        raise UnsupportedError(problems)
    constants = iter(given_constants([d.factors for d in drafts if isinstance(d, Draft)]))
    nodes = [d.finish(next(constants)) if isinstance(d, Draft) else d for d in drafts]
    tensors = {
        name: replace(tensor, quantization=quantizations[name])
        for name, tensor in joined.tensors.items()
    }
    return replace(joined, nodes=tuple(nodes), tensors=tensors)


def _draft(node: Node, quantizations: dict[str, Quantization]) -> Draft | Node:
    if isinstance(node, Conv):
        return draft_preset_conv(node, quantizations[node.inputs[0]], quantizations[node.output])
    return draft(node, quantizations, means={}, weight_bits=8)


def _calibrated_outputs(graph: Graph, calibration: Batch | np.ndarray) -> dict[str, Quantization]:
    """Quantization of outputs that the model does not round."""
    options = QuantizeOptions()
    unrounded = {
        port.tensor: [port.tensor]
        for port in graph.outputs
        if rounding_of(graph, port.tensor) is None
    }
    if not unrounded:
        return {}
    return {
        name: choose_quantization(values, options.activation_bits, options.calibration_method)
        for name, values in gather(graph, calibration, unrounded).items()
    }


def _join(
    graph: Graph, quantizations: dict[str, Quantization]
) -> tuple[Graph, dict[str, Quantization]]:
    """The graph without roundings, each joined with the operator before it.

    What is rounded already, or has several roundings, is copied from one to the other.

    Returns
    -------
    tuple
        The graph, and the quantization of its tensors as far as it is known.
    """
    known = dict(quantizations)
    for tensor in graph.tensors:
        rounding = rounding_of(graph, tensor)
        if rounding is not None:
            known.setdefault(tensor, rounding)
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
        elif source in known:
            nodes.append(
                copy_node(
                    graph,
                    name=node.name,
                    source=source,
                    output=node.output,
                    clamp=NO_CLAMP,
                )
            )
        else:
            nodes.append(node)
    return rebuild(graph, nodes), known


def _unrounded(graph: Graph, known: dict[str, Quantization]) -> Iterator[str]:
    """One line for each tensor of unknown quantization."""
    remedy = "quantize it (QuantizeLinear and DequantizeLinear behind it), or give the float model"
    for port in graph.inputs:
        if port.tensor not in known:
            yield f"Input '{port.onnx_name}' of a quantized model is not quantized; {remedy}"
    outputs = {port.tensor for port in graph.outputs}
    for node in graph.nodes:
        if node.output in known:
            continue
        line = f"Node '{node.name}' of a quantized model: its result is not quantized; {remedy}"
        if node.output in outputs:
            line += ", or give data (--data) to calibrate this output of the network with"
        yield line

"""The conversion of a float graph to an integer graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from ..errors import DataError, QuantizationError
from ..ir import Batch, Conv, Graph, as_batch
from .activations import quantize_activations
from .constants import network_constants
from .operators import Draft, draft
from .options import QuantizeOptions
from .statistics import channel_means


def quantize(
    graph: Graph, calibration: Batch | np.ndarray, options: QuantizeOptions | None = None
) -> Graph:
    """Quantize a trained network.

    Parameters
    ----------
    graph
        Float graph of `Conv` (groups 1, or depthwise with one output per input channel),
        `MaxPool`, `AveragePool`, `Add`, `Multiply`, `Concat`, `Function` and `Move`.
    calibration
        N typical samples, N at least 1; of an only input the array (N, H, W, C).
    options
        The defaults if None.

    Returns
    -------
    Graph
        The same network, tensors and ports, in the operators of `nnhw.ir.integer_nodes`.

    Raises
    ------
    DataError
        If the calibration data do not have the shapes of the network's inputs.
    QuantizationError
        If a node has no integer form, a weight or an activation is not finite, or an option names
        a layer that is not there.
    """
    options = options or QuantizeOptions()
    try:
        calibration = as_batch(graph, calibration)
    except ValueError as error:
        raise DataError(f"Calibration data, channels last, do not fit: {error}") from error
    if not len(calibration):
        raise DataError("Calibration data must hold at least one sample")
    _check_layers(graph, options.layer_bits)
    quantizations = quantize_activations(graph, calibration, options)
    read_by_conv = {node.inputs[0] for node in graph.nodes if isinstance(node, Conv)}
    means = channel_means(graph, calibration, read_by_conv)
    drafts = [
        draft(
            node,
            quantizations,
            means,
            options.bits_of(node.name),
            power_of_two=options.power_of_two,
        )
        for node in graph.nodes
    ]
    constants = iter(
        network_constants([item.factors for item in drafts if isinstance(item, Draft)], options)
    )
    nodes = [item.finish(next(constants)) if isinstance(item, Draft) else item for item in drafts]
    tensors = {
        name: replace(tensor, quantization=quantizations[name])
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, nodes=tuple(nodes), tensors=tensors)


def _check_layers(graph: Graph, layers: Iterable[str]) -> None:
    """Refuse names that are none of layers with weights."""
    known = list(dict.fromkeys(node.name for node in graph.nodes if isinstance(node, Conv)))
    for layer in layers:
        if layer in known:
            continue
        similar = [name for name in known if name.endswith(f"/{layer}")]
        similar = similar or get_close_matches(layer, known, n=3)
        advice = (
            f"did you mean {_quoted(similar)}?"
            if similar
            else f"the layers with weights are {_quoted(known)}"
        )
        raise QuantizationError(
            f"Option bits names '{layer}', which is no layer with weights; {advice}"
        )


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

"""The conversion of a float graph to an integer graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import DataError
from ..ir import Conv, Graph
from .activations import quantize_activations
from .fixed_point import choose_constants
from .operators import Draft, draft
from .options import QuantizeOptions
from .statistics import channel_means


def quantize(
    graph: Graph, calibration: np.ndarray, options: QuantizeOptions | None = None
) -> Graph:
    """Quantize a trained network.

    Parameters
    ----------
    graph
        Float graph of `Conv` (groups 1, or depthwise with one output per input channel),
        `MaxPool`, `AveragePool`, `Add`, `Multiply`, `Concat`, `Function` and `Move`.
    calibration
        (N, H, W, C), typical inputs, N at least 1.
    options
        The defaults if None.

    Returns
    -------
    Graph
        The same network, tensors and ports, in the operators of `nnhw.ir.integer_nodes`.

    Raises
    ------
    DataError
        If the calibration data do not have the shape of the network's input.
    QuantizationError
        If a node has no integer form, or a weight or an activation is not finite.
    """
    options = options or QuantizeOptions()
    (port,) = graph.inputs
    shape = graph.tensors[port.tensor].shape
    if calibration.ndim != 4 or calibration.shape[1:] != shape or not len(calibration):
        raise DataError(
            f"Calibration data for input '{port.onnx_name}' must have the shape (samples, "
            f"{', '.join(map(str, shape))}), channels last, not {calibration.shape}"
        )
    quantizations = quantize_activations(graph, calibration, options)
    read_by_conv = {node.inputs[0] for node in graph.nodes if isinstance(node, Conv)}
    means = channel_means(graph, calibration, read_by_conv)
    drafts = [draft(node, quantizations, means, options.weight_bits) for node in graph.nodes]
    constants = iter(
        choose_constants(
            [item.factors for item in drafts if isinstance(item, Draft)], options.multiplier_bits
        )
    )
    nodes = [item.finish(next(constants)) if isinstance(item, Draft) else item for item in drafts]
    tensors = {
        name: replace(tensor, quantization=quantizations[name])
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, nodes=tuple(nodes), tensors=tensors)

"""Execution of an integer graph."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..ir import (
    DepthToSpace,
    Graph,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QFunction,
    QMaxPool,
    QMultiply,
    Reshape,
    Resize,
    Slice,
    move_elements,
)
from ..ir.execute import execute
from .add import add
from .affine import integer_type
from .concat import concat
from .conv import conv
from .function import function
from .multiply import multiply
from .pool import average_pool, max_pool


def run(graph: Graph, q: np.ndarray, keep: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Run an integer graph on a batch, exactly.

    Parameters
    ----------
    graph
        Integer graph with one input, of the nodes of `nnhw.ir.integer_nodes` and `Move`.
    q
        (N, H, W, C), N at least 1, int8 (uint8 if the input's quantization is not signed), such as
        `quantize_input` gives.
    keep
        Names of the tensors to return; the outputs if None.

    Returns
    -------
    dict
        int8 or uint8 (N, H, W, C) by tensor name.

    Raises
    ------
    ValueError
        If `q` has another shape, type or range than the graph's input, or `keep` names an unknown
        tensor.
    QuantizationError
        If an intermediate result may leave the range of int64.
    """
    (port,) = graph.inputs
    source = graph.tensors[port.tensor].q
    if q.dtype != integer_type(source) or (q < source.lo).any() or (q > source.hi).any():
        raise ValueError(
            f"Input '{port.tensor}' takes {source.dtype} values in {source.lo} to "
            f"{source.hi}, not other {q.dtype} values"
        )

    def operator(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        return _operator(graph, node, inputs)

    return execute(graph, q, operator, keep)


def _operator(graph: Graph, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
    output = graph.tensors[node.output]
    sources = [graph.tensors[name].q for name in node.inputs]
    match node:
        case QConv():
            y = conv(node, inputs[0], sources[0], output.q)
        case QMaxPool():
            y = max_pool(node, inputs[0], sources[0])
        case QAveragePool():
            y = average_pool(node, inputs[0], sources[0], output.q)
        case QAdd():
            y = add(node, inputs[0], inputs[1], (sources[0], sources[1]), output.q)
        case QMultiply():
            y = multiply(node, inputs[0], inputs[1], (sources[0], sources[1]), output.q)
        case QConcat():
            y = concat(node, inputs, sources, output.q)
        case QFunction():
            y = function(node, inputs[0], sources[0])
        case Reshape() | Slice() | Resize() | DepthToSpace():
            y = move_elements(node, inputs[0], output.shape)
        case _:
            kind = type(node).__name__
            raise TypeError(f"Node '{node.name}' is not an integer operator but a {kind}")
    return y.astype(integer_type(output.q), copy=False)

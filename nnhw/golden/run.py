"""Execution of an integer graph."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..ir import (
    Batch,
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
    as_batch,
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


def run(
    graph: Graph, q: Batch | np.ndarray, keep: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Run an integer graph on a batch, exactly.

    Parameters
    ----------
    graph
        Integer graph of the nodes of `nnhw.ir.integer_nodes` and `Move`.
    q
        N samples, N at least 1, int8 (uint8 where the input's quantization is not signed), such as
        `quantize_inputs` gives; of an only input the array (N, H, W, C).
    keep
        Names of the tensors to return; the outputs if None.

    Returns
    -------
    dict
        int8 or uint8 (N, H, W, C) by tensor name.

    Raises
    ------
    ValueError
        If `q` has other shapes, types or ranges than the graph's inputs, or `keep` names an unknown
        tensor.
    QuantizationError
        If an intermediate result may leave the range of int64.
    """
    batch = as_batch(graph, q)
    for name, array in batch.arrays.items():
        source = graph.tensors[name].q
        if (
            array.dtype != integer_type(source)
            or (array < source.lo).any()
            or (array > source.hi).any()
        ):
            raise ValueError(
                f"Input '{name}' takes {source.dtype} values in {source.lo} to {source.hi}, not "
                f"other {array.dtype} values"
            )

    def operator(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        return _operator(graph, node, inputs)

    return execute(graph, batch, operator, keep)


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

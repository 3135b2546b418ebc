"""Execution of an integer graph."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..ir import Batch, Graph, Node, as_batch
from ..ir.execute import execute
from .affine import integer_type
from .executions import execution


def run(
    graph: Graph, q: Batch | np.ndarray, keep: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Run an integer graph on a batch, exactly.

    Parameters
    ----------
    graph
        Integer graph: of the nodes of `nnhw.ir.INTEGER_OPERATORS`.
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
        output = graph.tensors[node.output]
        sources = [graph.tensors[name].q for name in node.inputs]
        y = execution(node)(node, inputs, sources, output)
        return y.astype(integer_type(output.q), copy=False)

    return execute(graph, batch, operator, keep)

"""Execution of an integer graph in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from ...ir import Batch, Graph, as_batch
from .arrays import to_torch
from .executions import twin_of


def run_twin(
    graph: Graph, q: Batch | np.ndarray, keep: Iterable[str] | None = None
) -> dict[str, torch.Tensor]:
    """Run an integer graph on a batch, as `nnhw.golden.run` does.

    Parameters
    ----------
    graph
        Integer graph.
    q
        N samples, integers such as `quantize_inputs` gives.
    keep
        Names of the tensors to return; the outputs if None.

    Returns
    -------
    dict
        float32 (N, C, H, W) by tensor name, of the values that the golden model gives.

    Raises
    ------
    ValueError
        If `q` does not have the shapes of the graph's inputs.
    QuantizationError
        If an operator has no twin, or an intermediate result leaves the range of int64.
    """
    values = {name: to_torch(array) for name, array in as_batch(graph, q).arrays.items()}
    for node in graph.nodes:
        inputs = [values[name] for name in node.inputs]
        sources = [graph.tensors[name].q for name in node.inputs]
        values[node.output] = twin_of(node)(node, inputs, sources, graph.tensors[node.output])
    kept = [port.tensor for port in graph.outputs] if keep is None else keep
    return {name: values[name] for name in kept}

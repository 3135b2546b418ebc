"""What all strategies are given, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...ir import Graph, QConv
from ...machine import EngineConfig
from ..layer_plan import parameter_table, zero_point
from ..output_area import OutputColumns


@dataclass(frozen=True)
class Setting:
    """What a node is mapped in.

    Parameters
    ----------
    graph
        The integer graph.
    config
        The engine.
    by_parity
        Tensors that are stored so: the columns of each half, see `parity_columns`.
    """

    graph: Graph
    config: EngineConfig
    by_parity: Mapping[str, tuple[OutputColumns, ...]]

    @cached_property
    def outputs(self) -> frozenset[str]:
        """Tensors that leave through the output stream."""
        return frozenset(port.tensor for port in self.graph.outputs)


def channel_table(node: QConv, graph: Graph, used: np.ndarray) -> np.ndarray:
    """Parameters of a convolution's output channels of which `used` weights are multiplied."""
    totals = used.sum(axis=tuple(range(1, used.ndim)), dtype=np.int64)
    bias = node.bias - zero_point(graph, node.inputs[0]) * totals
    return parameter_table(bias, node.requantize.multiplier, node.requantize.shift)

"""Tensors whose even and odd columns lie apart, so that a stride of two reads neighbours.

Lanes of a depthwise convolution hold neighbouring pixels where these have few channels. With a
stride of two every other one of them is of no use, unless the columns of the image are stored by
parity: first one half of them, as an image of its own, then the other half.
"""

from __future__ import annotations

from ...ir import Graph, QConv
from ...machine import EngineConfig
from ..output_area import OutputColumns
from .rolling import rolling_slots


def parity_columns(graph: Graph, config: EngineConfig) -> dict[str, tuple[OutputColumns, ...]]:
    """The tensors that are to be stored by parity: the columns of each half, by name.

    These are what a dense convolution writes and nothing but a depthwise convolution reads, which
    has a stride of two and rolls. Its first kernel column meets only columns of the first half.
    """
    dense = {node.output for node in graph.nodes if isinstance(node, QConv) and node.groups == 1}
    result = {}
    for node in graph.nodes:
        name = node.inputs[0]
        readers = sum(name in other.inputs for other in graph.nodes)
        if readers == 1 and name in dense and _gains(node, graph, config):
            assert isinstance(node, QConv)
            left = node.window.pads[1]
            count = graph.tensors[name].shape[1] // 2
            result[name] = tuple(
                OutputColumns(first=(half - left) % 2, step=2, count=count) for half in range(2)
            )
    return result


def _gains(node: object, graph: Graph, config: EngineConfig) -> bool:
    """Whether a node reads neighbours only if its input is stored by parity."""
    outputs = {port.tensor for port in graph.outputs}
    if not isinstance(node, QConv) or node.groups == 1 or outputs & {node.output, *node.inputs}:
        return False
    window = node.window
    _, width, channels = graph.tensors[node.inputs[0]].shape
    lanes = config.fetch_width
    return (
        window.stride[1] == 2
        and window.kernel[1] > 1 == window.dilation[1]
        and width % 2 == 0
        and channels < lanes
        and lanes % channels == 0
        and rolling_slots(window, config) is not None
    )

"""What convolutions ask of the engine."""

from __future__ import annotations

import numpy as np

from ..errors import MappingError
from ..ir import Graph, QConv
from ..isa import Operation, ParameterMode
from .config import EngineConfig
from .dense import dense_geometry, joined_columns, joined_weight
from .geometry import Geometry, OutputColumns, lane_geometry
from .part import Part, parameter_table, target, zero_point
from .rolling import rolling_geometry, rolling_slots


def depthwise_part(node: QConv, graph: Graph, config: EngineConfig, *, by_parity: bool) -> Part:
    """A convolution of single channels; `by_parity`: its input is stored so.

    Raises
    ------
    MappingError
        If it has groups of several channels.
    """
    weight = node.weight
    geometry = _geometry(node, graph, config, by_parity=by_parity)
    parameters = _channel_table(node, graph)
    if geometry.skipped_rows:
        skipped = weight[:, : geometry.skipped_rows].reshape(len(weight), -1).astype(np.int64)
        first = parameters.copy()
        first[:, 0] += zero_point(graph, node.inputs[0]) * skipped.sum(axis=1)
        parameters = np.concatenate([first, parameters])
    if by_parity:  # as the taps are fetched
        weight = np.concatenate([weight[:, :, first::2] for first in range(2)], axis=2)
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=geometry,
        parameters=parameters,
        weight=weight,
        **target(node, graph, node.requantize),
    )


def _channel_table(node: QConv, graph: Graph) -> np.ndarray:
    """Parameters of a convolution's output channels."""
    totals = node.weight.reshape(len(node.weight), -1).astype(np.int64).sum(axis=1)
    bias = node.bias - zero_point(graph, node.inputs[0]) * totals
    return parameter_table(bias, node.requantize.multiplier, node.requantize.shift)


def dense_parts(
    node: QConv,
    graph: Graph,
    config: EngineConfig,
    halves: tuple[OutputColumns, ...] | None,
) -> list[Part]:
    """A dense convolution: one part, or one for each of the `halves` of the output's columns."""
    shape, outputs = graph.tensors[node.inputs[0]].shape, len(node.weight)
    output = graph.tensors[node.output]
    parts: list[Part] = []
    for columns in halves or (OutputColumns(count=output.shape[1]),):
        joined = joined_columns(node.window, shape, outputs, config, columns)
        parts.append(
            Part(
                node=node,
                inputs=node.inputs,
                geometry=dense_geometry(
                    node.window, shape, outputs, config, columns=columns, joined=joined
                ),
                parameters=np.tile(_channel_table(node, graph), (joined, 1)),
                weight=joined_weight(node.weight, joined, columns.step * node.window.stride[1]),
                columns=columns if halves else None,
                repeats=bool(parts),
                offset=len(parts) * output.size // 2,
                **target(node, graph, node.requantize),
            )
        )
    return parts


def _geometry(node: QConv, graph: Graph, config: EngineConfig, *, by_parity: bool) -> Geometry:
    shape = graph.tensors[node.inputs[0]].shape
    if node.groups != len(node.weight) or node.groups != shape[2]:
        raise MappingError(
            f"Node '{node.name}' has {node.groups} groups; only 1 and one a channel can be mapped"
        )
    slots = rolling_slots(node.window, config)
    # the tiles of a strip leave in the order of rows, which a stream cannot take
    streams = node.output in (port.tensor for port in graph.outputs)
    if slots is not None and not (streams and graph.tensors[node.output].shape[0] > 1):
        return rolling_geometry(node.window, shape, slots, config, by_parity=by_parity)
    return lane_geometry(Operation.LANE_SUM, ParameterMode.CHANNEL, node.window, shape, config)

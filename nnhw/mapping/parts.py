"""What each operator asks of the engine: one part a layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import MappingError
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
    Resize,
    Slice,
    Window,
)
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .convolution_parts import dense_parts, depthwise_parts
from .geometry import OutputColumns, lane_geometry, move_geometry, pair_geometry
from .part import UNIT, Part, parameter_table, target, zero_point


def node_parts(
    node: Node,
    graph: Graph,
    config: EngineConfig,
    by_parity: Mapping[str, tuple[OutputColumns, ...]],
) -> list[Part]:
    """The parts of a node of an integer graph, in order of execution.

    `by_parity`: see `parity_columns`.

    Raises
    ------
    MappingError
        If the engine has no way to run the node.
    """
    match node:
        case QConv():
            if node.groups == 1:
                return dense_parts(node, graph, config, by_parity.get(node.output))
            return depthwise_parts(node, graph, config, by_parity=node.inputs[0] in by_parity)
        case QMaxPool():
            return [_max_pool(node, graph, config)]
        case QAveragePool():
            return [_average_pool(node, graph, config)]
        case QAdd() | QMultiply():
            return [_pair(node, graph, config)]
        case QConcat():
            return _concat(node, graph, config)
        case QFunction():
            return [_function(node, graph, config)]
        case Slice() | Resize() | DepthToSpace():
            return _moves(node, graph, config)
    raise MappingError(f"Node '{node.name}' ({type(node).__name__}) has no mapping to the engine")


def _unit(bias: int) -> np.ndarray:
    """Parameters that only add `bias`."""
    return np.array([[bias, 1, UNIT]], np.int64)


def _max_pool(node: QMaxPool, graph: Graph, config: EngineConfig) -> Part:
    shape = graph.tensors[node.inputs[0]].shape
    zero = zero_point(graph, node.inputs[0])
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=lane_geometry(Operation.LANE_MAX, ParameterMode.LAYER, node.window, shape, config),
        parameters=_unit(-zero),
        zero_point=zero,
        lo=node.lo,
        hi=node.hi,
    )


def _average_pool(node: QAveragePool, graph: Graph, config: EngineConfig) -> Part:
    requantize = node.requantize
    taps = node.window.kernel[0] * node.window.kernel[1]
    parameters = parameter_table(
        np.array(-zero_point(graph, node.inputs[0]) * taps), requantize.multiplier, requantize.shift
    )
    mode = ParameterMode.PIXEL
    if (parameters == parameters[0]).all():
        parameters, mode = parameters[:1], ParameterMode.LAYER
    shape = graph.tensors[node.inputs[0]].shape
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=lane_geometry(Operation.LANE_SUM, mode, node.window, shape, config),
        parameters=parameters,
        **target(node, graph, requantize),
    )


def _pair(node: QAdd | QMultiply, graph: Graph, config: EngineConfig) -> Part:
    requantize = node.requantize
    zeros = np.array([zero_point(graph, name) for name in node.inputs])
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=pair_geometry(graph.tensors[node.output].size, config),
        parameters=parameter_table(-zeros, requantize.multiplier, requantize.shift),
        multiplies=isinstance(node, QMultiply),
        **target(node, graph, requantize),
    )


def _concat(node: QConcat, graph: Graph, config: EngineConfig) -> list[Part]:
    channels = graph.tensors[node.output].shape[2]
    parts, offset = [], 0
    for name, requantize in zip(node.inputs, node.parts, strict=True):
        shape = graph.tensors[name].shape
        gap = channels - shape[2]
        parts.append(
            Part(
                node=node,
                inputs=(name,),
                geometry=move_geometry(shape, (0, 0, 0), shape, config),
                parameters=parameter_table(
                    np.array(-zero_point(graph, name)), requantize.multiplier, requantize.shift
                ),
                offset=offset,
                pixel_gap=gap,
                row_gap=gap,
                **target(node, graph, requantize),
            )
        )
        offset += shape[2]
    return parts


def _function(node: QFunction, graph: Graph, config: EngineConfig) -> Part:
    source = graph.tensors[node.inputs[0]]
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=lane_geometry(
            Operation.LANE_SUM, ParameterMode.LAYER, Window(), source.shape, config
        ),
        parameters=_unit(-source.q.zero_point),
        zero_point=source.q.zero_point,
        lo=source.q.lo,
        hi=source.q.hi,
        table=node.table,
    )


def _moves(node: Slice | Resize | DepthToSpace, graph: Graph, config: EngineConfig) -> list[Part]:
    """Copies of blocks of the input to places in the output."""
    source, result = graph.tensors[node.inputs[0]], graph.tensors[node.output]
    height, width, channels = source.shape
    row = result.shape[1] * result.shape[2]
    blocks: list[dict] = []
    if isinstance(node, Slice):
        blocks.append({"start": node.start, "size": result.shape})
    elif isinstance(node, DepthToSpace):
        # the pixels of one output row that come from one input pixel are neighbours in both
        run = channels // node.block
        for i in range(node.block):
            blocks.append(
                {
                    "start": (0, 0, i * run),
                    "size": (height, width, run),
                    "offset": i * row,
                    "row_gap": (node.block - 1) * row,
                }
            )
    else:
        for i, j in np.ndindex(*node.factor):
            gap = (node.factor[1] - 1) * channels
            end = (width - 1) * (channels + gap) + channels
            blocks.append(
                {
                    "start": (0, 0, 0),
                    "size": source.shape,
                    "offset": i * row + j * channels,
                    "pixel_gap": gap,
                    "row_gap": node.factor[0] * row - end,
                }
            )
    return [
        Part(
            node=node,
            inputs=node.inputs,
            geometry=move_geometry(source.shape, block.pop("start"), block.pop("size"), config),
            parameters=_unit(-source.q.zero_point),
            zero_point=source.q.zero_point,
            lo=source.q.lo,
            hi=source.q.hi,
            **block,
        )
        for block in blocks
    ]

"""What each operator asks of the engine: one part a layer, before addresses are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

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
    Requantize,
    Resize,
    Slice,
    Window,
)
from ..isa import Operation, ParameterMode
from .config import EngineConfig
from .dense import dense_geometry, joined_columns, joined_weight
from .geometry import (
    Geometry,
    OutputColumns,
    lane_geometry,
    move_geometry,
    pair_geometry,
)
from .rolling import rolling_geometry, rolling_slots

#: Stands for a shift that makes a power of two of its multiplier a factor of one.
UNIT = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One layer's worth of an operator.

    Parameters
    ----------
    node
        The operator.
    inputs
        Tensors that are read: one, or two for a pair.
    geometry
        Loop nest.
    parameters
        int64 (n, 3): bias, multiplier, shift as the drain sees them, in the order that the
        geometry's parameter mode asks for: round((acc + bias) * multiplier / 2**shift), where acc
        is a sum over raw values and padding is the zero point. A shift of `UNIT` stands for a
        factor of one. With skipped rows, those of the first output row come before all others'.
    zero_point, lo, hi
        What becomes of the rounded value.
    weight
        See `weight_words`.
    multiplies
        Whether a pair is multiplied, not added.
    columns
        See `Layer.columns`.
    repeats
        Whether weights and parameters are those of the part before.
    offset
        Where in the memory of the output tensor results begin, in bytes.
    pixel_gap, row_gap
        See `WriteBackInstruction`.
    table
        int8; results are looked up in it.
    addition
        The part of an addition that takes place when results are written; the layer's results are
        one of its two operands.
    """

    node: Node
    inputs: tuple[str, ...]
    geometry: Geometry
    parameters: np.ndarray
    zero_point: int
    lo: int
    hi: int
    weight: np.ndarray | None = None
    multiplies: bool = False
    columns: OutputColumns | None = None
    repeats: bool = False
    offset: int = 0
    pixel_gap: int = 0
    row_gap: int = 0
    table: np.ndarray | None = None
    addition: Part | None = None

    @property
    def output(self) -> str:
        """Tensor that is written."""
        return self.node.output if self.addition is None else self.addition.node.output

    @property
    def residual(self) -> str | None:
        """Tensor that is added when results are written: the addition's other operand."""
        if self.addition is None:
            return None
        a, b = self.addition.inputs
        return b if a == self.node.output else a

    @property
    def writes_in_rows(self) -> bool:
        """Whether results are written in the order of the tensor's elements: strips of tiles are
        not."""
        return self.geometry.rolls == self.geometry.warmup + 1

    @property
    def is_scattered(self) -> bool:
        """Whether results are a part of the tensor only, or leave gaps in it."""
        return bool(self.columns or self.offset or self.pixel_gap or self.row_gap)


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
                return _dense(node, graph, config, by_parity.get(node.output))
            return [_depthwise(node, graph, config, by_parity=node.inputs[0] in by_parity)]
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


def _zero(graph: Graph, tensor: str) -> int:
    return graph.tensors[tensor].q.zero_point


class _Target(TypedDict):
    """What becomes of rounded values."""

    zero_point: int
    lo: int
    hi: int


def _target(node: Node, graph: Graph, requantize: Requantize) -> _Target:
    return {
        "zero_point": _zero(graph, node.output),
        "lo": requantize.lo,
        "hi": requantize.hi,
    }


def _table(bias: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Parameters as one int64 (n, 3) array."""
    columns = np.broadcast_arrays(bias, multiplier.ravel(), shift.ravel())
    return np.stack(columns, axis=-1).astype(np.int64)


def _depthwise(node: QConv, graph: Graph, config: EngineConfig, *, by_parity: bool) -> Part:
    weight = node.weight
    geometry = _depthwise_geometry(node, graph, config, by_parity=by_parity)
    parameters = _channel_table(node, graph)
    if geometry.skipped_rows:
        skipped = weight[:, : geometry.skipped_rows].reshape(len(weight), -1).astype(np.int64)
        first = parameters.copy()
        first[:, 0] += _zero(graph, node.inputs[0]) * skipped.sum(axis=1)
        parameters = np.concatenate([first, parameters])
    if by_parity:  # as the taps are fetched
        weight = np.concatenate([weight[:, :, first::2] for first in range(2)], axis=2)
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=geometry,
        parameters=parameters,
        weight=weight,
        **_target(node, graph, node.requantize),
    )


def _channel_table(node: QConv, graph: Graph) -> np.ndarray:
    """Parameters of a convolution's output channels."""
    totals = node.weight.reshape(len(node.weight), -1).astype(np.int64).sum(axis=1)
    bias = node.bias - _zero(graph, node.inputs[0]) * totals
    return _table(bias, node.requantize.multiplier, node.requantize.shift)


def _dense(
    node: QConv,
    graph: Graph,
    config: EngineConfig,
    halves: tuple[OutputColumns, ...] | None,
) -> list[Part]:
    """One part, or one for each half of the columns."""
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
                **_target(node, graph, node.requantize),
            )
        )
    return parts


def _depthwise_geometry(
    node: QConv, graph: Graph, config: EngineConfig, *, by_parity: bool
) -> Geometry:
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


def _unit(bias: int) -> np.ndarray:
    """Parameters that only add `bias`."""
    return np.array([[bias, 1, UNIT]], np.int64)


def _max_pool(node: QMaxPool, graph: Graph, config: EngineConfig) -> Part:
    shape = graph.tensors[node.inputs[0]].shape
    zero = _zero(graph, node.inputs[0])
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
    parameters = _table(
        np.array(-_zero(graph, node.inputs[0]) * taps), requantize.multiplier, requantize.shift
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
        **_target(node, graph, requantize),
    )


def _pair(node: QAdd | QMultiply, graph: Graph, config: EngineConfig) -> Part:
    requantize = node.requantize
    zeros = np.array([_zero(graph, name) for name in node.inputs])
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=pair_geometry(graph.tensors[node.output].size, config),
        parameters=_table(-zeros, requantize.multiplier, requantize.shift),
        multiplies=isinstance(node, QMultiply),
        **_target(node, graph, requantize),
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
                parameters=_table(
                    np.array(-_zero(graph, name)), requantize.multiplier, requantize.shift
                ),
                offset=offset,
                pixel_gap=gap,
                row_gap=gap,
                **_target(node, graph, requantize),
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
    source, target = graph.tensors[node.inputs[0]], graph.tensors[node.output]
    height, width, channels = source.shape
    row = target.shape[1] * target.shape[2]
    blocks: list[dict] = []
    if isinstance(node, Slice):
        blocks.append({"start": node.start, "size": target.shape})
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

"""What convolutions ask of the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import MappingError
from ..ir import Graph, QAdd, QConv
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .clipping import Span, clipped_spans
from .dense import columns_abreast, dense_geometry, weight_abreast
from .geometry import Geometry, OutputArea, OutputColumns, lane_geometry, tile_cycles
from .part import Part, parameter_table, target, zero_point
from .rolling import pixels_side_by_side, rolling_geometry, rolling_slots

#: Share of its cycles that a layer must be spared for another one to be worth its instructions.
_WORTHWHILE = 0.01


def depthwise_parts(
    node: QConv, graph: Graph, config: EngineConfig, *, by_parity: bool
) -> list[Part]:
    """A convolution of single channels; `by_parity`: its input is stored so.

    Where it rolls down the image strip by strip, there is a part for each span of columns that
    meets the same part of the kernel.

    Raises
    ------
    MappingError
        If it has groups of several channels.
    """
    shape = graph.tensors[node.inputs[0]].shape
    if node.groups != len(node.weight) or node.groups != shape[2]:
        raise MappingError(
            f"Node '{node.name}' has {node.groups} groups; only 1 and one a channel can be mapped"
        )
    slots = rolling_slots(node.window, config)
    # the tiles of a strip leave in the order of rows, which a stream cannot take
    streams = node.output in (port.tensor for port in graph.outputs)
    if slots is None or (streams and graph.tensors[node.output].shape[0] > 1):
        mode = ParameterMode.CHANNEL
        geometry = lane_geometry(Operation.LANE_SUM, mode, node.window, shape, config)
        return [_depthwise_part(node, graph, geometry, geometry, None)]
    whole = rolling_geometry(node.window, shape, slots, config, by_parity=by_parity)
    if streams or pixels_side_by_side(node.window, shape, config, by_parity=by_parity):
        return [_depthwise_part(node, graph, whole, whole, None, by_parity=by_parity)]
    spans = clipped_spans(node.window, shape, 1)
    geometries = [
        rolling_geometry(node.window, shape, slots, config, columns=span) for span in spans
    ]
    if not _is_worthwhile(geometries, whole, config):
        return [_depthwise_part(node, graph, whole, whole, None)]
    return [
        _depthwise_part(node, graph, geometry, whole, span)
        for geometry, span in zip(geometries, spans, strict=True)
    ]


def _depthwise_part(
    node: QConv,
    graph: Graph,
    geometry: Geometry,
    stored: Geometry,
    columns: Span | None,
    *,
    by_parity: bool = False,
) -> Part:
    """The columns of a depthwise convolution, all if not given, that `geometry` computes."""
    height, width, channels = graph.tensors[node.output].shape
    used = node.weight
    if columns is not None:
        used = used[:, :, columns.first_tap : columns.first_tap + columns.taps]
    rows = len(used[0])
    kernels = (used[:, geometry.skipped_rows :], used, used[:, : rows - geometry.skipped_last])
    parameters = np.concatenate(
        [
            _channel_table(node, graph, kernel)
            for kernel, exists in zip(kernels, geometry.parameter_sets, strict=True)
            if exists
        ]
    )
    weight = node.weight
    if by_parity:  # as the taps are fetched
        weight = np.concatenate([weight[:, :, half::2] for half in range(2)], axis=2)
    area, first, count = None, 0, width
    if columns is not None:
        first, count = columns.first, columns.count
        area = OutputArea(rows=height, columns=OutputColumns(first=first, count=count))
    return Part(
        node=node,
        inputs=node.inputs,
        geometry=geometry,
        parameters=parameters,
        macs=height * count * used.size,
        weight=weight,
        stored=stored,
        stores_weight=first == 0,
        area=area,
        offset=first * channels,
        **target(node, graph, node.requantize),
    )


def _channel_table(node: QConv, graph: Graph, used: np.ndarray) -> np.ndarray:
    """Parameters of a convolution's output channels of which `used` weights are multiplied."""
    totals = used.reshape(len(used), -1).astype(np.int64).sum(axis=1)
    bias = node.bias - zero_point(graph, node.inputs[0]) * totals
    return parameter_table(bias, node.requantize.multiplier, node.requantize.shift)


def dense_parts(
    node: QConv,
    graph: Graph,
    config: EngineConfig,
    halves: tuple[OutputColumns, ...] | None,
) -> list[Part]:
    """A dense convolution: one part, or one for each of the `halves` of the output's columns; each
    of these one for every span of rows that meets the same part of the kernel."""
    output = graph.tensors[node.output]
    parts: list[Part] = []
    for number, columns in enumerate(halves or (OutputColumns(count=output.shape[1]),)):
        for part in _dense_rows(node, graph, config, columns, is_all=halves is None):
            offset = part.offset + number * output.size // 2
            parts.append(replace(part, offset=offset, stores_weight=not parts))
    return parts


def _dense_rows(
    node: QConv, graph: Graph, config: EngineConfig, columns: OutputColumns, *, is_all: bool
) -> list[Part]:
    """The parts of a dense convolution that compute some of the output's columns."""
    shape, outputs = graph.tensors[node.inputs[0]].shape, len(node.weight)
    height, _, channels = graph.tensors[node.output].shape
    abreast = columns_abreast(node.window, shape, outputs, config, columns)

    def geometry(rows: Span | None) -> Geometry:
        return dense_geometry(
            node.window, shape, outputs, config, rows=rows, columns=columns, abreast=abreast
        )

    whole = geometry(None)
    spans: list[Span | None] = [None]
    if not _may_stream(node, graph):
        clipped = clipped_spans(node.window, shape, 0)
        if _is_worthwhile([geometry(span) for span in clipped], whole, config):
            spans = [*clipped]
    parts = []
    for rows in spans:
        used, first, count = node.weight, 0, height
        if rows is not None:
            used = used[:, rows.first_tap : rows.first_tap + rows.taps]
            first, count = rows.first, rows.count
        area = OutputArea(first_row=first, rows=count, columns=columns)
        parts.append(
            Part(
                node=node,
                inputs=node.inputs,
                geometry=geometry(rows),
                parameters=np.tile(_channel_table(node, graph, used), (abreast, 1)),
                macs=count * columns.count * used.size,
                weight=weight_abreast(node.weight, abreast, columns.step * node.window.stride[1]),
                stored=whole,
                area=None if is_all and rows is None else area,
                offset=first * columns.count * channels,
                **target(node, graph, node.requantize),
            )
        )
    return parts


def _may_stream(node: QConv, graph: Graph) -> bool:
    """Whether results may leave through the output stream, in which every layer begins with a new
    beat: an addition to them may be an output, too."""
    sums = {other.output for other in graph.readers(node.output) if isinstance(other, QAdd)}
    return any(port.tensor in {node.output, *sums} for port in graph.outputs)


def _is_worthwhile(clipped: list[Geometry], whole: Geometry, config: EngineConfig) -> bool:
    """Whether clipped kernels take less time."""
    if len(clipped) == 1:
        return False
    cycles = sum(tile_cycles(geometry, config) for geometry in clipped)
    return cycles <= tile_cycles(whole, config) * (1 - _WORTHWHILE)

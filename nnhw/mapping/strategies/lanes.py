"""Operators that treat every channel on its own: lanes of the array are channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...ir import (
    DepthToSpace,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QExtremum,
    QFunction,
    QMaxPool,
    QMultiply,
    Requantize,
    Resize,
    Slice,
    Transpose,
    Window,
)
from ...isa import ROW, Coordinate, Operation, ParameterMode, X
from ...machine import EngineConfig
from ..layer_plan import LayerPlan, parameter_table, target, unit_table, zero_point
from ..loop_nest import LoopNest, image_rows, loops
from .setting import Setting

Shape = tuple[int, int, int]


def max_pool(node: QMaxPool, setting: Setting) -> list[LayerPlan]:
    """The largest of a window."""
    shape = setting.graph.tensors[node.inputs[0]].shape
    plan = _unscaled(node, setting, lane_nest(node.window, shape, setting.config))
    return [replace(plan, operation=Operation.LANE_MAX, lo=node.lo, hi=node.hi)]


def average_pool(node: QAveragePool, setting: Setting) -> list[LayerPlan]:
    """The sum of a window, divided by the requantizers."""
    (source,) = node.inputs
    taps = node.window.kernel[0] * node.window.kernel[1]
    parameters = parameter_table(
        np.array(-zero_point(setting.graph, source) * taps),
        node.requantize.multiplier,
        node.requantize.shift,
    )
    mode = ParameterMode.PIXEL
    if (parameters == parameters[0]).all():
        parameters, mode = parameters[:1], ParameterMode.LAYER
    shape = setting.graph.tensors[source].shape
    return [
        LayerPlan(
            **target(node, setting.graph, node.requantize),
            inputs=node.inputs,
            operation=Operation.LANE_SUM,
            nest=lane_nest(node.window, shape, setting.config, mode=mode),
            parameters=parameters,
            parameter_mode=mode,
        )
    ]


def function(node: QFunction, setting: Setting) -> list[LayerPlan]:
    """A copy, looked up in a table."""
    nest = lane_nest(Window(), setting.graph.tensors[node.inputs[0]].shape, setting.config)
    return [replace(_unscaled(node, setting, nest), table=node.table)]


def pair(node: QAdd | QMultiply, setting: Setting) -> list[LayerPlan]:
    """Two tensors, element by element: added or multiplied."""
    combination = "product" if isinstance(node, QMultiply) else "sum"
    return paired(node, node.requantize, combination, setting)


def extremum(node: QExtremum, setting: Setting) -> list[LayerPlan]:
    """The larger or the smaller one of two tensors, element by element."""
    return paired(node, node.requantize, node.which, setting)


def paired(
    node: Node, requantize: Requantize, combination: str, setting: Setting
) -> list[LayerPlan]:
    """The layer of a node that combines two tensors, element by element.

    Parameters
    ----------
    requantize
        Multipliers of both terms, or one if they are multiplied, and their shift.
    combination
        See `LayerPlan.combination`.
    """
    zeros = np.array([zero_point(setting.graph, name) for name in node.inputs])
    return [
        LayerPlan(
            **target(node, setting.graph, requantize),
            inputs=node.inputs,
            operation=Operation.LANE_PAIR,
            nest=pair_nest(setting.graph.tensors[node.output].size, setting.config),
            parameters=parameter_table(-zeros, requantize.multiplier, requantize.shift),
            combination=combination,
        )
    ]


def concat(node: QConcat, setting: Setting) -> list[LayerPlan]:
    """A copy of every operand, with gaps for the others' channels."""
    channels = setting.graph.tensors[node.output].shape[2]
    plans, offset = [], 0
    for name, requantize in zip(node.inputs, node.parts, strict=True):
        shape = setting.graph.tensors[name].shape
        gap = channels - shape[2]
        plans.append(
            LayerPlan(
                **target(node, setting.graph, requantize),
                inputs=(name,),
                operation=Operation.LANE_SUM,
                nest=move_nest(shape, (0, 0, 0), shape, setting.config),
                parameters=parameter_table(
                    np.array(-zero_point(setting.graph, name)),
                    requantize.multiplier,
                    requantize.shift,
                ),
                offset=offset,
                pixel_gap=gap,
                row_gap=gap,
            )
        )
        offset += shape[2]
    return plans


def cut(node: Slice, setting: Setting) -> list[LayerPlan]:
    """A copy of a block."""
    return [_block(node, setting, node.start, setting.graph.tensors[node.output].shape)]


def depth_to_space(node: DepthToSpace, setting: Setting) -> list[LayerPlan]:
    """A copy of the channels of each row of a block: the pixels of one output row that come from
    one input pixel are neighbours in both."""
    height, width, channels = setting.graph.tensors[node.inputs[0]].shape
    run = channels // node.block
    row = width * run
    return [
        replace(
            _block(node, setting, (0, 0, i * run), (height, width, run)),
            offset=i * row,
            row_gap=(node.block - 1) * row,
        )
        for i in range(node.block)
    ]


def resize(node: Resize, setting: Setting) -> list[LayerPlan]:
    """A copy of the image for each pixel that one becomes, with gaps for the others."""
    shape = setting.graph.tensors[node.inputs[0]].shape
    _, width, channels = shape
    row = width * node.factor[1] * channels
    gap = (node.factor[1] - 1) * channels
    return [
        replace(
            _block(node, setting, (0, 0, 0), shape),
            offset=i * row + j * channels,
            pixel_gap=gap,
            row_gap=(node.factor[0] - 1) * row + gap,
        )
        for i, j in np.ndindex(*node.factor)
    ]


def transpose(node: Transpose, setting: Setting) -> list[LayerPlan]:
    """A copy in the order of the output: of whole pixels, or of one element after the other."""
    shape = setting.graph.tensors[node.inputs[0]].shape
    return [_unscaled(node, setting, transpose_nest(shape, node.perm, setting.config))]


def _block(
    node: Slice | Resize | DepthToSpace, setting: Setting, start: Shape, size: Shape
) -> LayerPlan:
    """A copy of the block of `size` that begins at `start`."""
    shape = setting.graph.tensors[node.inputs[0]].shape
    return _unscaled(node, setting, move_nest(shape, start, size, setting.config))


def _unscaled(node: Node, setting: Setting, nest: LoopNest) -> LayerPlan:
    """A layer whose results are integers as it reads them."""
    (source,) = node.inputs
    return LayerPlan(
        **target(node, setting.graph, like=source),
        inputs=node.inputs,
        operation=Operation.LANE_SUM,
        nest=nest,
        parameters=unit_table(setting.graph, source),
    )


def lane_nest(
    window: Window,
    shape: Shape,
    config: EngineConfig,
    *,
    mode: ParameterMode = ParameterMode.LAYER,
) -> LoopNest:
    """Loop nest of windows that slide over a tensor.

    An operator that treats every pixel and channel alike, which its parameters' `mode` tells, sees
    the tensor as one long row of channels.
    """
    height, width, channels = shape
    if window.is_pointwise and mode is ParameterMode.LAYER:
        height, width, channels = 1, 1, height * width * channels
    top, left, _, _ = window.pads
    out_rows, out_cols = window.output_size(height, width)
    starts, steps = image_rows(
        -top,
        {"out_rows": window.stride[0], "taps_y": window.dilation[0]},
        pitch=width * channels,
    )
    x_steps = {"out_cols": window.stride[1] * channels, "taps_x": window.dilation[1] * channels}
    return _nest(
        config,
        channels,
        trips={
            "out_rows": out_rows,
            "out_cols": out_cols,
            "taps_y": window.kernel[0],
            "taps_x": window.kernel[1],
        },
        starts={X: -left * channels, **starts},
        steps={X: x_steps, **steps},
        row_length=width * channels,
        height=height,
    )


def pair_nest(size: int, config: EngineConfig) -> LoopNest:
    """Loop nest of two tensors of `size` elements: two "kernel rows" a tile."""
    return _nest(
        config,
        size,
        trips={"taps_y": 2},
        starts={},
        steps={X: {}, ROW: {}},
        row_length=size,
        height=1,
    )


def move_nest(shape: Shape, start: Shape, size: Shape, config: EngineConfig) -> LoopNest:
    """Loop nest of a copy of a block of `size` that begins at `start` in a tensor of `shape`."""
    height, width, channels = shape
    pitch = width * channels
    starts, steps = image_rows(start[0], {"out_rows": 1}, pitch=pitch)
    return _nest(
        config,
        size[2],
        trips={"out_rows": size[0], "out_cols": size[1]},
        starts={X: start[1] * channels + start[2], **starts},
        steps={X: {"out_cols": channels}, **steps},
        row_length=pitch,
        height=height,
    )


def transpose_nest(shape: Shape, perm: tuple[int, int, int], config: EngineConfig) -> LoopNest:
    """Loop nest of a copy of a tensor of `shape` whose axes come in the order `perm`.

    Where channels are not the last axis any more, every element is a tile of its own.
    """
    _, width, channels = shape
    distances = (width * channels, channels, 1)
    rows, cols, last = perm
    run = channels if last == 2 else 1
    starts, steps = image_rows(0, {"out_rows": distances[rows]}, pitch=1, moves_y=False)
    nest = _nest(
        config,
        run,
        trips={"out_rows": shape[rows], "out_cols": shape[cols]},
        starts=starts,
        steps={X: {"out_cols": distances[cols]}, **steps},
        row_length=sum((shape[axis] - 1) * distances[axis] for axis in (cols, last)) + 1,
        height=1,
    )
    if last == 2:
        return nest
    elements = {**nest.steps[X], "tiles": distances[last]}
    return replace(
        nest, trips={**nest.trips, "tiles": shape[last]}, steps={**nest.steps, X: elements}
    )


def _nest(
    config: EngineConfig,
    channels: int,
    *,
    trips: Mapping[str, int],
    starts: Mapping[Coordinate, int],
    steps: Mapping[Coordinate, Mapping[str, int]],
    row_length: int,
    height: int,
) -> LoopNest:
    """Loop nest whose tiles are up to as many of a pixel's channels as a fetch has lanes."""
    lanes = config.fetch_width
    tiles = -(-channels // lanes)
    last = channels - (tiles - 1) * lanes
    return LoopNest(
        trips=loops(tiles=tiles, **trips),
        starts=starts,
        steps={**steps, X: {**steps[X], "tiles": lanes, "chunks": config.rows}},
        row_length=row_length,
        height=height,
        last_bytes=last,
        tile_size=min(lanes, channels),
        tile_size_last=last,
    )

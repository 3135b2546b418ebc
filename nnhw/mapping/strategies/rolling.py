"""Depthwise convolutions that roll down the image, where the array has columns enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import MappingError
from ...ir import QConv, Window
from ...isa import ROW, Operation, ParameterMode, X
from ...machine import EngineConfig
from ..layer_plan import LayerPlan, target
from ..loop_nest import LoopNest, image_rows, loops
from ..output_area import OutputArea, OutputColumns
from ..weights import LaneWeights
from .clipping import Span, clipped_spans, is_worthwhile
from .lanes import lane_nest
from .setting import Setting, channel_table

_Taps = tuple[dict[str, int], int, dict[str, int]]
"""Of the loops over kernel columns: trips, first x, steps of x."""


def plans(node: QConv, setting: Setting) -> list[LayerPlan]:
    """A convolution of single channels.

    Where it rolls down the image strip by strip, there is a layer for each span of columns that
    meets the same part of the kernel.

    Raises
    ------
    MappingError
        If it has groups of several channels.
    """
    shape = setting.graph.tensors[node.inputs[0]].shape
    if node.groups != len(node.weight) or node.groups != shape[2]:
        raise MappingError(
            f"Node '{node.name}' has {node.groups} groups; only 1 and one a channel can be mapped"
        )
    config = setting.config
    slots = rolling_slots(node.window, config)
    # the tiles of a strip leave in the order of rows, which a stream cannot take
    streams = node.output in setting.outputs
    if slots is None or (streams and setting.graph.tensors[node.output].shape[0] > 1):
        return [_resting(node, setting)]
    rolling = Rolling(
        window=node.window,
        shape=shape,
        slots=slots,
        config=config,
        by_parity=node.inputs[0] in setting.by_parity,
    )
    whole = rolling.nest()
    spans: list[Span | None] = [None]
    if not (streams or rolling.side_by_side):
        clipped = clipped_spans(node.window, shape, 1)
        if is_worthwhile([rolling.nest(span) for span in clipped], whole, config):
            spans = [*clipped]
    weight = node.weight
    if rolling.by_parity:  # as the taps are fetched
        weight = np.concatenate([weight[:, :, half::2] for half in range(2)], axis=2)
    weights = LaneWeights(
        weight=weight, nest=whole, by_tile=not rolling.side_by_side, slots=rolling.slots
    )
    return [_columns(node, setting, rolling, weights, span) for span in spans]


def _resting(node: QConv, setting: Setting) -> LayerPlan:
    """A depthwise convolution that does not roll: pixel by pixel."""
    shape = setting.graph.tensors[node.inputs[0]].shape
    nest = lane_nest(node.window, shape, setting.config, mode=ParameterMode.CHANNEL)
    rows, cols, _ = setting.graph.tensors[node.output].shape
    return LayerPlan(
        **target(node, setting.graph, node.requantize),
        inputs=node.inputs,
        operation=Operation.LANE_SUM,
        nest=nest,
        parameters=channel_table(node, setting.graph, node.weight),
        parameter_mode=ParameterMode.CHANNEL,
        products=rows * cols * node.weight.size,
        weights=LaneWeights(weight=node.weight, nest=nest),
    )


def _columns(
    node: QConv, setting: Setting, rolling: Rolling, weights: LaneWeights, columns: Span | None
) -> LayerPlan:
    """Some columns, all if not given, of a convolution that rolls."""
    nest = rolling.nest(columns)
    height, width, channels = setting.graph.tensors[node.output].shape
    used, area, first, count, first_tap = node.weight, None, 0, width, 0
    if columns is not None:
        first, count, first_tap = columns.first, columns.count, columns.first_tap
        used = used[:, :, first_tap : first_tap + columns.taps]
        area = OutputArea(rows=height, columns=OutputColumns(first=first, count=count))
    # of the first output row, all others, and the last one
    kernels = (
        used[:, rolling.first_rows_skipped :],
        used,
        used[:, : used.shape[1] - rolling.last_rows_skipped],
    )
    sets = (int(rolling.first_rows_skipped > 0), 1, int(nest.overlaps))
    return LayerPlan(
        **target(node, setting.graph, node.requantize),
        inputs=node.inputs,
        operation=Operation.LANE_SUM,
        nest=nest,
        parameters=np.concatenate(
            [
                channel_table(node, setting.graph, kernel)
                for kernel, exists in zip(kernels, sets, strict=True)
                if exists
            ]
        ),
        parameter_mode=ParameterMode.TILE if rolling.side_by_side else ParameterMode.CHANNEL,
        parameter_sets=sets,
        products=height * count * used.size,
        weights=weights,
        first_word=first_tap * weights.nest.trips["chunks"],
        area=area,
        offset=first * channels,
    )


def rolling_slots(window: Window, config: EngineConfig) -> int | None:
    """Output rows that a rolling depthwise convolution has in the making, or None if the engine
    cannot roll it."""
    slots = -(-window.kernel[0] // window.stride[0])
    vertical_dilation = window.dilation[0] if window.kernel[0] > 1 else 1
    return slots if slots <= config.lane_slots and vertical_dilation == 1 else None


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """A depthwise convolution that reads every image row of a strip just once.

    A fetch of row y, shifted by a horizontal tap, is multiplied by one weight for each output row
    that y belongs to; a roll takes as many image rows as the vertical stride. Output rows finish
    in the order in which they began, one a roll. A first roll that would meet nothing but padding
    is left out; the first output row's parameters make up for it. So is a last one of every strip
    but the last, whose tile the first roll of the next strip finishes: such strips overlap.

    Parameters
    ----------
    window, shape
        Of the convolution; (height, width, channels) of what it reads.
    slots
        Output rows in the making: see `rolling_slots`.
    config
        The engine.
    by_parity
        Whether the image is stored by parity of its columns (see `parity_columns`).
    """

    window: Window
    shape: tuple[int, int, int]
    slots: int
    config: EngineConfig
    by_parity: bool

    @property
    def side_by_side(self) -> bool:
        """Whether a fetch covers neighbouring pixels, as there are few channels; with a stride of
        two only if the image is stored by parity."""
        channels, lanes = self.shape[2], self.config.fetch_width
        few = channels < lanes and lanes % channels == 0
        return self.by_parity or (self.window.stride[1] == 1 and few)

    @property
    def roll_rows(self) -> int:
        """Image rows of a roll."""
        return min(self.window.stride[0], self.window.kernel[0])

    @cached_property
    def output_size(self) -> tuple[int, int]:
        """Rows and columns of the output."""
        return self.window.output_size(*self.shape[:2])

    @property
    def first_rows_skipped(self) -> int:
        """Kernel rows that the first output row does without, as they lie in padding: those of the
        first roll, or none."""
        in_padding = self.window.pads[0] >= self.roll_rows
        return self.roll_rows * (in_padding and self.output_size[0] > 1 and self.slots > 1)

    @property
    def last_rows_skipped(self) -> int:
        """Likewise of the last output row, where strips overlap."""
        return self.window.kernel[0] - (self.slots - 1) * self.roll_rows

    def nest(self, columns: Span | None = None) -> LoopNest:
        """Loop nest of some of the output's columns, all if not given."""
        height, width, channels = self.shape
        stride, lanes = self.window.stride, self.config.fetch_width
        out_rows, out_cols = self.output_size
        columns = columns or Span(first=0, count=out_cols, first_tap=0, taps=self.window.kernel[1])
        results, out_cols = channels, columns.count
        if self.side_by_side:
            results, out_cols = channels * columns.count, 1
        tiles = -(-results // lanes)
        tile_size, tile_size_last = min(lanes, results), results - (tiles - 1) * lanes
        skipped = int(self.first_rows_skipped > 0)
        rolls = out_rows + self.slots - 1
        last_roll = (rolls - 1) * stride[0] - self.window.pads[0]
        overlaps = (
            last_roll >= height  # it meets nothing but padding
            and out_rows > 1
            and self.slots > 1 + skipped
            and tiles * out_cols > 1
            and -(-tile_size // self.config.lanes) == -(-tile_size_last // self.config.lanes)
        )
        pitch = width // (2 if self.by_parity else 1) * channels
        starts, steps = image_rows(
            skipped * stride[0] - self.window.pads[0],
            {"rolls": stride[0], "taps_y": 1},
            pitch=pitch,
        )
        trips, x_start, x_steps = self._parity_taps() if self.by_parity else self._taps(columns)
        if self.by_parity:
            steps[ROW]["taps_x"] = height * pitch
        return LoopNest(
            trips=loops(
                out_cols=out_cols,
                tiles=tiles,
                rolls=rolls - skipped - overlaps,
                taps_y=self.roll_rows,
                **trips,
            ),
            starts={X: x_start, **starts},
            steps={X: {"out_cols": stride[1] * channels, "tiles": lanes, **x_steps}, **steps},
            row_length=pitch,
            height=height,
            last_bytes=tile_size_last,
            tile_size=tile_size,
            tile_size_last=tile_size_last,
            warmup=self.slots - 1 - skipped,
            overlaps=overlaps,
            last_run_short=self.by_parity and self.window.kernel[1] % 2 == 1,
        )

    def _taps(self, columns: Span) -> _Taps:
        """One kernel column after the other."""
        channels, dilation = self.shape[2], self.window.dilation[1]
        start = columns.first * self.window.stride[1] - self.window.pads[1]
        return (
            {"taps_x": columns.taps},
            (start + columns.first_tap * dilation) * channels,
            {"taps_x": dilation * channels, "chunks": self.config.rows},
        )

    def _parity_taps(self) -> _Taps:
        """First the kernel columns 0, 2, ..., all in the first half of the image, then the
        others."""
        channels, left = self.shape[2], self.window.pads[1]
        return (
            {"taps_x": 2, "chunks": -(-self.window.kernel[1] // 2)},
            # columns of padding in each half: one more in the first if there is an odd number
            -((left + 1) // 2) * channels,
            {"taps_x": left % 2 * channels, "chunks": channels},
        )

"""The schedule of a frame: rows of bars on one time axis.

A row has when a layer runs and what its cycles go to, and the same cycles as shares of a bar of one
length, since a short layer is a sliver on the time axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from . import text
from .bars import bar, drawing, line
from .layers import FrameTimes, LayerReport

CATEGORIES = {
    "macs": "multiply-accumulates",
    "others": "pooling, additions, moves",
    "idle-lanes": "idle lanes",
    "idle-columns": "idle columns",
    "fence": "waiting for memory",
    "drain": "waiting for requantizers",
    "full": "waiting for output",
    "load": "input of a frame",
    "pipeline": "pipeline after the last fetch",
    "output": "output of the frame",
}
"""CSS classes of what cycles go to, and what they are called."""


@dataclass(frozen=True, kw_only=True)
class ScheduleRow:
    """The input, a layer or the output.

    Parameters
    ----------
    name
        What it is of.
    figure
        Cycles, and the share of the multipliers that is in use; "" for input and output.
    times
        SVG on the time axis.
    shares
        SVG of what its cycles go to; None for input and output.
    """

    name: str
    figure: str
    times: Markup
    shares: Markup | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """All rows, the axis and the legend.

    Parameters
    ----------
    rows
        Input, layers in order of execution, output.
    ticks
        Cycles to be written at the axis, and where: shares of its width.
    legend
        Names by CSS class of all that occurs.
    """

    rows: tuple[ScheduleRow, ...]
    ticks: tuple[tuple[int, float], ...]
    legend: dict[str, str]


def schedule_chart(frame: FrameTimes, layers: Sequence[LayerReport]) -> Schedule:
    """The schedule of a frame and the beginning of the next one.

    Waiting for memory comes before a layer's first fetch and is drawn there. The other parts of a
    layer alternate in each of its tiles; they are drawn one after the other, in proportion.
    """
    axis = _Axis(frame)
    occurring = {name for layer in layers for name in layer_categories(layer)}
    occurring |= {"load", "pipeline", "output"}
    return Schedule(
        rows=(
            _input(frame, axis),
            *(_layer(layer, axis) for layer in layers),
            _output(frame, axis),
        ),
        ticks=axis.ticks(),
        legend={name: title for name, title in CATEGORIES.items() if name in occurring},
    )


def layer_categories(layer: LayerReport) -> dict[str, float]:
    """Cycles of a layer by category, those with none left out, in the order of drawing."""
    cycles_of = {
        "fence": layer.fence_wait,
        "macs": layer.array.macs,
        "others": layer.array.others,
        "idle-lanes": layer.array.idle_lanes,
        "idle-columns": layer.array.idle_columns,
        "drain": layer.drain_wait,
        "full": layer.stream_wait,
    }
    return {name: cycles for name, cycles in cycles_of.items() if cycles}


class _Axis:
    """Time from left to right: from the frame's first input beat to its last output beat."""

    def __init__(self, frame: FrameTimes):
        self.start, self.end = -frame.load_cycles, frame.last_output + 1
        self._next = frame.next_fetch

    def place(self, cycle: float) -> float:
        return (min(cycle, self.end) - self.start) / (self.end - self.start)

    def bar(self, category: str, start: float, end: float) -> str:
        return bar(category, self.place(start), self.place(end))

    def drawing(self, title: str, bars: Iterable[str]) -> Markup:
        """A row, with the beginning of the next frame."""
        grid = [line("grid", place) for _, place in self.ticks()]
        following = [line("next", self.place(self._next))] if self._next < self.end else []
        return drawing(title, [*grid, *bars, *following])

    def ticks(self) -> tuple[tuple[int, float], ...]:
        step = _round_step((self.end - self.start) / 4)
        cycles = range(-(-self.start // step) * step, self.end, step)
        return tuple((cycle, round(self.place(cycle), 4)) for cycle in cycles)


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that is at least `least`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def _input(frame: FrameTimes, axis: _Axis) -> ScheduleRow:
    loaded = frame.next_load + frame.load_cycles
    title = (
        f"input: cycles {-frame.load_cycles:,} to 0; of the next frame, "
        f"{frame.next_load:,} to {loaded:,}"
    )
    bars = [axis.bar("load", -frame.load_cycles, 0)]
    if frame.next_load < axis.end:
        bars.append(axis.bar("load", frame.next_load, loaded))
    return ScheduleRow(name="input", figure="", times=axis.drawing(title, bars))


def _layer(layer: LayerReport, axis: _Axis) -> ScheduleRow:
    categories = layer_categories(layer)
    shares = "; ".join(
        f"{CATEGORIES[name]}: {cycles:,.0f} cycles, {100 * cycles / layer.cycles:.1f}%"
        for name, cycles in categories.items()
    )
    end = layer.start + layer.cycles
    when = f"{layer.name}: {layer.operator}, cycles {layer.start:,} to {end:,}"
    on_axis, in_share, position = [], [], 0.0
    for name, cycles in categories.items():
        begin, position = position, position + cycles
        on_axis.append(axis.bar(name, layer.start + begin, layer.start + position))
        in_share.append(bar(name, begin / layer.cycles, position / layer.cycles))
    used = f", {text.utilisation(layer.utilisation)} used" if layer.macs else ""
    return ScheduleRow(
        name=layer.name,
        figure=f"{text.counted(layer.cycles, 'cycle')}{used}",
        times=axis.drawing(when, on_axis),
        shares=drawing(shares, in_share),
    )


def _output(frame: FrameTimes, axis: _Axis) -> ScheduleRow:
    title = (
        f"output: cycles {frame.first_output:,} to {frame.last_output + 1:,}; "
        f"last fetch: {frame.compute_cycles - 1:,}"
    )
    bars = [axis.bar("output", frame.first_output, frame.last_output + 1)]
    if frame.first_output > frame.compute_cycles:
        bars.insert(0, axis.bar("pipeline", frame.compute_cycles, frame.first_output))
    return ScheduleRow(name="output", figure="", times=axis.drawing(title, bars))

"""The schedule of a frame as SVG, without a library.

On the left a time axis: when the frame arrives, when each layer runs and what its cycles go to,
when the result leaves. On the right the same cycles of each layer as shares of a bar of one length,
since a short layer is a sliver on the time axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from . import text
from .layers import FrameTimes, LayerReport

WIDTH = 900
TIME_LEFT, TIME_WIDTH = 190, 440
SHARE_LEFT, SHARE_WIDTH = 645, 120
VALUE_LEFT = 773
AXIS_HEIGHT = 20
LEGEND_ROW, LEGEND_COLUMNS = 20, 4
TALL, LOW = 22, 14
"""Height of a row with its gap: where layers are few, and where they are many."""
FEW = 24

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


def schedule_chart(frame: FrameTimes, layers: Sequence[LayerReport]) -> str:
    """An <svg> element with a row for the input, one for each layer and one for the output.

    Waiting for memory comes before a layer's first fetch and is drawn there. The other parts of a
    layer alternate in each of its tiles; they are drawn one after the other, in proportion.
    Colours come from the CSS classes of `CATEGORIES`, and "label", "value", "grid" and "next".
    """
    legend = list(_legend(_categories_of(layers)))
    top = AXIS_HEIGHT + LEGEND_ROW * -(-len(legend) // LEGEND_COLUMNS)
    row = TALL if len(layers) <= FEW else LOW
    height = top + (len(layers) + 2) * row + 4
    axis = _Axis(-frame.load_cycles, frame.last_output + 1)
    elements = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'class="{"few" if row == TALL else "many"}" aria-label="Schedule of a frame">',
        *legend,
        *axis.grid(top, height),
        *_row("input", top, row, _input_bars(frame, axis, top, row)),
    ]
    for index, layer in enumerate(layers):
        y = top + (index + 1) * row
        elements += _row(layer.name, y, row, _layer_bars(layer, axis, y, row))
    y = height - row - 4
    elements += _row("output", y, row, _output_bars(frame, axis, y, row))
    if frame.next_fetch < axis.end:
        x = axis.x(frame.next_fetch)
        title = f"The next frame's first fetch: cycle {frame.next_fetch:,}"
        elements.append(
            f'<path class="next" d="M{x:.1f} {top}V{height}"><title>{title}</title></path>'
        )
    return "\n".join([*elements, "</svg>"])


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
    """Time from left to right: cycle `start` to `end`."""

    def __init__(self, start: int, end: int):
        self.start, self.end = start, end

    def x(self, cycle: float) -> float:
        return TIME_LEFT + TIME_WIDTH * (cycle - self.start) / (self.end - self.start)

    def bar(self, start: float, end: float, category: str, y: float, height: float) -> str:
        """A bar from one cycle to another, cut off at the end of the axis."""
        left, right = self.x(start), self.x(min(end, self.end))
        return _rect(left, right - left, category, y, height)

    def grid(self, top: int, bottom: int) -> Iterator[str]:
        step = _round_step((self.end - self.start) / 6)
        for cycle in range(-(-self.start // step) * step, self.end, step):
            x = self.x(cycle)
            yield f'<path class="grid" d="M{x:.1f} {top - 3}V{bottom}"/>'
            yield (
                f'<text class="value" x="{x:.1f}" y="{top - 6}" text-anchor="middle">'
                f"{cycle:,}</text>"
            )


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that is at least `least`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def _categories_of(layers: Iterable[LayerReport]) -> list[str]:
    """Categories that occur, in the order of the legend."""
    occurring = {name for layer in layers for name in layer_categories(layer)}
    return [name for name in CATEGORIES if name in occurring | {"load", "pipeline", "output"}]


def _legend(categories: Iterable[str]) -> Iterator[str]:
    for index, name in enumerate(categories):
        x = WIDTH // LEGEND_COLUMNS * (index % LEGEND_COLUMNS)
        y = LEGEND_ROW * (index // LEGEND_COLUMNS)
        yield (
            f'<g>{_rect(x, 12, name, y, 12)}<text class="value" x="{x + 18}" y="{y + 11}">'
            f"{CATEGORIES[name]}</text></g>"
        )


def _row(name: str, y: int, row: int, bars: Iterable[str]) -> Iterator[str]:
    """A row with its name; `bars` may begin with a <title>, which is shown on hover."""
    yield "<g>"
    yield from bars
    yield (
        f'<text class="label" x="{TIME_LEFT - 8}" y="{y + 0.72 * row:.1f}" text-anchor="end">'
        f"{escape(text.shorten(name, 26))}</text></g>"
    )


def _input_bars(frame: FrameTimes, axis: _Axis, y: int, row: int) -> Iterator[str]:
    loaded = frame.next_load + frame.load_cycles
    yield (
        f"<title>input: cycles {-frame.load_cycles:,} to 0; of the next frame, "
        f"{frame.next_load:,} to {loaded:,}</title>"
    )
    yield axis.bar(-frame.load_cycles, 0, "load", y, row - 4)
    if frame.next_load < axis.end:
        yield axis.bar(frame.next_load, loaded, "load", y, row - 4)


def _layer_bars(layer: LayerReport, axis: _Axis, y: int, row: int) -> Iterator[str]:
    categories = layer_categories(layer)
    shares = [
        f"{CATEGORIES[name]}: {cycles:,.0f} cycles, {100 * cycles / layer.cycles:.1f}%"
        for name, cycles in categories.items()
    ]
    first = (
        f"{layer.name}: {layer.operator}, cycles {layer.start:,} to {layer.start + layer.cycles:,}"
    )
    yield f"<title>{escape(chr(10).join([first, *shares]))}</title>"
    position = 0.0
    for name, cycles in categories.items():
        start = layer.start + position
        yield axis.bar(start, start + cycles, name, y, row - 4)
        scale = SHARE_WIDTH / layer.cycles
        yield _rect(SHARE_LEFT + scale * position, scale * cycles, name, y, row - 4)
        position += cycles
    used = f", {layer.utilisation:.0f}%" if layer.macs else ""
    yield (
        f'<text class="value" x="{VALUE_LEFT}" y="{y + 0.72 * row:.1f}">'
        f"{layer.cycles:,}{used}</text>"
    )


def _output_bars(frame: FrameTimes, axis: _Axis, y: int, row: int) -> Iterator[str]:
    yield (
        f"<title>output: cycles {frame.first_output:,} to {frame.last_output + 1:,}; "
        f"last fetch: {frame.compute_cycles - 1:,}</title>"
    )
    if frame.first_output > frame.compute_cycles:
        yield axis.bar(frame.compute_cycles, frame.first_output, "pipeline", y, row - 4)
    yield axis.bar(frame.first_output, frame.last_output + 1, "output", y, row - 4)


def _rect(x: float, width: float, category: str, y: float, height: float) -> str:
    return f'<rect class="{category}" x="{x:.2f}" y="{y}" width="{width:.2f}" height="{height}"/>'

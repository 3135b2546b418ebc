"""Timing diagrams as SVG, of what a simulation has seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from markupsafe import Markup

from ..simulate import TimingDiagram

CYCLE, ROW, NAMES = 30, 20, 62
"""Width of a clock cycle, height of a signal, and width of the signals' names."""
_HIGH, _LOW = 4, 15
"""Levels of a signal below the upper edge of its row."""
_SLOPE = 3
"""Width of an edge of a bus."""
_DIGITS = 4
"""Most digits that fit into a cycle."""


def draw_timing(diagram: TimingDiagram) -> Markup:
    """The <svg> of a diagram: clock, handshake, data and tlast, one cycle after the other.

    A beat is transferred at the rising edge at the end of a cycle in which tvalid and tready are
    high; it is marked.
    """
    cycles = len(diagram.valid)
    width, height = NAMES + cycles * CYCLE + 4, 6 * ROW
    return Markup(
        f'<svg class="timing" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{escape(_title(diagram))}</title>{"".join(_elements(diagram))}</svg>'
    )


def _title(diagram: TimingDiagram) -> str:
    taken = sum(v == r == "1" for v, r in zip(diagram.valid, diagram.ready, strict=True))
    return (
        f"{diagram.what}: {diagram.stream} in cycles {diagram.start} to "
        f"{diagram.start + len(diagram.valid) - 1}, {taken} beats transferred"
    )


def _elements(diagram: TimingDiagram) -> Iterator[str]:
    names = ("clk", "tvalid", "tready", "tdata", "tlast")
    for row, name in enumerate(names):
        yield f'<text class="signal" x="0" y="{row * ROW + 14}">{name}</text>'
    for cycle, (valid, ready) in enumerate(zip(diagram.valid, diagram.ready, strict=True)):
        if valid == ready == "1":
            yield f'<rect class="beat" x="{_x(cycle)}" y="0" width="{CYCLE}" height="{5 * ROW}"/>'
    yield _path(_clock(len(diagram.valid)))
    for row, levels in ((1, diagram.valid), (2, diagram.ready), (4, diagram.last)):
        yield _path(_level(row, levels))
    yield from _bus(3, diagram.data)
    for cycle in range(len(diagram.valid)):
        yield (
            f'<text class="cycle" x="{_x(cycle) + CYCLE / 2:g}" y="{5 * ROW + 13}">'
            f"{diagram.start + cycle}</text>"
        )


def _x(cycle: int) -> int:
    return NAMES + cycle * CYCLE


def _path(points: Iterator[tuple[float, float]]) -> str:
    return f'<path class="wave" d="M{" L".join(f"{x:g} {y:g}" for x, y in points)}"/>'


def _clock(cycles: int) -> Iterator[tuple[float, float]]:
    for cycle in range(cycles):
        for x, y in ((0, _LOW), (0, _HIGH), (0.5, _HIGH), (0.5, _LOW), (1, _LOW)):
            yield _x(cycle) + x * CYCLE, y


def _level(row: int, levels: str) -> Iterator[tuple[float, float]]:
    for cycle, level in enumerate(levels):
        y = row * ROW + (_HIGH if level == "1" else _LOW)
        yield _x(cycle), y
        yield _x(cycle) + CYCLE, y


def _bus(row: int, data: Sequence[str]) -> Iterator[str]:
    """A shape for each value as long as it stays."""
    high, low = row * ROW + _HIGH, row * ROW + _LOW
    start = 0
    while start < len(data):
        end = start + 1
        while end < len(data) and data[end] == data[start]:
            end += 1
        left, right = _x(start), _x(end)
        if data[start]:
            yield (
                f'<path class="wave" d="M{left} {(high + low) / 2:g} L{left + _SLOPE} {high} '
                f"L{right - _SLOPE} {high} L{right} {(high + low) / 2:g} L{right - _SLOPE} {low} "
                f'L{left + _SLOPE} {low} Z"/>'
                f'<text class="value" x="{(left + right) / 2:g}" y="{low - 2}">'
                f"{_short(data[start])}</text>"
            )
        else:
            yield f'<path class="wave" d="M{left} {low} L{right} {low}"/>'
        start = end


def _short(value: str) -> str:
    """The lowest digits, which are the first bytes of a beat."""
    return value if len(value) <= _DIGITS else f"…{value[1 - _DIGITS :]}"

"""The network as a graph: a row for each layer, in order, and lines beside them for its edges.

A layer keeps its column until its last reader; a reader takes over the column of what ends with
it. So no edge crosses a layer, and names have all of the width beside the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from . import text
from .connections import INPUT
from .layers import LayerReport
from .structure import BuildReport

ROW_HEIGHT, COLUMN_WIDTH = 56, 18
_RADIUS = 6

KINDS = {
    "conv": "convolution",
    "depthwise": "depthwise convolution",
    "dense": "matrix product",
    "pool": "pooling",
    "other": "addition, function, move",
    "port": "input or output",
}
"""CSS classes of operators, and what they are called."""

NOISE_LEVELS = {"fine": "40 dB or more", "fair": "30 dB", "poor": "20 dB", "bad": "less"}
"""CSS classes of signal to noise, and from which ratio on."""


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """An input, a layer or an output.

    Parameters
    ----------
    name, operator
        What it is.
    kind
        Of `KINDS`.
    reads
        What it reads, if that is not just the row above; else "".
    facts
        Shape and widths.
    cycles, heat
        Its cycles in words, and from 0 to 4 how large a share of all; "" and None for ports.
    noise, level
        Its signal to noise in words, and of `NOISE_LEVELS`; "" where it was not measured.
    column
        Where its dot is.
    """

    name: str
    operator: str
    kind: str
    reads: str = ""
    facts: str = ""
    cycles: str = ""
    heat: int | None = None
    noise: str = ""
    level: str = ""
    column: int


@dataclass(frozen=True, kw_only=True)
class NetworkDrawing:
    """All rows, and the SVG of `width` times `height` pixels beside them."""

    rows: tuple[NetworkRow, ...]
    edges: Markup
    width: int
    height: int


def draw_network(report: BuildReport) -> NetworkDrawing:
    """The layers of a design between its inputs and outputs."""
    items = _items(report)
    places = {name: row for row, (name, _) in enumerate(items)}
    sources = [[places[name] for name in reads if name in places] for _, reads in items]
    columns = _columns(sources)
    by_name = {layer.name: layer for layer in report.layers}
    most = max((layer.cycles for layer in report.layers), default=1)
    rows = []
    for row, (name, reads) in enumerate(items):
        others = ", ".join(reads) if sources[row] != [row - 1] else ""
        if name in by_name:
            rows.append(_layer_row(by_name[name], others, columns[row], most))
        else:
            kind, _, rest = name.partition(" ")
            port, _, facts = rest.partition(": ")
            rows.append(
                NetworkRow(
                    name=port, operator=kind, kind="port", reads=others if reads else "",
                    facts=facts, column=columns[row],
                )
            )  # fmt: skip
    width = COLUMN_WIDTH * (max(columns) + 1) + 4
    return NetworkDrawing(
        rows=tuple(rows),
        edges=_edges(sources, columns, [row.kind for row in rows], width),
        width=width,
        height=ROW_HEIGHT * len(rows),
    )


def _items(report: BuildReport) -> list[tuple[str, tuple[str, ...]]]:
    """Names of all rows with those of what they read."""
    ports = {f"{INPUT}{line.partition(': ')[0]}": f"{INPUT}{line}" for line in report.inputs}
    items: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in ports.values()]
    for layer in report.layers:
        items.append((layer.name, tuple(ports.get(name, name) for name in layer.reads)))
    for line, source in zip(report.outputs, report.output_layers, strict=False):
        items.append((f"output {line}", (ports.get(source, source),)))
    return items


def _columns(sources: Sequence[Sequence[int]]) -> list[int]:
    """The column of each row: the first that is free of what is still to be read."""
    last_reader = {source: row for row, read in enumerate(sources) for source in read}
    columns: list[int] = []
    taken: dict[int, int] = {}  # row by column
    for row, read in enumerate(sources):
        for source in read:
            if last_reader[source] == row and taken.get(columns[source]) == source:
                del taken[columns[source]]
        ended = [columns[source] for source in read if columns[source] not in taken]
        free = (column for column in range(len(taken) + 1) if column not in taken)
        columns.append(min(ended, default=next(free)))
        if row in last_reader:
            taken[columns[row]] = row
    return columns


def _edges(
    sources: Sequence[Sequence[int]], columns: Sequence[int], kinds: Sequence[str], width: int
) -> Markup:
    def centre(row: int) -> tuple[float, float]:
        return COLUMN_WIDTH * (columns[row] + 0.5) + 2, ROW_HEIGHT * row + 18

    lines = []
    for row, read in enumerate(sources):
        x, y = centre(row)
        for source in read:
            from_x, from_y = centre(source)
            turn = y - ROW_HEIGHT
            middle = turn + ROW_HEIGHT / 2
            lines.append(
                f'<path class="edge" d="M{from_x:g} {from_y:g}V{turn:g}'
                f'C{from_x:g} {middle:g} {x:g} {middle:g} {x:g} {y:g}"/>'
            )
    dots = [
        f'<circle class="{kind}" cx="{centre(row)[0]:g}" cy="{centre(row)[1]:g}" r="{_RADIUS}"/>'
        for row, kind in enumerate(kinds)
    ]
    height = ROW_HEIGHT * len(columns)
    count = sum(map(len, sources))
    title = f"{len(columns)} inputs, layers and outputs, and {count} edges between them"
    return Markup(
        f'<svg class="edges" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><title>{escape(title)}</title>'
        "<desc>Each row of the list beside it says what it reads, if not the row above.</desc>"
        f"{''.join(lines)}{''.join(dots)}</svg>"
    )


def _layer_row(layer: LayerReport, reads: str, column: int, most: int) -> NetworkRow:
    widths = [f"{layer.act_bits}-bit result" if layer.act_bits else ""]
    widths.append(f"{layer.weight_bits}-bit weights" if layer.weight_bits else "")
    return NetworkRow(
        name=layer.name,
        operator=layer.operator,
        kind=operator_kind(layer.operator),
        reads=reads,
        facts=", ".join(filter(None, (text.shape(layer.shape), *widths))),
        cycles=text.counted(layer.cycles, "cycle"),
        heat=min(4, 5 * layer.cycles // most),
        noise="" if layer.sqnr_db is None else text.decibels(layer.sqnr_db),
        level=noise_level(layer.sqnr_db),
        column=column,
    )


def operator_kind(operator: str) -> str:
    """The `KINDS` of an operator such as "conv 3x3 + add"."""
    first = operator.split()[0]
    if first in KINDS:
        return first
    return "pool" if "pool" in operator else "other"


def noise_level(sqnr_db: float | None) -> str:
    """The `NOISE_LEVELS` of a ratio; "" if there is none."""
    if sqnr_db is None:
        return ""
    levels: Mapping[str, float] = {"fine": 40, "fair": 30, "poor": 20}
    return next((name for name, least in levels.items() if sqnr_db >= least), "bad")

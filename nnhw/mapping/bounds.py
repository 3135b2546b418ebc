"""Cycles that no engine can do without, however it maps a network: many engines at once.

A fetch reads neighbouring bytes, `rows` of them for dot products in all columns, one in each lane
for operations on single channels; a drain step takes `lanes` results. What a layer costs at least
follows from its shape and these numbers alone. The search for an engine needs to plan only those
exactly that could be better than the best one known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..ir import (
    Graph,
    Node,
    QAdd,
    QAveragePool,
    QConv,
    QExtremum,
    QMaxPool,
    QMultiply,
    Reshape,
    Window,
    frame_layout,
)
from ..machine import EngineConfig, needs_slices


@dataclass(frozen=True, kw_only=True)
class LeastCycles:
    """Lower bounds of the cycle model, int64 (engines,) each.

    Parameters
    ----------
    interval, latency
        See `CycleModel`.
    """

    interval: np.ndarray
    latency: np.ndarray


def least_cycles(graph: Graph, configs: Sequence[EngineConfig]) -> LeastCycles:
    """What every engine needs for an integer graph, at least."""
    engines = _Engines(configs)
    total = engines.none()
    before_output = engines.none()
    needed = {port.tensor for port in graph.outputs}
    for node in reversed(graph.nodes):
        cycles = _node_cycles(node, graph, engines)
        total += cycles
        if node.output in needed:
            needed.update(node.inputs)
            before_output += cycles
    loading = _beats(graph, [config.input_bytes for config in configs], inputs=True)
    sending = _beats(graph, [config.output_bytes for config in configs], inputs=False)
    return LeastCycles(
        interval=np.maximum.reduce([total, loading, sending]), latency=loading + before_output
    )


class _Engines:
    """The numbers of many engines, int64 (engines,) each."""

    def __init__(self, configs: Sequence[EngineConfig]):
        def each(name: str) -> np.ndarray:
            return np.array([getattr(config, name) for config in configs], np.int64)

        self.rows, self.cols, self.lanes = each("rows"), each("cols"), each("lanes")
        self.width, self.slots = each("fetch_width"), each("lane_slots")
        self.sliced_cols = self.cols // each("column_slices")

    def none(self) -> np.ndarray:
        return np.zeros(len(self.rows), np.int64)


def _beats(graph: Graph, widths: Sequence[int], *, inputs: bool) -> np.ndarray:
    """Beats of a frame in or out, for streams of such `widths`."""
    ports = graph.inputs if inputs else graph.outputs
    beats = {width: frame_layout(graph, ports, width).size // width for width in set(widths)}
    return np.array([beats[width] for width in widths], np.int64)


def _node_cycles(node: Node, graph: Graph, engines: _Engines) -> np.ndarray:
    """Cycles of a node, but for those that the drain has left to do when its last tile is issued:
    meanwhile, the next node may fetch."""
    if isinstance(node, QAdd | Reshape):  # an addition may take place when an operand is written
        return engines.none()
    source, result = (graph.tensors[name].shape for name in (node.inputs[0], node.output))
    if isinstance(node, QConv):
        if node.groups == 1:
            return _dense(node, source, result, engines)
        return np.minimum(
            _lanes(node.window, result, engines), _rolling(node.window, source, result, engines)
        )
    if isinstance(node, QMaxPool | QAveragePool) and not node.window.is_pointwise:
        return _lanes(node.window, result, engines)
    each = 2 if isinstance(node, QMultiply | QExtremum) else 1
    size = graph.tensors[node.output].size
    tile_drain = _ceil(engines.width, engines.lanes)
    drain = _ceil(np.array(size), engines.lanes) - tile_drain
    return each * np.maximum(_ceil(np.array(size), engines.width), drain)


def _dense(
    node: QConv, source: tuple[int, ...], result: tuple[int, ...], engines: _Engines
) -> np.ndarray:
    """Dot products, of as many neighbouring pixels at once as is best, all or every other one;
    kernel rows in padding are left out."""
    window, outputs = node.window, len(node.weight)
    _, width, channels = source
    kernel_rows, kernel_cols = window.kernel
    is_run = window.dilation[1] == 1 or kernel_cols == 1
    is_image = kernel_cols == width and not any(window.pads)
    is_image &= window.dilation[0] == 1 or kernel_rows == 1
    cols = engines.sliced_cols if needs_slices(node.weight) else engines.cols
    ways = []
    for step in (1, 2):
        count = result[1] // step
        if result[1] % step:
            continue
        most = max(1, int(cols.max()) // outputs) if is_run else 1
        abreast = np.array([n for n in range(1, most + 1) if count % n == 0])[:, None]
        run = (kernel_cols + (abreast - 1) * window.stride[1] * step) * channels
        cycles = np.array(0)
        for taps, times in _taps_inside(window, source, 0):
            if not is_run:
                fetches = taps * kernel_cols * _ceil(np.array(channels), engines.rows)
            elif is_image:
                fetches = _ceil(kernel_rows * run, engines.rows)
            else:
                fetches = taps * _ceil(run, engines.rows)
            pixels = times * result[1] // abreast
            cycles = cycles + _tiles(pixels, abreast * outputs, cols, fetches, engines)
        possible = abreast <= np.maximum(1, cols // outputs)
        ways.append(np.where(possible, cycles, np.iinfo(np.int64).max).min(axis=0))
    return np.minimum.reduce(ways)


def _lanes(window: Window, result: tuple[int, ...], engines: _Engines) -> np.ndarray:
    """A fetch for each tap of each pixel."""
    fetches = np.array(window.kernel[0] * window.kernel[1])
    return _tiles(
        np.array(result[0] * result[1]), np.array(result[2]), engines.width, fetches, engines
    )


def _rolling(
    window: Window, source: tuple[int, ...], result: tuple[int, ...], engines: _Engines
) -> np.ndarray:
    """Output rows in the making at the same time, in strips as wide as a fetch; neighbouring pixels
    of few channels in a strip, else kernel columns in padding left out."""
    out_rows, out_cols, channels = result
    kernel_rows, kernel_cols = window.kernel
    slots = -(-kernel_rows // window.stride[0])
    roll_rows = min(window.stride[0], kernel_rows)
    # a first and a last roll may meet nothing but padding
    last_row = (out_rows + slots - 2) * window.stride[0] - window.pads[0]
    spared = int(window.pads[0] >= roll_rows) + int(last_row >= source[0])
    rolls = max(out_rows, out_rows + slots - 1 - spared)

    def strips(count: int, results: int, taps: int) -> np.ndarray:
        fetches = np.array(roll_rows * taps)
        tiles = _ceil(np.array(results), engines.width)
        full, last = _drains(np.array(results), engines.width, tiles, engines)
        waits = (tiles - 1) * np.maximum(0, full - fetches) + np.maximum(0, last - fetches)
        return count * (tiles * rolls * fetches + (out_rows - 1) * waits)

    apart = engines.none()
    for taps, times in _taps_inside(window, source, 1):
        apart += strips(times, channels, taps)
    together = strips(1, out_cols * channels, kernel_cols)
    fits = (channels < engines.width) & (engines.width % channels == 0)
    cycles = np.where(fits, np.minimum(apart, together), apart)
    return np.where(slots <= engines.slots, cycles, np.iinfo(np.int64).max)


def _tiles(
    pixels: np.ndarray,
    results: np.ndarray,
    most: np.ndarray,
    fetches: np.ndarray,
    engines: _Engines,
) -> np.ndarray:
    """Cycles of pixels whose `results` take tiles of `most` each, and a tile so many `fetches`."""
    tiles = _ceil(results, most)
    full, last = _drains(results, most, tiles, engines)
    a_pixel = (tiles - 1) * np.maximum(fetches, full) + np.maximum(fetches, last)
    return pixels * a_pixel - np.maximum(0, np.maximum(full, last) - fetches)


def _drains(
    results: np.ndarray, most: np.ndarray, tiles: np.ndarray, engines: _Engines
) -> tuple[np.ndarray, np.ndarray]:
    """Drain steps of a pixel's tiles, and of its last one."""
    full = _ceil(np.minimum(results, most), engines.lanes)
    return full, _ceil(results - (tiles - 1) * most, engines.lanes)


def _taps_inside(window: Window, shape: tuple[int, ...], axis: int) -> Iterator[tuple[int, int]]:
    """Numbers of taps that lie in the image along an axis, and of output positions with so many."""
    size, taps = shape[axis], window.kernel[axis]
    stride, dilation, pad = window.stride[axis], window.dilation[axis], window.pads[axis]
    begin = np.arange(window.output_size(*shape[:2])[axis]) * stride - pad
    first = _ceil(np.maximum(0, -begin), dilation)
    end = np.clip(_ceil(size - begin, dilation), 0, taps)
    counts = np.bincount(np.maximum(0, end - first))
    yield from ((int(n), int(counts[n])) for n in np.flatnonzero(counts))


def _ceil(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    return -(-a // b)

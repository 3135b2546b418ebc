"""Dense convolutions: runs of kernel rows, and pixels side by side in the columns of the array."""

from __future__ import annotations

import numpy as np

from ...ir import QAdd, QConv, Window
from ...isa import Operation, ParameterMode, X
from ...machine import EngineConfig, needs_slices
from ..layer_plan import LayerPlan, target
from ..loop_nest import LoopNest, image_rows, loops
from ..output_area import OutputArea, OutputColumns
from ..weights import DenseWeights
from .clipping import Span, clipped_spans, is_worthwhile
from .setting import Setting, channel_table


def plans(node: QConv, setting: Setting) -> list[LayerPlan]:
    """A dense convolution: one layer, or one for each half of the output's columns if these are
    stored by parity; each of these one for every span of rows that meets the same part of the
    kernel."""
    graph, config = setting.graph, setting.config
    shape, outputs = graph.tensors[node.inputs[0]].shape, len(node.weight)
    height, width, channels = graph.tensors[node.output].shape
    halves = setting.by_parity.get(node.output)
    columns, *others = halves or (OutputColumns(count=width),)
    slices = config.column_slices if needs_slices(node.weight) else 1
    abreast = columns_abreast(node.window, shape, outputs, config, columns, slices=slices)

    def nest(rows: Span | None, columns: OutputColumns) -> LoopNest:
        return dense_nest(
            *(node.window, shape, outputs, config),
            rows=rows,
            columns=columns,
            abreast=abreast,
            slices=slices,
        )

    whole = nest(None, columns)
    spans: list[Span | None] = [None]
    if not _may_stream(node, setting):
        clipped = clipped_spans(node.window, shape, 0)
        if is_worthwhile([nest(span, columns) for span in clipped], whole, config):
            spans = [*clipped]
    weight = weight_abreast(node.weight, abreast, columns.step * node.window.stride[1])
    weights = DenseWeights(weight=weight, nest=whole, slices=slices)
    layers: list[LayerPlan] = []
    offset = 0
    for some in (columns, *others):
        for rows in spans:
            used, first, count = node.weight, 0, height
            if rows is not None:
                used = used[:, rows.first_tap : rows.first_tap + rows.taps]
                first, count = rows.first, rows.count
            area = OutputArea(first_row=first, rows=count, columns=some)
            layers.append(
                LayerPlan(
                    **target(node, graph, node.requantize),
                    inputs=node.inputs,
                    operation=Operation.DOT,
                    nest=nest(rows, some),
                    parameters=np.tile(channel_table(node, graph, used), (abreast, 1)),
                    parameter_mode=ParameterMode.CHANNEL,
                    products=count * some.count * used.size,
                    weights=weights,
                    first_word=0 if rows is None else rows.first_tap * whole.fetches_per_row,
                    area=None if halves is None and rows is None else area,
                    offset=offset,
                )
            )
            offset += count * some.count * channels
    return layers


def _may_stream(node: QConv, setting: Setting) -> bool:
    """Whether results may leave through the output stream, in which every layer begins with a new
    beat: an addition to them may be an output, too."""
    sums = {other.output for other in setting.graph.readers(node.output) if isinstance(other, QAdd)}
    return bool(setting.outputs & {node.output, *sums})


def dense_nest(
    window: Window,
    shape: tuple[int, int, int],
    outputs: int,
    config: EngineConfig,
    *,
    rows: Span | None = None,
    columns: OutputColumns | None = None,
    abreast: int = 1,
    slices: int = 1,
) -> LoopNest:
    """Loop nest of a dense convolution of an input of `shape` to `outputs` channels.

    Neighbouring taps of a kernel row are one contiguous run of bytes in channels-last layout; if
    the kernel covers whole image rows, all of its rows are one run.

    Parameters
    ----------
    rows, columns
        Of the output: all of them if not given, and kernels not clipped to the image.
    abreast
        Output columns that are computed at once, as if they were channels of one pixel: the run
        covers the kernel rows of all. A divisor of `columns.count`.
    slices
        Columns of the array that a weight takes.
    """
    height, width, channels = shape
    kernel_h, kernel_w = window.kernel
    top, left, _, _ = window.pads
    out_rows, out_cols = window.output_size(height, width)
    columns = columns or OutputColumns(count=out_cols)
    stride = columns.step * window.stride[1]
    taps_x, run = kernel_w, channels
    row_length = pitch = width * channels
    # whether image rows that are read may lie in padding
    moves_y = rows is None
    rows = rows or Span(first=0, count=out_rows, first_tap=0, taps=kernel_h)
    taps_y = rows.taps
    if window.dilation[1] == 1 or kernel_w == 1:
        taps_x, run = 1, (kernel_w + (abreast - 1) * stride) * channels
        is_all = kernel_w == width and not any(window.pads)
        if is_all and (window.dilation[0] == 1 or kernel_h == 1):
            taps_y, run = 1, kernel_h * run
            row_length, height, moves_y = run, 1, False
    cols = config.cols // slices
    tiles = -(-abreast * outputs // cols)
    chunks = -(-run // config.rows)
    starts, steps = image_rows(
        rows.first * window.stride[0] - top + rows.first_tap * window.dilation[0],
        {"out_rows": window.stride[0], "taps_y": window.dilation[0]},
        pitch=pitch,
        moves_y=moves_y,
    )
    x_steps = {
        "out_cols": abreast * stride * channels,
        "taps_x": window.dilation[1] * channels,
        "chunks": config.rows,
    }
    return LoopNest(
        trips=loops(
            out_rows=rows.count,
            out_cols=columns.count // abreast,
            tiles=tiles,
            taps_y=taps_y,
            taps_x=taps_x,
            chunks=chunks,
        ),
        starts={X: (columns.first * window.stride[1] - left) * channels, **starts},
        steps={X: x_steps, **steps},
        row_length=row_length,
        height=height,
        last_bytes=run - (chunks - 1) * config.rows,
        tile_size=min(cols, abreast * outputs),
        tile_size_last=abreast * outputs - (tiles - 1) * cols,
    )


def columns_abreast(
    window: Window,
    shape: tuple[int, int, int],
    outputs: int,
    config: EngineConfig,
    columns: OutputColumns,
    *,
    slices: int = 1,
) -> int:
    """How many output columns to compute at once: what takes least cycles, the fewer the better.

    Where there are fewer channels than columns of the array, the idle ones can take the pixels
    beside: the kernel rows of neighbours overlap, so that a fetch serves several of them.
    """
    if window.dilation[1] > 1 and window.kernel[1] > 1:
        return 1

    def cycles(abreast: int) -> int:
        nest = dense_nest(
            window, shape, outputs, config, columns=columns, abreast=abreast, slices=slices
        )
        return nest.cycles(config)

    most = max(1, config.cols // slices // outputs)
    candidates = [n for n in range(1, most + 1) if columns.count % n == 0]
    return min(candidates, key=lambda n: (cycles(n), n))


def weight_abreast(weight: np.ndarray, abreast: int, stride: int) -> np.ndarray:
    """Weights of `abreast` output columns as channels of one: each column's kernel in its place.

    Parameters
    ----------
    weight
        (out, kernel rows, kernel columns, in).
    stride
        Input columns from one output column to the next.

    Returns
    -------
    (abreast * out, kernel rows, kernel columns + (abreast - 1) * stride, in), zero elsewhere.
    """
    outputs, rows, cols, inputs = weight.shape
    result = np.zeros((abreast, outputs, rows, cols + (abreast - 1) * stride, inputs), weight.dtype)
    for number in range(abreast):
        result[number, :, :, number * stride : number * stride + cols] = weight
    return result.reshape(abreast * outputs, *result.shape[2:])

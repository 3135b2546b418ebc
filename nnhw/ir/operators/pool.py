"""Max and average pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..graph import Graph
from ..integer import (
    BY_CHANNEL,
    Apply,
    Constant,
    Draft,
    Factors,
    FixedPoint,
    IntegerOperator,
    Interval,
    Operand,
    QdqForm,
    Range,
    Requantize,
    Sums,
    drafts,
    from_zero,
    register_operator,
    window_attributes,
    window_name,
    with_gain,
)
from ..nodes import AveragePool, MaxPool, Node
from ..patches import pad, reduce_windows
from ..tensor import Quantization
from ..window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class QMaxPool(Node):
    """Largest q within the window, clamped to `lo` and `hi`; padding never wins.

    The output has the input's quantization.
    """

    window: Window
    lo: int
    hi: int


@dataclass(frozen=True, kw_only=True, eq=False)
class QAveragePool(Node):
    """acc = sum over the window of (x - zero point of x); padding adds nothing.

    p = acc * multiplier[position].

    Parameters
    ----------
    divisor, gain
        Parts of the multiplier; kept for writing the ONNX model.
    requantize
        Multiplier and shift are (output rows, output columns).
    """

    window: Window
    divisor: np.ndarray
    requantize: Requantize
    gain: float = 1.0


def _largest_bounds(node: QMaxPool, graph: Graph, sources: Sequence[Range]) -> Range:
    lo, hi = (min(max(end, node.lo), node.hi) for end in sources[0])
    return lo, hi


def _largest_interval(node: QMaxPool, graph: Graph, sources: Sequence[Interval]) -> Interval:
    return sources[0].map(lambda end: np.clip(end, node.lo, node.hi))


def _average_interval(node: QAveragePool, graph: Graph, sources: Sequence[Interval]) -> Interval:
    (x,) = from_zero(node, graph, sources)
    if any(node.window.pads):
        x = x.reaching(0)
    taps = node.window.kernel[0] * node.window.kernel[1]
    constants, zero = node.requantize, graph.tensors[node.output].q.zero_point
    p = x * taps * constants.multiplier[..., None]
    y = p.requantize(constants, zero, constants.shift[..., None])
    return Interval(y.lo.min(axis=(0, 1)), y.hi.max(axis=(0, 1)))


def _average_sums(node: QAveragePool) -> Sums:
    rows, cols = node.window.kernel
    return Sums(
        weight=np.ones((1, rows * cols), np.int64),
        bias=np.zeros(1, np.int64),
        is_padded=any(node.window.pads),
    )


def _largest_qdq(node: QMaxPool, graph: Graph) -> QdqForm:
    """MaxPool, behind a Pad with minus infinity where it cannot pad itself.

    ONNX Runtime has no pooling whose padding is as large as its kernel.
    """
    source: Operand | Apply = Operand()
    window = node.window
    if not _has_small_pads(window):
        top, left, bottom, right = window.pads
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        lowest = Constant("lowest", np.array(-np.inf, np.float32))
        operands = (source, Constant("pads", pads), lowest)
        source = Apply("Pad", operands, "padded")
        window = replace(window, pads=(0, 0, 0, 0))
    return QdqForm(
        value=Apply("MaxPool", (source,), attributes=window_attributes(window)),
        bounds=(node.lo, node.hi),
    )


def _has_small_pads(window: Window) -> bool:
    return bool((np.array(window.pads) < window.kernel * 2).all())


def _average_qdq(node: QAveragePool, graph: Graph) -> QdqForm:
    """AveragePool where it can count like `divisor`, else a sum by convolution and a product.

    ONNX Runtime has no AveragePool whose padding is as large as its kernel. What its optimizations
    make of an AveragePool knows no dilations, so that these are left out where they are none.
    """
    window, attributes = node.window, window_attributes(node.window)
    if window.dilation == (1, 1):
        del attributes["dilations"]
    height, width, channels = graph.tensors[node.inputs[0]].shape
    counts = {0: _real_elements(window, height, width), 1: np.prod(window.kernel)}
    for count_include_pad, count in counts.items():
        if _has_small_pads(window) and (node.divisor == count).all():
            attributes["count_include_pad"] = count_include_pad
            value = Apply("AveragePool", (Operand(),), attributes=attributes)
            break
    else:
        ones = Constant("ones", np.ones((channels, 1, *window.kernel), np.float32))
        attributes["group"] = channels
        total = Apply("Conv", (Operand(), ones), "sum", attributes)
        share = Constant("share", (1 / node.divisor).astype(np.float32))
        value = Apply("Mul", (total, share))
    return QdqForm(value=with_gain(value, node.gain), bounds=node.requantize.bounds)


def _real_elements(window: Window, height: int, width: int) -> np.ndarray:
    """Elements in each window that are not padding: int64 (output rows, output columns)."""
    inside = pad(np.ones((1, height, width, 1), np.int64), window, 0)
    return reduce_windows(inside, window, np.add)[0, :, :, 0]


@drafts(MaxPool)
def _largest_draft(
    node: MaxPool, sources: Sequence[Quantization], target: Quantization
) -> QMaxPool:
    lo, hi = node.clamp.bounds(target)
    return QMaxPool(
        name=node.name,
        inputs=node.inputs,
        output=node.output,
        window=node.window,
        lo=lo,
        hi=hi,
    )


@drafts(AveragePool)
def _average_draft(
    node: AveragePool, sources: Sequence[Quantization], target: Quantization
) -> Draft:
    def finish(constants: FixedPoint) -> QAveragePool:
        return QAveragePool(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            window=node.window,
            divisor=node.divisor,
            requantize=constants.of_one_term().requantize(node.clamp, target),
            gain=node.gain,
        )

    ratio = (node.gain * sources[0].scale / target.scale / node.divisor)[..., None]
    return Draft(factors=Factors(ratio=ratio), finish=finish)


register_operator(
    IntegerOperator(
        node=QMaxPool,
        bounds=_largest_bounds,
        interval=_largest_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: window_name(
            "max pool", node.window, graph.tensors[node.output].shape
        ),
        qdq=_largest_qdq,
    )
)
register_operator(
    IntegerOperator(
        node=QAveragePool,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_average_interval,
        sums=_average_sums,
        channels=BY_CHANNEL,
        describe=lambda node, graph: window_name(
            "average pool", node.window, graph.tensors[node.output].shape
        ),
        qdq=_average_qdq,
    )
)

"""The larger or the smaller one of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..graph import Graph
from ..integer import (
    BY_CHANNEL,
    Apply,
    Draft,
    Factors,
    FixedPoint,
    IntegerOperator,
    Interval,
    Operand,
    QdqForm,
    Requantize,
    drafts,
    from_zero,
    register_operator,
    with_gain,
)
from ..nodes import Extremum, Node
from ..tensor import Quantization


@dataclass(frozen=True, kw_only=True, eq=False)
class QExtremum(Node):
    """The larger or the smaller one of two tensors a and b of the same shape, element by element.

    p = max((a - zero point of a) * multiplier[0], (b - zero point of b) * multiplier[1]), or min of
    the same.

    Parameters
    ----------
    which
        "max" or "min".
    requantize
        Multiplier and shift are (2,); both shifts are equal.
    gain
        Part of the multipliers; kept for writing the ONNX model.
    """

    which: Literal["max", "min"]
    requantize: Requantize
    gain: float = 1.0


def _interval(node: QExtremum, graph: Graph, sources: Sequence[Interval]) -> Interval:
    constants = node.requantize
    a, b = (
        x * factor
        for x, factor in zip(from_zero(node, graph, sources), constants.multiplier, strict=True)
    )
    pick = np.maximum if node.which == "max" else np.minimum
    p = Interval(pick(a.lo, b.lo), pick(a.hi, b.hi))
    return p.requantize(constants, graph.tensors[node.output].q.zero_point, constants.shift[:1])


@drafts(Extremum)
def _draft(node: Extremum, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QExtremum:
        return QExtremum(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            which=node.which,
            requantize=constants.requantize(node.clamp, target),
            gain=node.gain,
        )

    ratio = np.array([node.gain * source.scale / target.scale for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


register_operator(
    IntegerOperator(
        node=QExtremum,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: node.which,
        qdq=lambda node, graph: QdqForm(
            value=with_gain(Apply(node.which.capitalize(), (Operand(0), Operand(1))), node.gain),
            bounds=node.requantize.bounds,
        ),
    )
)

"""Multiplication of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from ..nodes import Multiply, Node
from ..tensor import Quantization


@dataclass(frozen=True, kw_only=True, eq=False)
class QMultiply(Node):
    """Product of two tensors a and b of the same shape.

    p = (a - zero point of a) * (b - zero point of b) * multiplier.

    Parameters
    ----------
    requantize
        Multiplier and shift are (1,).
    gain
        Part of the multiplier; kept for writing the ONNX model.
    """

    requantize: Requantize
    gain: float = 1.0


def _interval(node: QMultiply, graph: Graph, sources: Sequence[Interval]) -> Interval:
    a, b = from_zero(node, graph, sources)
    products = np.stack([a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi])
    acc = Interval(products.min(axis=0), products.max(axis=0))
    constants = node.requantize
    return (acc * constants.multiplier).requantize(
        constants, graph.tensors[node.output].q.zero_point
    )


@drafts(Multiply)
def _draft(node: Multiply, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QMultiply:
        return QMultiply(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=constants.requantize(node.clamp, target),
            gain=node.gain,
        )

    ratio = np.array([node.gain * sources[0].scale * sources[1].scale / target.scale])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


register_operator(
    IntegerOperator(
        node=QMultiply,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "multiply",
        qdq=lambda node, graph: QdqForm(
            value=with_gain(Apply("Mul", (Operand(0), Operand(1))), node.gain),
            bounds=node.requantize.bounds,
        ),
    )
)

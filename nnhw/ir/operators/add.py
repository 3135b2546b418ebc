"""Addition of two tensors."""

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
from ..nodes import Add, Node
from ..tensor import Quantization


@dataclass(frozen=True, kw_only=True, eq=False)
class QAdd(Node):
    """Sum of two tensors a and b of the same shape.

    p = (a - zero point of a) * multiplier[0] + (b - zero point of b) * multiplier[1].

    Parameters
    ----------
    requantize
        Multiplier and shift are (2,); both shifts are equal.
    gain
        Part of the multipliers; kept for writing the ONNX model.
    """

    requantize: Requantize
    gain: float = 1.0


def _interval(node: QAdd, graph: Graph, sources: Sequence[Interval]) -> Interval:
    a, b = from_zero(node, graph, sources)
    constants = node.requantize
    p = a * constants.multiplier[0] + b * constants.multiplier[1]
    return p.requantize(constants, graph.tensors[node.output].q.zero_point, constants.shift[:1])


@drafts(Add)
def _draft(node: Add, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QAdd:
        return QAdd(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=constants.requantize(node.clamp, target),
            gain=node.gain,
        )

    ratio = np.array([node.gain * source.scale / target.scale for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


register_operator(
    IntegerOperator(
        node=QAdd,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "add",
        qdq=lambda node, graph: QdqForm(
            value=with_gain(Apply("Add", (Operand(0), Operand(1))), node.gain),
            bounds=node.requantize.bounds,
        ),
    )
)

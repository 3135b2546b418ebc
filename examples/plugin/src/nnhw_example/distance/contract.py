"""What the operator computes, in real numbers and in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnhw.ir import (
    BY_CHANNEL,
    Apply,
    Clamp,
    Draft,
    Factors,
    FixedPoint,
    Graph,
    IntegerOperator,
    Interval,
    Node,
    Operand,
    QdqForm,
    Quantization,
    Requantize,
    drafts,
    from_zero,
    register_operator,
)
from nnhw.quantize import evaluates


@dataclass(frozen=True, kw_only=True, eq=False)
class Distance(Node):
    """How far two tensors of the same shape are apart, element by element: |a - b|."""


@evaluates(Distance)
def evaluate(
    node: Distance, inputs: Sequence[np.ndarray], shape: tuple[int, int, int]
) -> np.ndarray:
    """The float network's result."""
    result: np.ndarray = np.abs(inputs[0] - inputs[1])
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class QDistance(Node):
    """The same of integers a and b.

    p = |(a - zero point of a) * multiplier[0] - (b - zero point of b) * multiplier[1]|.

    Parameters
    ----------
    requantize
        Multiplier and shift are (2,); both shifts are equal.
    """

    requantize: Requantize


@drafts(Distance)
def draft(node: Distance, sources: Sequence[Quantization], target: Quantization) -> Draft:
    """The integer form, but for its constants: one factor for each operand."""

    def finish(constants: FixedPoint) -> QDistance:
        return QDistance(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=constants.requantize(Clamp(), target),
        )

    ratio = np.array([source.scale / target.scale for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


def _interval(node: QDistance, graph: Graph, sources: Sequence[Interval]) -> Interval:
    constants = node.requantize
    a, b = (
        x * factor
        for x, factor in zip(from_zero(node, graph, sources), constants.multiplier, strict=True)
    )
    below, above = a.lo - b.hi, a.hi - b.lo
    p = Interval(np.maximum(0, np.maximum(below, -above)), np.maximum(-below, above))
    return p.requantize(constants, graph.tensors[node.output].q.zero_point, constants.shift[:1])


register_operator(
    IntegerOperator(
        node=QDistance,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "distance",
        qdq=lambda node, graph: QdqForm(
            value=Apply("Abs", (Apply("Sub", (Operand(0), Operand(1)), "difference"),)),
            bounds=node.requantize.bounds,
        ),
    )
)

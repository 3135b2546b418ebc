"""Concatenation along the channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    Range,
    Requantize,
    drafts,
    from_zero,
    links_side_by_side,
    register_operator,
)
from ..nodes import Clamp, Concat, Node
from ..tensor import Quantization


@dataclass(frozen=True, kw_only=True, eq=False)
class QConcat(Node):
    """Tensors side by side along the channels; of each one p = (x - zero point of x) * multiplier.

    Parameters
    ----------
    parts
        Requantization of each input to the output's quantization; multiplier and shift are (1,).
    """

    parts: tuple[Requantize, ...]


def _bounds(node: QConcat, graph: Graph, sources: Sequence[Range]) -> Range:
    return min(part.lo for part in node.parts), max(part.hi for part in node.parts)


def _interval(node: QConcat, graph: Graph, sources: Sequence[Interval]) -> Interval:
    zero = graph.tensors[node.output].q.zero_point
    parts = [
        (x * part.multiplier).requantize(part, zero)
        for x, part in zip(from_zero(node, graph, sources), node.parts, strict=True)
    ]
    return Interval(
        np.concatenate([part.lo for part in parts]), np.concatenate([part.hi for part in parts])
    )


def _qdq(node: QConcat, graph: Graph) -> QdqForm:
    operands = tuple(Operand(index) for index in range(len(node.inputs)))
    return QdqForm(
        value=Apply("Concat", operands, attributes={"axis": 1}), bounds=node.parts[0].bounds
    )


@drafts(Concat)
def _draft(node: Concat, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QConcat:
        parts = zip(constants.multiplier, constants.shift, strict=True)
        return QConcat(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            parts=tuple(
                FixedPoint(multiplier=multiplier, shift=shift).requantize(Clamp(), target)
                for multiplier, shift in parts
            ),
        )

    ratio = np.array([[source.scale / target.scale] for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


register_operator(
    IntegerOperator(
        node=QConcat,
        bounds=_bounds,
        interval=_interval,
        sums=None,
        channels=replace(BY_CHANNEL, links=links_side_by_side),
        describe=lambda node, graph: "concatenate",
        qdq=_qdq,
    )
)

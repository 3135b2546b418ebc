"""An example of every integer operator, and an operator of a plug-in: `QDistance`.

This file has all of the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from integer_graphs import IntegerBuilder

from nnhw import golden
from nnhw.ir import (
    BY_CHANNEL,
    Apply,
    Clamp,
    DepthToSpace,
    Draft,
    Factors,
    FixedPoint,
    Graph,
    IntegerOperator,
    Interval,
    Node,
    Operand,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QdqForm,
    QExtremum,
    QFunction,
    QMaxPool,
    QMultiply,
    Quantization,
    Requantize,
    Reshape,
    Resize,
    Slice,
    Tensor,
    Transpose,
    drafts,
    from_zero,
    register_operator,
    requantize,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class QDistance(Node):
    """How far two tensors a and b of the same shape are apart.

    p = |(a - zero point of a) * multiplier[0] - (b - zero point of b) * multiplier[1]|.

    Parameters
    ----------
    requantize
        Multiplier and shift are (2,); both shifts are equal.
    """

    requantize: Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class Distance(Node):
    """The same of real numbers."""

    clamp: Clamp


def interval(node: QDistance, graph: Graph, sources: Sequence[Interval]) -> Interval:
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
        interval=interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "distance",
        qdq=lambda node, graph: QdqForm(
            value=Apply("Abs", (Apply("Sub", (Operand(0), Operand(1)), "difference"),)),
            bounds=node.requantize.bounds,
        ),
    )
)


@drafts(Distance)
def draft_distance(node: Distance, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QDistance:
        return QDistance(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=constants.requantize(node.clamp, target),
        )

    ratio = np.array([source.scale / target.scale for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


@golden.executes(QDistance)
def distance(
    node: QDistance,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    a, b = (
        (x.astype(np.int64) - source.zero_point) * factor
        for x, source, factor in zip(inputs, sources, node.requantize.multiplier, strict=True)
    )
    return requantize(np.abs(a - b), node.requantize, output.q.zero_point, node.requantize.shift[0])


class DistanceBuilder(IntegerBuilder):
    """Builds the new operator, too."""

    def distance(self, a: str, b: str) -> str:
        names = self._names(a, b, shape=self.shape(a))
        constants = self._requantize(names["output"], self._half_range(a) + self._half_range(b), 2)
        constants.shift[:] = constants.shift.max()
        return self._append(QDistance(**names, requantize=constants))

    def square_root(self, x: str) -> str:
        name = self.function(x)
        self.nodes[-1] = replace(self.nodes[-1], function="sqrt")
        return name


EXAMPLES: dict[type[Node], Callable[[DistanceBuilder, str, str], str]] = {
    QAdd: lambda b, x, y: b.add(x, y),
    QAveragePool: lambda b, x, y: b.average_pool(x, kernel=(2, 3), pads=(0, 1, 0, 0)),
    QConcat: lambda b, x, y: b.concat(x, y),
    QConv: lambda b, x, y: b.conv(x, 6, kernel=(3, 2), pads=(1, 0, 1, 1)),
    QDistance: lambda b, x, y: b.distance(x, y),
    QExtremum: lambda b, x, y: b.extremum(x, y, b.rng.choice(["max", "min"]).item()),
    QFunction: lambda b, x, y: b.square_root(x),
    QMaxPool: lambda b, x, y: b.max_pool(x, kernel=(2, 2), stride=(2, 1)),
    QMultiply: lambda b, x, y: b.multiply(x, y),
    DepthToSpace: lambda b, x, y: b.depth_to_space(x, 2),
    Reshape: lambda b, x, y: b.reshape(x, (2, 8, 12)),
    Resize: lambda b, x, y: b.resize(x, (2, 1)),
    Slice: lambda b, x, y: b.slice(x, (1, 0, 3), (2, 4, 7)),
    Transpose: lambda b, x, y: b.transpose(x, (1, 0, 2)),
}
"""What builds each operator on one or two tensors (4, 4, 12)."""


def example(kind: type[Node], seed: int) -> tuple[DistanceBuilder, Graph, str]:
    """An operator between convolutions, most of whose channels are constant; its output."""
    b = DistanceBuilder((4, 4, 3), seed)
    operands = []
    for _ in range(2):
        operands.append(b.conv("x", 12))
        dead = b.rng.permutation(12)[:9]
        b.nodes[-1].bias[dead] = -(1 << 28)
    output = EXAMPLES[kind](b, *operands)
    return b, b.graph(b.conv(output, 3)), output

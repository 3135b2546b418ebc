"""Functions of one number, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..functions import FUNCTIONS
from ..graph import Graph
from ..integer import (
    BY_CHANNEL,
    Apply,
    Constant,
    IntegerOperator,
    Interval,
    Operand,
    QdqForm,
    Range,
    register_operator,
)
from ..nodes import Node


@dataclass(frozen=True, kw_only=True, eq=False)
class QFunction(Node):
    """y = table[x - lowest x]: any function of one number.

    Parameters
    ----------
    table
        int8 (2 ** bits of the input,): the result for each q of the input's type, lowest first.
    function, parameters
        What the table approximates, as in `Function`; kept for writing the ONNX model and for
        telling the table's error.
    """

    table: np.ndarray
    function: str
    parameters: tuple[float, ...] = ()


def _reached(node: QFunction, graph: Graph, lo: int, hi: int) -> Range:
    """Least and largest entry for q from `lo` to `hi`."""
    lowest = graph.tensors[node.inputs[0]].q.lo
    entries = node.table[lo - lowest : hi - lowest + 1]
    return int(entries.min()), int(entries.max())


def _interval(node: QFunction, graph: Graph, sources: Sequence[Interval]) -> Interval:
    (x,) = sources
    ends = [_reached(node, graph, lo, hi) for lo, hi in zip(x.lo, x.hi, strict=True)]
    return Interval(*np.array(ends, np.int64).T)


def _value(node: QFunction) -> Apply:
    """The function's own ONNX operator, except for Swish, which is younger than the model's opset:
    x * Sigmoid(alpha * x)."""
    definition, source = FUNCTIONS[node.function], Operand()
    match definition.operator:
        case "Gelu":
            approximate = "tanh" if node.function == "gelu_tanh" else "none"
            return Apply("Gelu", (source,), attributes={"approximate": approximate})
        case "Pow":
            exponent = Constant("exponent", np.array(node.parameters[0], np.float32))
            return Apply("Pow", (source, exponent))
        case "Swish":
            alpha = Constant("alpha", np.array(node.parameters[0], np.float32))
            gate = Apply("Sigmoid", (Apply("Mul", (source, alpha), "scaled"),), "gate")
            return Apply("Mul", (source, gate))
    attributes = dict(zip(definition.parameters, node.parameters, strict=True))
    return Apply(definition.operator, (source,), attributes=attributes)


def _qdq(node: QFunction, graph: Graph) -> QdqForm:
    q = graph.tensors[node.output].q
    return QdqForm(value=_value(node), bounds=(q.lo, q.hi))


register_operator(
    IntegerOperator(
        node=QFunction,
        bounds=lambda node, graph, sources: _reached(node, graph, *sources[0]),
        interval=_interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "table",
        qdq=_qdq,
    )
)

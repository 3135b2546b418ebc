"""One result for many elements."""

from __future__ import annotations

from ..network import Operator
from ..writer import Writer
from .operands import numbers
from .registry import translates


@translates("MEAN", "SUM")
def _reduce(op: Operator, w: Writer) -> str:
    return _reduced(op, w, "ReduceMean" if op.kind == "MEAN" else "ReduceSum")


@translates("REDUCE_MAX", "REDUCE_MIN", keeps_values=True)
def _reduce_extremum(op: Operator, w: Writer) -> str:
    return _reduced(op, w, "ReduceMax" if op.kind == "REDUCE_MAX" else "ReduceMin")


def _reduced(op: Operator, w: Writer, op_type: str) -> str:
    source, axes = (w.real(index) for index in op.inputs[:2])
    axes = w.node("Reshape", [axes, w.constant([-1])])
    return w.main(op_type, [source, axes], keepdims=int(op.option("KeepDims")))


@translates("ARG_MAX")
def _arg_max(op: Operator, w: Writer) -> str:
    (axis,) = numbers(op, w, 1)
    return w.main("ArgMax", [w.real(op.inputs[0])], axis=axis, keepdims=0)

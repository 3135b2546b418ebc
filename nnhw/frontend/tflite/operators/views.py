"""The same elements in other shapes."""

from __future__ import annotations

from ..network import Operator
from ..writer import Writer
from .fused import activated
from .operands import numbers, optional_input
from .registry import translates


@translates("RESHAPE", keeps_values=True)
def _reshape(op: Operator, w: Writer) -> str:
    if optional_input(op, 1) >= 0:
        shape = w.real(op.inputs[1])
    else:
        shape = w.constant(op.options.get("NewShape", w.tensor(op.outputs[0]).shape))
    return w.main("Reshape", [w.real(op.inputs[0]), shape])


@translates("SQUEEZE", keeps_values=True)
def _squeeze(op: Operator, w: Writer) -> str:
    axes = op.options.get("SqueezeDims", ())
    return w.main("Squeeze", [w.real(op.inputs[0]), *([w.constant(axes)] if axes else [])])


@translates("EXPAND_DIMS", keeps_values=True)
def _expand_dims(op: Operator, w: Writer) -> str:
    return w.main("Unsqueeze", [w.real(op.inputs[0]), w.constant(numbers(op, w, 1))])


@translates("TRANSPOSE", keeps_values=True)
def _transpose(op: Operator, w: Writer) -> str:
    return w.main("Transpose", [w.real(op.inputs[0])], perm=numbers(op, w, 1))


@translates("CONCATENATION", keeps_values=True)
def _concatenation(op: Operator, w: Writer) -> str:
    value = w.main("Concat", [w.real(i) for i in op.inputs], axis=op.option("Axis"))
    return activated(op, w, value)


@translates("PACK", keeps_values=True)
def _pack(op: Operator, w: Writer) -> str:
    axis = op.option("Axis")
    parts = [w.node("Unsqueeze", [w.real(i), w.constant([axis])]) for i in op.inputs]
    return w.main("Concat", parts, axis=axis)


@translates("TILE", keeps_values=True)
def _tile(op: Operator, w: Writer) -> str:
    return w.main("Tile", [w.real(i) for i in op.inputs[:2]])


@translates("BROADCAST_TO", keeps_values=True)
def _broadcast_to(op: Operator, w: Writer) -> str:
    return w.main("Expand", [w.real(i) for i in op.inputs[:2]])


@translates("SHAPE")
def _shape(op: Operator, w: Writer) -> str:
    return w.main("Shape", [w.real(op.inputs[0])])

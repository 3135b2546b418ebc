"""Operators of several tensors, element by element."""

from __future__ import annotations

from ..network import Operator
from ..writer import Writer
from .fused import activated
from .registry import translates

_ARITHMETIC = {"ADD": "Add", "DIV": "Div", "MUL": "Mul", "SUB": "Sub"}


@translates(*_ARITHMETIC)
def _arithmetic(op: Operator, w: Writer) -> str:
    operands = [w.real(index) for index in op.inputs[:2]]
    return activated(op, w, w.main(_ARITHMETIC[op.kind], operands))


@translates("POW")
def _power(op: Operator, w: Writer) -> str:
    return w.main("Pow", [w.real(index) for index in op.inputs[:2]])


@translates("SQUARED_DIFFERENCE")
def _squared_difference(op: Operator, w: Writer) -> str:
    difference = w.node("Sub", [w.real(index) for index in op.inputs[:2]])
    return w.main("Mul", [difference, difference])


@translates("ADD_N")
def _add_n(op: Operator, w: Writer) -> str:
    return w.main("Sum", [w.real(index) for index in op.inputs])


@translates("MAXIMUM", "MINIMUM", keeps_values=True)
def _extremum(op: Operator, w: Writer) -> str:
    return w.main("Max" if op.kind == "MAXIMUM" else "Min", [w.real(i) for i in op.inputs[:2]])

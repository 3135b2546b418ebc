"""Operators on constants, and those that change nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace

from .netlist import SHIFTS, Module, Operator
from .processes import Assign, Body, Switch
from .signals import (
    Const,
    Sig,
    bits_of,
    bits_text,
    extended,
    is_constant,
    part_of,
    sig_of,
    width_of,
)

Folded = Operator | Sig | None
"""A simpler operator, the bits that the result is made of, or None if there is nothing simpler."""

_MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_TRUE, _FALSE = (Const("1"),), (Const("0"),)


def fold_constants(module: Module) -> bool:
    """Simplify operators and conditions, by copies if possible; returns whether any changed."""
    processes = {wire: _fold_body(body) for wire, body in module.processes.items()}
    changed = processes != module.processes
    module.processes = processes
    for wire, op in list(module.operators.items()):
        folded = _RULES[op.kind](op) if op.kind in _RULES else None
        if isinstance(folded, Operator):
            module.operators[wire] = folded
            changed = True
        elif folded is not None:
            del module.operators[wire]
            module.copies[wire] = folded
            changed = True
    return changed


def _fold_body(body: Body) -> Body:
    """Statements without tests of constant bits."""
    statements: list[Assign | Switch] = []
    for statement in body:
        if isinstance(statement, Assign):
            statements.append(statement)
            continue
        switch = _without_constants(statement)
        if switch.cases and not switch.cases[0][0]:  # the first case fits always
            statements += switch.cases[0][1]
        elif switch.cases:
            statements.append(switch)
    return tuple(statements)


def _without_constants(switch: Switch) -> Switch:
    """A switch on those bits only that are no constants."""
    bits = list(bits_of(switch.select))[::-1]
    varying = [index for index, bit in enumerate(bits) if not isinstance(bit, str)]
    cases: list[tuple[tuple[str, ...], Body]] = []
    for patterns, body in switch.cases:
        fitting = tuple(
            "".join(pattern[index] for index in varying)
            for pattern in patterns
            if all(
                value in ("-", bit) or bit not in ("0", "1")
                for bit, value in zip(bits, pattern, strict=True)
            )
        )
        if patterns and not fitting:
            continue
        always = any(set(pattern) <= {"-"} for pattern in fitting)
        cases.append((() if always else fitting, _fold_body(body)))
        if not cases[-1][0]:
            break
    return Switch(sig_of(bits[index] for index in reversed(varying)), tuple(cases))


def _shift(op: Operator) -> Folded:
    """A shift by a constant selects bits."""
    value, amount = op.inputs
    if not is_constant(amount):
        return None
    distance = int(bits_text(amount) or "0", 2)
    if op.kind == "shl":
        return extended((Const("0" * distance), *value), op.width, signed=op.signed)
    wide = extended(value, distance + op.width, signed=op.signed)
    return part_of(wide, distance, op.width)


def _mux(op: Operator) -> Folded:
    select, if_false, if_true = op.inputs
    if is_constant(select):
        return if_true if select == _TRUE else if_false
    if if_true == if_false:
        return if_true
    if op.width > 1:
        return None
    if if_false == _FALSE:
        return Operator("and", (select, if_true), 1)
    if if_true == _TRUE:
        return Operator("or", (select, if_false), 1)
    return Operator("not", (select,), 1) if (if_false, if_true) == (_TRUE, _FALSE) else None


def _and_or(op: Operator) -> Folded:
    a, b = (extended(sig, op.width, signed=op.signed) for sig in op.inputs)
    neutral = "1" if op.kind == "and" else "0"
    for this, other in ((a, b), (b, a)):
        if this == other or set(bits_of(this)) == {neutral}:
            return other
        if is_constant(this) and neutral not in bits_of(this):
            return this
    return None


def _not(op: Operator) -> Folded:
    if not is_constant(op.inputs[0]):
        return None
    bits = bits_of(extended(op.inputs[0], op.width, signed=op.signed))
    return sig_of("1" if bit == "0" else "0" for bit in bits)


def _add_sub(op: Operator) -> Folded:
    a, b = op.inputs
    if set(bits_of(b)) <= {"0"}:
        return extended(a, op.width, signed=op.signed)
    if op.kind == "add" and set(bits_of(a)) <= {"0"}:
        return extended(b, op.width, signed=op.signed)
    return None


def _reduce(op: Operator) -> Folded:
    (a,) = op.inputs
    if width_of(a) == 1:
        return extended(a, op.width, signed=False)
    bits = list(bits_of(a))
    if op.kind == "reduce_and" and "0" in bits:
        return extended(_FALSE, op.width, signed=False)
    if op.kind in ("reduce_or", "reduce_bool") and "1" in bits:
        return extended(_TRUE, op.width, signed=False)
    return None


def _number(sig: Sig, *, signed: bool) -> int:
    """The value of a constant."""
    bits = bits_text(sig)
    return int(bits or "0", 2) - (int(signed and bits[:1] == "1") << len(bits))


def _compare(op: Operator) -> Folded:
    a, b = op.inputs
    if is_constant(a) and not is_constant(b):
        mirrored = replace(op, kind=_MIRRORED[op.kind], inputs=(b, a))
        return _compare(mirrored) or mirrored
    if not is_constant(b):
        return None
    value = _number(b, signed=op.signed)
    if is_constant(a):
        return _TRUE if _HOLDS[op.kind](_number(a, signed=op.signed), value) else _FALSE
    width = width_of(a)
    low = -(1 << (width - 1)) if op.signed else 0
    high = low + (1 << width) - 1
    outcomes = {_HOLDS[op.kind](bound, value) for bound in (low, high)}
    if op.kind in ("eq", "ne") and low <= value <= high:
        if width > 1:
            return None
        return a if (op.kind == "eq") == (value != 0) else Operator("not", (a,), 1)
    if len(outcomes) == 1:  # an inequality is monotonous, and an equality with nothing is false
        return _TRUE if outcomes.pop() else _FALSE
    if op.signed and value == 0 and op.kind in ("lt", "ge"):
        sign = part_of(a, width - 1, 1)
        return sign if op.kind == "lt" else Operator("not", (sign,), 1)
    return None


_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}

_RULES: dict[str, Callable[[Operator], Folded]] = {
    **dict.fromkeys(SHIFTS, _shift),
    **dict.fromkeys(_HOLDS, _compare),
    **dict.fromkeys(["add", "sub"], _add_sub),
    **dict.fromkeys(["and", "or"], _and_or),
    **dict.fromkeys(["reduce_or", "reduce_and", "reduce_xor", "reduce_bool"], _reduce),
    "mux": _mux,
    "not": _not,
}

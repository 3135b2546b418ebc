"""Makes the inputs of operators as wide as Verilog's rules for widths want them."""

from __future__ import annotations

from dataclasses import replace

from .netlist import SHIFTS, Module, Operator
from .signals import Sig, extended, is_constant, width_of

#: Kinds of operators to which signs still matter when the widths fit.
_SIGNED = frozenset({"add", "sub", "neg", "mul", "sshr", "lt", "le", "gt", "ge"})


def fit_widths(module: Module) -> None:
    """Cut off inputs of operators, or extend them, to the width of the operation.

    RTLIL extends inputs by what the operator says. Verilog extends them to the width of all that
    surrounds them, and by their sign only if everything around is signed, too. Only where this
    `is_implicit` it is left to Verilog.
    """
    module.operators = {wire: _fitted(op) for wire, op in module.operators.items()}


def is_implicit(op: Operator) -> bool:
    """Whether Verilog extends inputs by itself: factors, and summands that just lack a carry bit.

    Such an operator must be all that is on the right-hand side of an assignment.
    """
    if op.kind in ("add", "sub", "neg"):
        return any(width_of(sig) < op.width for sig in op.inputs)
    return op.kind in ("mul", "sshr")


def _fitted(op: Operator) -> Operator:
    inputs, signed = op.inputs, op.signed
    widths = [op.width] * len(inputs)
    if op.kind == "mul":
        widths = [min(op.width, max(1, width_of(sig))) for sig in inputs]
    elif op.kind in ("add", "sub", "neg"):
        if all(_is_summand(sig, op) for sig in inputs):
            widths = [
                op.width if is_constant(sig) else min(op.width, width_of(sig)) for sig in inputs
            ]
        signed = signed and min(widths) < op.width
    elif op.kind in ("eq", "ne", "lt", "le", "gt", "ge"):
        widths = [max(1, *map(width_of, inputs))] * 2
    elif op.kind == "mux":
        widths[0] = 1
    elif op.kind in SHIFTS:
        widths[0] = width_of(inputs[0]) if op.kind == "sshr" else op.width
        widths[1] = width_of(inputs[1])
    elif op.kind.startswith("reduce"):
        widths = [width_of(inputs[0])]
    fitted = tuple(
        extended(sig, width, signed=op.signed and (op.kind not in SHIFTS or not index))
        for index, (sig, width) in enumerate(zip(inputs, widths, strict=True))
    )
    return replace(op, inputs=fitted, signed=signed and op.kind in _SIGNED)


def _is_summand(sig: Sig, op: Operator) -> bool:
    """Whether Verilog and its linters take the extension of a summand for granted."""
    width = width_of(sig)
    is_flag = width == 1 and not op.signed and op.kind != "neg"
    return is_constant(sig) or width >= op.width - 1 or is_flag

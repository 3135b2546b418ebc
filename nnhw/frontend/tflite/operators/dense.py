"""Products of matrices."""

from __future__ import annotations

from ..network import Operator
from ..writer import Refusal, Writer
from .fused import activated
from .operands import optional_input
from .registry import translates


@translates("FULLY_CONNECTED")
def _fully_connected(op: Operator, w: Writer) -> str:
    if op.option("WeightsFormat"):
        raise Refusal("its weights are shuffled for a processor; convert the model without that")
    source, weights, bias = op.inputs[0], op.inputs[1], optional_input(op, 2)
    size = w.tensor(weights).shape[-1:]
    if op.option("KeepNumDims") and len(w.tensor(source).shape) > 2:
        value = w.main("MatMul", [w.real(source), w.real(weights, (1, 0))])
        if bias >= 0:
            value = w.node("Add", [value, w.real(bias)])
    else:
        rows = w.real(source)
        if len(w.tensor(source).shape) != 2:
            rows = w.node("Reshape", [rows, w.constant([-1, *size])])
        operands = [rows, w.real(weights), *([w.real(bias)] if bias >= 0 else [])]
        value = w.main("Gemm", operands, transB=1)
    return activated(op, w, value)


@translates("BATCH_MATMUL")
def _batch_matmul(op: Operator, w: Writer) -> str:
    operands = []
    for index, adjoint in zip(op.inputs, (op.option("AdjX"), op.option("AdjY")), strict=False):
        rank = len(w.tensor(index).shape)
        perm = (*range(rank - 2), rank - 1, rank - 2) if adjoint else None
        operands.append(w.real(index, perm))
    return w.main("MatMul", operands)

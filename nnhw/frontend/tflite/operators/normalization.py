"""Functions of all channels of a position."""

from __future__ import annotations

import numpy as np

from ..network import Operator
from ..writer import Writer
from .fused import activated
from .registry import translates


@translates("SOFTMAX", "LOG_SOFTMAX")
def _softmax(op: Operator, w: Writer) -> str:
    value = w.real(op.inputs[0])
    beta = op.option("Beta") if op.kind == "SOFTMAX" else 1.0
    if beta != 1.0:
        value = w.node("Mul", [value, w.constant(beta, np.float32)])
    return w.main("Softmax" if op.kind == "SOFTMAX" else "LogSoftmax", [value], axis=-1)


@translates("L2_NORMALIZATION")
def _l2_normalization(op: Operator, w: Writer) -> str:
    value = w.main("LpNormalization", [w.real(op.inputs[0])], axis=-1, p=2)
    return activated(op, w, value)

"""Functions of one tensor, element by element."""

from __future__ import annotations

import numpy as np

from ..network import Operator
from ..writer import Refusal, Writer
from .fused import CLIPS, clip
from .registry import translates

_FUNCTIONS = {
    "ABS": "Abs",
    "CEIL": "Ceil",
    "COS": "Cos",
    "ELU": "Elu",
    "EXP": "Exp",
    "FLOOR": "Floor",
    "HARD_SWISH": "HardSwish",
    "LOG": "Log",
    "LOGISTIC": "Sigmoid",
    "RELU": "Relu",
    "ROUND": "Round",
    "SIGN": "Sign",
    "SIN": "Sin",
    "SQRT": "Sqrt",
    "TANH": "Tanh",
}


@translates(*_FUNCTIONS)
def _function(op: Operator, w: Writer) -> str:
    return w.main(_FUNCTIONS[op.kind], [w.real(op.inputs[0])])


@translates("NEG")
def _negative(op: Operator, w: Writer) -> str:
    if w.tensor(op.inputs[0]).quantization:
        raise Refusal("it negates integers, whatever they stand for; use SUB or MUL")
    return w.main("Neg", [w.real(op.inputs[0])])


@translates(*CLIPS)
def _clips(op: Operator, w: Writer) -> str:
    return clip(w, w.real(op.inputs[0]), *CLIPS[op.kind], main=True)


@translates("LEAKY_RELU")
def _leaky_relu(op: Operator, w: Writer) -> str:
    return w.main("LeakyRelu", [w.real(op.inputs[0])], alpha=op.option("Alpha"))


@translates("PRELU")
def _prelu(op: Operator, w: Writer) -> str:
    value, slopes = (w.real(index) for index in op.inputs[:2])
    is_single = set(w.tensor(op.inputs[1]).shape) <= {1}
    if is_single or w.tensor(op.outputs[0]).quantization is None:
        return w.main("PRelu", [value, slopes])
    # One of the two is 0. Each is rounded like the result, so that their sum is rounded once.
    positive = w.rounded(w.node("Relu", [value]), op.outputs[0])
    negative = w.node("Clip", [value, "", w.constant(0, np.float32)])
    negative = w.rounded(w.node("Mul", [negative, slopes]), op.outputs[0])
    return w.main("Add", [positive, negative])


@translates("GELU")
def _gelu(op: Operator, w: Writer) -> str:
    form = "tanh" if op.option("Approximate") else "none"
    return w.main("Gelu", [w.real(op.inputs[0])], approximate=form)


@translates("RSQRT")
def _rsqrt(op: Operator, w: Writer) -> str:
    return w.main("Reciprocal", [w.node("Sqrt", [w.real(op.inputs[0])])])


@translates("SQUARE")
def _square(op: Operator, w: Writer) -> str:
    value = w.real(op.inputs[0])
    return w.main("Mul", [value, value])


@translates("QUANTIZE", "DEQUANTIZE", keeps_values=True)
def _requantize(op: Operator, w: Writer) -> str:
    return w.real(op.inputs[0])


@translates("CAST")
def _cast(op: Operator, w: Writer) -> str:
    if w.tensor(op.inputs[0]).quantization or w.tensor(op.outputs[0]).quantization:
        raise Refusal("it converts the integers of a quantized tensor; use QUANTIZE, DEQUANTIZE")
    return w.main("Cast", [w.real(op.inputs[0])], to=w.elem_type(op.outputs[0]))

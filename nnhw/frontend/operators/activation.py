"""Activation functions that are made of clamps and lines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...ir import Add, Clamp, Clip
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .functions import apply_function
from .registry import operator


@operator("Relu", remark="fused into the operator before it")
def relu(node: OnnxNode, build: Builder) -> Value:
    """Relu-14 and its older definitions."""
    return build.pixelwise(Clip, node, node.value(), clamp=Clamp(lo=0.0))


@operator(
    "Clip",
    attributes=("max", "min"),
    remark="bounds as attributes or as constant inputs, also of the integers between "
    "QuantizeLinear and DequantizeLinear; fused into the operator before it",
)
def clip(node: OnnxNode, build: Builder) -> Value:
    """Clip-13 and its older definitions down to Clip-6, which has its bounds in attributes."""
    lo, hi = _bound(node, 1, "min", -math.inf), _bound(node, 2, "max", math.inf)
    if (q := node.value().quantization) is not None:  # the integers are clamped
        lo, hi = (q.scale * (bound - q.zero_point) for bound in (lo, hi))
    if not lo <= hi:
        raise NodeError(
            f"its bounds {lo} and {hi} are not an interval; give it a least bound that is not "
            "above its largest one"
        )
    return clamped(node, build, node.value(), Clamp(lo=lo, hi=hi))


def clamped(node: OnnxNode, build: Builder, value: Value, clamp: Clamp) -> Value:
    """Clamp a value; a bound of infinity that no value reaches is none."""
    if clamp.lo == math.inf or clamp.hi == -math.inf:
        raise NodeError("its result is infinity, whatever the input; give it another bound")
    if clamp == Clamp():
        return value
    return build.pixelwise(Clip, node, value, clamp=clamp)


@operator("PRelu", remark="a table for a single slope; else clamps and a scale per channel")
def prelu(node: OnnxNode, build: Builder) -> Value:
    """PRelu-16 and its older definitions down to PRelu-7: max(x, 0) + slope * min(x, 0)."""
    value, slope = node.value(), node.weights(1)
    if slope.size == 1:
        return apply_function(node, build, "leaky_relu", float(slope.reshape(())))

    def scaled(value: Value) -> Value:
        return build.affine(node, value, slope, np.zeros(()))

    positive = build.pixelwise(Clip, node, value, clamp=Clamp(lo=0.0))
    if slope.min() < 0:
        negative = scaled(build.pixelwise(Clip, node, value, clamp=Clamp(hi=0.0)))
    else:  # the clamp can then be fused into the scaling
        negative = build.pixelwise(Clip, node, scaled(value), clamp=Clamp(hi=0.0))
    positive = build.reshaped(positive, negative.shape)
    output = build.add(Add, node, (positive.tensor, negative.tensor), negative.shape)
    return replace(negative, tensor=output)


def _bound(node: OnnxNode, index: int, attribute: str, absent: float) -> float:
    if node.has_input(index):
        bound = float(node.bounds(index).reshape(()))
    elif (given := node.attribute(attribute)) is not None:
        bound = float(given)
    else:
        return absent
    # Clip-6 has the largest float32 numbers as its defaults, and exporters write them as well.
    return math.copysign(math.inf, bound) if abs(bound) >= np.finfo(np.float32).max else bound

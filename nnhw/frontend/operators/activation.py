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

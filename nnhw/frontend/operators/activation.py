"""Activation functions that are clamps."""

from __future__ import annotations

import math

import numpy as np

from ...ir import Clamp, Clip
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator("Relu", remark="fused into the operator before it")
def relu(node: OnnxNode, build: Builder) -> Value:
    """Relu-14 and its older definitions."""
    return build.pixelwise(Clip, node, node.value(), clamp=Clamp(lo=0.0))


@operator(
    "Clip",
    attributes=("max", "min"),
    remark="bounds as attributes or as constant inputs; fused into the operator before it",
)
def clip(node: OnnxNode, build: Builder) -> Value:
    """Clip-13 and its older definitions down to Clip-6, which has its bounds in attributes."""
    lo, hi = _bound(node, 1, "min", -math.inf), _bound(node, 2, "max", math.inf)
    if not lo <= hi:
        raise NodeError(f"its bounds {lo} and {hi} are not an interval")
    return build.pixelwise(Clip, node, node.value(), clamp=Clamp(lo=lo, hi=hi))


def _bound(node: OnnxNode, index: int, attribute: str, absent: float) -> float:
    if node.has_input(index):
        bound = float(node.constant(index).reshape(()))
    elif (given := node.attribute(attribute)) is not None:
        bound = float(given)
    else:
        return absent
    # Clip-6 has the largest float32 numbers as its defaults, and exporters write them as well.
    return absent if abs(bound) >= np.finfo(np.float32).max else bound

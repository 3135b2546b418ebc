"""Clip, whose bounds may be computed."""

from __future__ import annotations

import math

import numpy as np

from ...ir import Clamp
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .activation import clamped
from .extremum import Which, joined
from .registry import operator


@operator(
    "Clip",
    attributes=("max", "min"),
    remark="bounds as attributes or as constant inputs, also of the integers between "
    "QuantizeLinear and DequantizeLinear, fused into the operator before it; computed bounds as "
    "Max and Min",
)
def clip(node: OnnxNode, build: Builder) -> Value:
    """Clip-13 and its older definitions down to Clip-6, which has its bounds in attributes."""
    lo, hi = _bound(node, 1, "min", -math.inf), _bound(node, 2, "max", math.inf)
    value = node.value()
    if (q := value.quantization) is not None:  # the integers are clamped
        lo, hi = (q.scale * (bound - q.zero_point) for bound in (lo, hi))
    if not lo <= hi:
        raise NodeError(
            f"its bounds {lo} and {hi} are not an interval; give it a least bound that is not "
            "above its largest one"
        )
    bounds: list[tuple[int, Which, Clamp]] = [(1, "max", Clamp(lo=lo)), (2, "min", Clamp(hi=hi))]
    if not any(_is_computed(node, index) for index, _, _ in bounds):
        return clamped(node, build, value, Clamp(lo=lo, hi=hi))
    for index, which, clamp in bounds:  # the upper bound last, as it prevails
        if _is_computed(node, index):
            value = joined(node, build, value, node.value(index), which)
        else:
            value = clamped(node, build, value, clamp)
    return value


def _is_computed(node: OnnxNode, index: int) -> bool:
    return node.has_input(index) and not node.is_constant(index)


def _bound(node: OnnxNode, index: int, attribute: str, absent: float) -> float:
    """A constant bound; `absent` also if it is computed."""
    if node.is_constant(index):
        bound = float(node.bounds(index).reshape(()))
    elif (given := node.attribute(attribute)) is not None:
        bound = float(given)
    else:
        return absent
    # Clip-6 has the largest float32 numbers as its defaults, and exporters write them as well.
    return math.copysign(math.inf, bound) if abs(bound) >= np.finfo(np.float32).max else bound

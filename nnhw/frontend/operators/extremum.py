"""The largest or the smallest of several operands."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from ...ir import Clamp, Extremum
from ..broadcast import same_shape
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .activation import clamped
from .registry import operator

Which = Literal["max", "min"]

_REMARK = "of tensors, one of which may be broadcast, and of constants"


@operator("Max", remark=f"{_REMARK}; of a tensor and a single constant as Clip")
def maximum(node: OnnxNode, build: Builder) -> Value:
    """Max-13 and its older definitions down to Max-6."""
    return _extremum(node, build, "max")


@operator("Min", remark="as Max")
def minimum(node: OnnxNode, build: Builder) -> Value:
    """Min-13 and its older definitions down to Min-6."""
    return _extremum(node, build, "min")


def _extremum(node: OnnxNode, build: Builder, which: Which) -> Value:
    constants = [node.bounds(i) for i in range(node.input_count) if node.is_constant(i)]
    value, *others = (node.value(i) for i in range(node.input_count) if not node.is_constant(i))
    for other in others:
        value = joined(node, build, value, other, which)
    if constants:
        pick = np.maximum if which == "max" else np.minimum
        bound = constants[0]
        for constant in constants[1:]:
            bound = pick(bound, constant)
        value = _bounded(node, build, value, which, bound)
    return value


def joined(node: OnnxNode, build: Builder, a: Value, b: Value, which: Which) -> Value:
    """The larger or the smaller one of two tensors, one of which may be broadcast.

    Raises as `same_shape`.
    """
    a, b = same_shape(node, build, a, b)
    tensor = build.add(Extremum, node, (a.tensor, b.tensor), a.shape, which=which)
    return replace(a, tensor=tensor, views=())


def _bounded(
    node: OnnxNode, build: Builder, value: Value, which: Which, bound: np.ndarray
) -> Value:
    """A value and a constant, which is subtracted before a clamp at zero where it is an array."""
    at = float(bound.flat[0])
    if bound.size == 1 or ((bound == at).all() and _fits(bound.shape, value.onnx_shape)):
        return clamped(node, build, value, Clamp(lo=at) if which == "max" else Clamp(hi=at))
    if np.isinf(bound).any():
        raise NodeError(
            "its constants are infinite for some elements and finite for others; replace the "
            "infinite ones by the largest number that the network can reach"
        )
    shifted = build.affine(node, value, np.ones(()), -bound)
    clamp = Clamp(lo=0.0) if which == "max" else Clamp(hi=0.0)
    return build.affine(node, clamped(node, build, shifted, clamp), np.ones(()), bound)


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    """Whether a constant of `shape` broadcasts to no more than a value has."""
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False

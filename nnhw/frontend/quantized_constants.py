"""Constants that arrive as integers: weights and biases behind DequantizeLinear.

Their real values take the place of the operators, so that all of the translation sees ordinary
constants. Beside each is kept the `STEP` of every element, size and zero point: real / size is
the integer less its zero point, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx

from ..ir import IntegerRangeError, as_integers
from .fold import evaluate_node
from .fold_cost import FoldMeter
from .integer_types import integer_range, is_integer

_VIEWS = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that arrange the elements of a constant in another way, and its steps likewise."""


STEP = np.dtype([("size", np.float64), ("zero_point", np.int64)])
"""How an element of a constant was quantized."""


@dataclass(kw_only=True)
class QuantizedConstants:
    """A model's nodes and constants after quantized constants are computed.

    Attributes
    ----------
    nodes
        Those that are left.
    constants
        By name; real values of quantized constants in float64.
    steps
        Arrays of `STEP`, of the shape of the constant, by name of those that arrived quantized.
    """

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray]
    steps: dict[str, np.ndarray] = field(default_factory=dict)


def compute_quantized_constants(
    nodes: Iterable[onnx.NodeProto],
    constants: Mapping[str, np.ndarray],
    opset: int,
    meter: FoldMeter,
) -> QuantizedConstants:
    """Compute QuantizeLinear and DequantizeLinear of constants, and what follows from them.

    A node that cannot be computed, such as one of scales for blocks of elements, stays; its
    translation gives the reason.

    Parameters
    ----------
    nodes
        In execution order; nodes whose inputs are all constant are quantizers, or follow on one.
    constants
        All other constants.
    opset
        Version of the standard operator set.
    meter
        Is told what it takes to compute them.
    """
    found = QuantizedConstants(constants=dict(constants))
    for node in nodes:
        if not _compute(node, found, opset, meter):
            found.nodes.append(node)
    return found


def _compute(node: onnx.NodeProto, found: QuantizedConstants, opset: int, meter: FoldMeter) -> bool:
    """Enter the result of a node; False if there is none."""
    names = [name for name in node.input if name]
    if not names or not all(name in found.constants for name in names):
        return False
    inputs = [found.constants[name] for name in names]
    output = node.output[0]
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        parameters = _parameters(node, *inputs)
        if parameters is None:
            return False
        scale, zero_point = parameters
        if node.op_type == "QuantizeLinear":
            steps = np.rint(inputs[0].astype(np.float32) / scale) + zero_point
            lo, hi = integer_range(zero_point.dtype)
            try:
                found.constants[output] = as_integers(np.clip(steps, lo, hi))
            except IntegerRangeError:  # NaN
                return False
        else:
            step = np.empty(np.broadcast_shapes(scale.shape, zero_point.shape), STEP)
            step["size"], step["zero_point"] = scale, zero_point
            found.steps[output] = np.broadcast_to(step, inputs[0].shape)
            integers = inputs[0].astype(np.int64) - step["zero_point"]
            found.constants[output] = integers * step["size"]
        return True
    feeds = dict(zip(names, inputs, strict=True))
    results = evaluate_node(node, feeds, opset, meter)
    if results is None:
        return False
    found.constants.update(results)
    if node.op_type in _VIEWS and names[0] in found.steps:
        _view_steps(node, feeds, found, opset, meter)
    return True


def _view_steps(
    node: onnx.NodeProto,
    feeds: Mapping[str, np.ndarray],
    found: QuantizedConstants,
    opset: int,
    meter: FoldMeter,
) -> None:
    """Arrange the steps of a constant as the node arranges the constant."""
    name, output = node.input[0], node.output[0]
    if node.op_type == "Cast":
        found.steps[output] = found.steps[name]
        return
    places = np.arange(feeds[name].size, dtype=np.float64).reshape(feeds[name].shape)
    views = evaluate_node(node, {**feeds, name: places}, opset, meter)
    if views:
        found.steps[output] = found.steps[name].reshape(-1)[views[output].astype(np.int64)]


def _parameters(
    node: onnx.NodeProto,
    x: np.ndarray,
    scale: np.ndarray,
    zero_point: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Scale (float32) and zero point, as they broadcast to `x`; None if they do not."""
    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if zero_point is None:
        zero_point = np.zeros(scale.shape, np.uint8)
    integers = [zero_point] if node.op_type == "QuantizeLinear" else [x, zero_point]
    if given.get("block_size") or not all(is_integer(array) for array in integers):
        return None
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        return None
    axis = given.get("axis", 1)
    if scale.size > 1 and (scale.ndim != 1 or not -x.ndim <= axis < x.ndim):
        return None
    shape = [1] * x.ndim
    if scale.size > 1:
        shape[axis] = x.shape[axis]
        if scale.size != x.shape[axis]:
            return None
    return (
        scale.astype(np.float32).reshape(shape if scale.size > 1 else ()),
        zero_point.reshape(shape if zero_point.size > 1 else ()),
    )

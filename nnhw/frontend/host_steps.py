"""How the operators that stay with the host are written, as steps of `Port.host_postprocess`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .boundary import type_name
from .node import OnnxNode
from .problems import NodeError

Shape = tuple[int, ...]


def _softmax_steps(node: OnnxNode, shape: Shape) -> list[str]:
    axis = node.attribute("axis")
    axis += len(shape) if axis < 0 else 0
    rows, columns = math.prod(shape[:axis]), math.prod(shape[axis:])
    if node.opset >= 13 or columns == shape[axis]:
        return [f"{node.op_type}(axis={axis})"]
    return [_reshape_step((rows, columns)), f"{node.op_type}(axis=1)", _reshape_step(shape)]


def _arg_max_steps(node: OnnxNode, shape: Shape) -> list[str]:
    axis = node.attribute("axis") % len(shape)
    last = ", select_last_index=1" if node.attribute("select_last_index") else ""
    return [f"ArgMax(axis={axis}, keepdims={node.attribute('keepdims')}{last})"]


def _cast_steps(node: OnnxNode, shape: Shape) -> list[str]:
    wraps = "" if node.attribute("saturate") in (None, 1) else ", saturate=0"
    rounding = node.attribute("round_mode") or "up"
    rounded = "" if rounding == "up" else f", round_mode={rounding!r}"
    return [f"Cast(to={type_name(node.attribute('to'))}{wraps}{rounded})"]


def _reduce_l2_steps(node: OnnxNode, shape: Shape) -> list[str]:
    given = [axis % len(shape) for axis in node.ints(1, "axes") or ()]
    if not given and node.attribute("noop_with_empty_axes"):
        return ["Abs"]
    axes = given or list(range(len(shape)))
    return [f"ReduceL2(axes={axes}, keepdims={node.attribute('keepdims')})"]


def _lp_normalization_steps(node: OnnxNode, shape: Shape) -> list[str]:
    axis = node.attribute("axis") % len(shape)
    return [f"LpNormalization(axis={axis}, p={node.attribute('p')})"]


def _top_k_steps(node: OnnxNode, shape: Shape) -> list[str]:
    count = int(node.constant(1).reshape(()))
    axis = node.attribute("axis") % len(shape)
    others = "".join(f", {name}=0" for name in ("largest", "sorted") if node.attribute(name) == 0)
    return [f"TopK(k={count}, axis={axis}{others})"]


def _transpose_steps(node: OnnxNode, shape: Shape) -> list[str]:
    perm = node.attribute("perm") or range(len(shape))[::-1]
    return [f"Transpose(perm={list(perm)})"]


def _view_steps(node: OnnxNode, shape: Shape) -> list[str]:
    assert node.output_shape is not None, "checked by the caller"
    return [_reshape_step(node.output_shape)]


def _reshape_step(shape: Shape) -> str:
    return f"Reshape(shape={list(shape)})"


def _quantizer_steps(node: OnnxNode, shape: Shape) -> list[str]:
    scale = node.constant(1)
    if scale.size != 1:
        raise NodeError(
            f"it has {scale.size} scales, of which only one can stay with the host; quantize "
            "outputs per tensor"
        )
    zero_point = node.constant(2) if node.has_input(2) else np.zeros((), np.uint8)
    parameters = f"scale={float(scale.reshape(())):.9g}, zero_point={int(zero_point.reshape(()))}"
    if node.op_type == "QuantizeLinear":
        parameters += f", dtype={zero_point.dtype.name}"
    return [f"{node.op_type}({parameters})"]


HOST_STEPS: dict[str, Callable[[OnnxNode, Shape], list[str]]] = {
    "ArgMax": _arg_max_steps,
    "Cast": _cast_steps,
    "DequantizeLinear": _quantizer_steps,
    "Dropout": lambda node, _: [],
    "Flatten": _view_steps,
    "Identity": lambda node, _: [],
    "LogSoftmax": _softmax_steps,
    "LpNormalization": _lp_normalization_steps,
    "QuantizeLinear": _quantizer_steps,
    "ReduceL2": _reduce_l2_steps,
    "Reshape": _view_steps,
    "Sigmoid": lambda node, _: ["Sigmoid"],
    "Softmax": _softmax_steps,
    "Squeeze": _view_steps,
    "TopK": _top_k_steps,
    "Transpose": _transpose_steps,
    "Unsqueeze": _view_steps,
}
"""The steps of each operator of a single input that the host can do, for the input's shape."""

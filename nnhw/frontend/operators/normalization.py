"""Batch normalization."""

from __future__ import annotations

import numpy as np

from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator(
    "BatchNormalization",
    # momentum has a meaning in training only.
    attributes=("epsilon", "momentum"),
    remark="inference only; folded into a neighbouring convolution where possible",
)
def batch_normalization(node: OnnxNode, build: Builder) -> Value:
    """BatchNormalization-15 and its older definitions down to BatchNormalization-7."""
    if sum(bool(name) for name in node.proto.output) > 1:
        raise NodeError("it has outputs for training; export the model for inference")
    value = node.value()
    scale, bias, mean, variance = (node.weights(i) for i in range(1, 5))
    channels = value.onnx_shape[1]
    if any(array.shape != (channels,) for array in (scale, bias, mean, variance)):
        raise NodeError(
            f"its constants do not have the shape ({channels},) that its input asks for"
        )
    axis_1 = (1, channels) + (1,) * (len(value.onnx_shape) - 2)
    epsilon = node.attribute("epsilon")
    # the builder refuses NaN by name
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        steps = _steps(scale, bias, mean, variance, epsilon)
        scale = scale / np.sqrt(variance + epsilon)
    return build.affine(
        node,
        value,
        scale.reshape(axis_1),
        (bias - mean * scale).reshape(axis_1),
        [(operator, operand.reshape(axis_1)) for operator, operand in steps],
    )


def _steps(
    scale: np.ndarray, bias: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> list[tuple[str, np.ndarray]]:
    """What onnxruntime makes of it in float32: a product and a sum, in this order of rounding."""
    scale, bias, mean, variance = (a.astype(np.float32) for a in (scale, bias, mean, variance))
    factor = scale * (np.float32(1) / np.sqrt(variance + np.float32(epsilon)))
    return [("Mul", factor), ("Add", bias - mean * factor)]

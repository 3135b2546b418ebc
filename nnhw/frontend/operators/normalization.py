"""Normalization."""

from __future__ import annotations

import numpy as np

from ...ir import Conv, Function, Multiply, Window
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
            f"its constants do not have the shape ({channels},) that its input asks for; export "
            "the model again"
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


@operator(
    "LRN",
    attributes=("alpha", "beta", "bias", "size"),
    remark="squares, a sum over channels, a power and a product",
)
def local_response_normalization(node: OnnxNode, build: Builder) -> Value:
    """LRN-13 and its older definition: x * (bias + alpha / size * sum of squares) ** -beta."""
    image = build.image(node)
    channels, size = image.shape[2], node.attribute("size")
    at = np.arange(channels)
    distance = at - at[:, None]  # of the channel that is read from the one that is made
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    tensor = build.append(
        Function,
        (image.tensor,),
        image.shape,
        name=f"{node.name}_squares",
        output=f"{node.output}_squares",
        function="pow",
        parameters=(2.0,),
    )
    tensor = build.append(
        Conv,
        (tensor,),
        image.shape,
        name=f"{node.name}_sum",
        output=f"{node.output}_sum",
        window=Window(),
        weight=(near * node.attribute("alpha") / size)[:, None, None, :],
        bias=np.full(channels, node.attribute("bias")),
    )
    tensor = build.append(
        Function,
        (tensor,),
        image.shape,
        name=f"{node.name}_power",
        output=f"{node.output}_power",
        function="pow",
        parameters=(-node.attribute("beta"),),
    )
    output = build.add(Multiply, node, (image.tensor, tensor), image.shape)
    return image.result(output, image.shape)


def _steps(
    scale: np.ndarray, bias: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> list[tuple[str, np.ndarray]]:
    """What onnxruntime makes of it in float32: a product and a sum, in this order of rounding."""
    scale, bias, mean, variance = (a.astype(np.float32) for a in (scale, bias, mean, variance))
    factor = scale * (np.float32(1) / np.sqrt(variance + np.float32(epsilon)))
    return [("Mul", factor), ("Add", bias - mean * factor)]

"""Convolution."""

from __future__ import annotations

import numpy as np

from ...ir import Conv
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from ..weight_steps import weight_steps
from ..windows import sliding_axes, window_of
from .registry import operator


@operator(
    "Conv",
    attributes=("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"),
    remark="1-D and 2-D, with or without bias, any groups; weights are constants",
)
def conv(node: OnnxNode, build: Builder) -> Value:
    """Conv-22 and its older definitions, which differ in types only."""
    image = build.image(node)
    weight = node.weights(1)
    height, width, channels = image.shape
    groups = node.attribute("group")
    if weight.ndim != image.rank or weight.shape[1] * groups != channels:
        raise NodeError(
            f"weights of shape {weight.shape} in {groups} groups do not fit an input of "
            f"{channels} channels and {image.rank - 2} spatial axes; export the model again"
        )
    if weight.shape[0] % groups:
        raise NodeError(
            f"{weight.shape[0]} output channels cannot be divided into {groups} groups; export the "
            "model again"
        )
    kernel = weight.shape[2:]
    if tuple(node.attribute("kernel_shape") or kernel) != kernel:
        raise NodeError(
            f"kernel_shape={node.attribute('kernel_shape')} is not that of its weights; export the "
            "model again"
        )
    axes = sliding_axes(node, image, kernel)
    window = window_of(*axes)
    # (out, in, kernel...) to (out, kernel rows, kernel columns, in).
    weight = np.moveaxis(weight, 1, -1)
    weight = weight.reshape(len(weight), *window.kernel, channels // groups)
    shape = (*window.output_size(height, width), len(weight))
    output = build.add(
        Conv,
        node,
        (image.tensor,),
        shape,
        window=window,
        weight=weight,
        bias=channel_bias(node, len(weight)),
        groups=groups,
        **weight_steps(node, weight, node.steps(1)),
    )
    return image.result(output, shape)


def channel_bias(node: OnnxNode, channels: int) -> np.ndarray:
    """Input 2, float64 (channels,); zeros if it is absent.

    Raises
    ------
    NodeError
        If it is of another shape.
    """
    if not node.has_input(2):
        return np.zeros(channels)
    bias = node.weights(2)
    if bias.shape != (channels,):
        raise NodeError(
            f"a bias of shape {bias.shape} does not fit {channels} output channels; export the "
            "model again"
        )
    return bias

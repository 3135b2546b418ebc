"""Convolutional networks of any size with random weights, as ONNX models.

What a network costs depends on its shape and not on what it has learned, so that growth can be
measured without training data.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Network:
    """Builds a model layer by layer; each method returns the name of its result.

    Parameters
    ----------
    height, channels
        Of the square input image "image".
    """

    def __init__(self, height: int, channels: int):
        self._rng = np.random.default_rng(0)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._channels = {"image": channels}
        self._input = (1, channels, height, height)

    def conv(self, x: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        """Convolution that keeps the size but for its stride, and Relu."""
        before = self._channels[x]
        scale = np.sqrt(2 / (before * kernel**2))
        weight = self._constant(
            self._rng.normal(0, scale, (channels, before, kernel, kernel)).astype(np.float32)
        )
        pad = (kernel - 1) // 2
        y = self._add("Conv", [x, weight], channels, strides=[stride] * 2, pads=[pad] * 4)
        return self._add("Relu", [y], channels)

    def residual(self, x: str, channels: int, stride: int) -> str:
        """Two convolutions and a way around them, as in ResNet."""
        y = self.conv(self.conv(x, channels, stride=stride), channels)
        if stride > 1:
            x = self.conv(x, channels, kernel=1, stride=stride)
        return self._add("Relu", [self._add("Add", [x, y], channels)], channels)

    def max_pool(self, x: str, size: int) -> str:
        """Maximum over squares that do not overlap."""
        sizes = {"kernel_shape": [size] * 2, "strides": [size] * 2}
        return self._add("MaxPool", [x], self._channels[x], **sizes)

    def average(self, x: str) -> str:
        """Average over the image."""
        return self._add("GlobalAveragePool", [x], self._channels[x])

    def classify(self, x: str, inputs: int, classes: int = 10) -> str:
        """Matrix product with all `inputs` values."""
        weight = self._rng.normal(0, 1 / np.sqrt(inputs), (inputs, classes)).astype(np.float32)
        flat = self._add("Flatten", [x], inputs)
        return self._add("MatMul", [flat, self._constant(weight)], classes)

    def save(self, output: str, path: Path) -> Path:
        """Write the model, whose result is `output`, and return its path."""
        classes = self._channels[output]
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, self._input)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, (1, classes))],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 9
        onnx.save(model, path)
        return path

    def _constant(self, values: np.ndarray) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def _add(self, kind: str, inputs: list[str], channels: int, **attributes: list[int]) -> str:
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        self._channels[name] = channels
        return name


def mnist_like(folder: Path) -> Path:
    """Two convolutions and a matrix product on images of 28 x 28: 791,840 MACs."""
    net = Network(28, 1)
    x = net.max_pool(net.conv("image", 8, kernel=5), 2)
    x = net.max_pool(net.conv(x, 16, kernel=5), 2)
    return net.save(net.classify(x, 7 * 7 * 16), folder / "mnist_like.onnx")


def resnet8_like(folder: Path) -> Path:
    """The shape of MLPerf Tiny's residual network on images of 32 x 32 x 3: 12,501,632 MACs."""
    net = Network(32, 3)
    x = net.conv("image", 16)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        x = net.residual(x, channels, stride)
    return net.save(net.classify(net.average(x), 64), folder / "resnet8_like.onnx")


def pyramid(folder: Path, height: int, channels: int) -> Path:
    """Three convolutions, each with a quarter of the pixels and twice the channels of the last.

    They take 9 * height**2 * (3 * channels + channels**2) MACs, the matrix product a few more.
    """
    net = Network(height, 3)
    x = net.conv("image", channels)
    x = net.conv(net.conv(x, 2 * channels, stride=2), 4 * channels, stride=2)
    return net.save(
        net.classify(net.average(x), 4 * channels), folder / f"pyramid_{height}_{channels}.onnx"
    )


def million(folder: Path) -> Path:
    """Residual network with 1.7 million weights on images of 32 x 32 x 3."""
    net = Network(32, 3)
    x = net.conv(net.conv("image", 32), 64, stride=2)
    for channels in (128, 256):
        x = net.residual(x, channels, 2)
    x = net.conv(x, 192)
    return net.save(net.classify(net.average(x), 192), folder / "million.onnx")


def resnet18(folder: Path, height: int) -> Path:
    """The shape of ResNet-18 for 1,000 classes, 11.7 million weights, on square images."""
    net = Network(height, 3)
    x = net.max_pool(net.conv("image", 64, kernel=7, stride=2), 2)
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        x = net.residual(net.residual(x, channels, stride), channels, 1)
    return net.save(net.classify(net.average(x), 512, 1000), folder / f"resnet18_{height}.onnx")

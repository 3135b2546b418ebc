"""Small networks that arrive quantized, in QDQ and QOperator form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from .draw import Draw
from .net import Net


class QuantizedNet(Net):
    """With roundings."""

    def scale(self, typical: float) -> str:
        return self.const(np.float32(typical * self.draw.uniform(0.7, 1.4)))

    def zero(self, value: int, dtype: type) -> str:
        return self.const(value, dtype)

    def rounded(self, x: str, scale: float, dtype: type | None = None) -> str:
        """QuantizeLinear and DequantizeLinear."""
        dtype = dtype or self.draw.choice([np.int8, np.uint8])
        zero = self.draw.choice([0, 3, -5]) if dtype is np.int8 else self.draw.choice([128, 100])
        parameters = [self.scale(scale), self.zero(zero, dtype)]
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, *parameters), *parameters)

    def weights(self, *shape: int) -> str:
        """Integers behind DequantizeLinear, one scale a tensor or an output channel."""
        values = self.const(self.draw.integers(-127, 127, shape), np.int8)
        if self.draw.chance(0.5):
            scales = 0.01 * (1 + np.abs(self.draw.normal(shape[0])))
            zeros = self.const(np.zeros(shape[0]), np.int8)
            return self.add(
                "DequantizeLinear", values, self.const(scales, np.float32), zeros, axis=0
            )
        return self.add("DequantizeLinear", values, self.scale(0.01), self.zero(0, np.int8))

    def bias(self, count: int) -> list[str]:
        return [self.weight(count)] if self.draw.chance(0.5) else []


def qdq_convolutions(net: QuantizedNet) -> list[str]:
    x = net.rounded(net.input(1, 3, 6, 5), 0.03)
    x = net.add("Conv", x, net.weights(4, 3, 3, 3), *net.bias(4), pads=[1, 1, 1, 1])
    if net.draw.chance(0.6):
        x = net.add("Relu", x)
    x = net.rounded(x, 0.05)
    if net.draw.chance(0.5):
        x = net.rounded(net.add("MaxPool", x, kernel_shape=[2, 2]), 0.05)
    return [net.rounded(net.add("Conv", x, net.weights(2, 4, 1, 1)), 0.1)]


def qdq_dense(net: QuantizedNet) -> list[str]:
    x = net.rounded(net.input(1, 6), 0.03)
    x = net.rounded(net.add("Gemm", x, net.weights(5, 6), *net.bias(5), transB=1), 0.05)
    return [net.rounded(net.add("Gemm", x, net.weights(3, 5), transB=1), 0.1)]


def qdq_residual(net: QuantizedNet) -> list[str]:
    x = net.rounded(net.input(1, 3, 5, 4), 0.03)
    y = net.rounded(net.add("Conv", x, net.weights(3, 3, 3, 3), pads=[1, 1, 1, 1]), 0.06)
    joined = net.add(net.draw.choice(["Add", "Mul"]), *net.draw.sample([x, y], 2))
    x = net.rounded(joined, 0.06)
    if net.draw.chance(0.5):
        x = net.rounded(net.add("GlobalAveragePool", x), 0.02)
    return [x]


def qdq_concat(net: QuantizedNet) -> list[str]:
    x = net.rounded(net.input(1, 2, 4, 4), 0.03)
    parts = [net.rounded(net.add("Conv", x, net.weights(2, 2, 1, 1)), 0.03) for _ in range(2)]
    x = net.rounded(net.add("Concat", *parts, axis=1), 0.04)
    kind = net.draw.choice(["Sigmoid", "AveragePool", "Relu", "Flatten"])
    settings = {"kernel_shape": [2, 2]} if kind == "AveragePool" else {}
    scale = 1 / 256 if kind == "Sigmoid" else 0.04
    return [net.rounded(net.add(kind, x, **settings), scale)]


def qoperator(net: QuantizedNet) -> list[str]:
    dtype = net.draw.choice([np.int8, np.uint8])
    zero = net.zero(0 if dtype is np.int8 else 128, dtype)
    scales = [net.scale(s) for s in (0.03, 0.05, 0.1)]
    q = net.add("QuantizeLinear", net.input(1, 3, 5, 5), scales[0], zero)
    weights = net.const(net.draw.integers(-127, 127, (4, 3, 3, 3)), np.int8)
    weight = [weights, net.scale(0.01), net.zero(0, np.int8)]
    bias = [net.const(net.draw.integers(-500, 500, (4,)), np.int32)] * net.draw.randint(0, 1)
    q = net.add("QLinearConv", q, scales[0], zero, *weight, scales[1], zero, *bias)
    if net.draw.chance(0.4):
        q = net.add("MaxPool", q, kernel_shape=[2, 2])
    scale = scales[1]
    if net.draw.chance(0.5):
        q = net.add("Reshape", q, net.const([1, -1]))
        size = 36 if len(net.nodes) == 3 else 16
        weights = net.const(net.draw.integers(-127, 127, (size, 3)), np.int8)
        q = net.add("QLinearMatMul", q, scale, zero, weights, *weight[1:], scales[2], zero)
        scale = scales[2]
    return [net.add("DequantizeLinear", q, scale, zero)]


QUANTIZED: tuple[Callable[[QuantizedNet], list[str]], ...] = (
    qdq_convolutions,
    qdq_dense,
    qdq_residual,
    qdq_concat,
    qoperator,
)


def quantized_network(draw: Draw) -> tuple[str, onnx.ModelProto]:
    """Any of them, and its name."""
    make = draw.choice(QUANTIZED)
    net = QuantizedNet(draw, opset=draw.choice([13, 17, 21]))
    return make.__name__, net.model(*make(net))

"""Small float networks that mutations begin with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from .draw import Draw
from .net import Net

EXAMPLES = Path(__file__).parents[2] / "examples"


def plain(net: Net) -> list[str]:
    c, h, w = net.draw.dims(3, 2, 5)
    x = net.input(net.draw.choice([1, "N"]), c, h + 4, w + 4)
    x = net.add("Relu", net.conv(x, c, 6))
    x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.conv(x, 6, 4, strides=net.draw.choice([[1, 1], [2, 2], [1, 2]]))
    statistics = [np.abs(net.draw.normal(4)) + 0.5, *net.draw.normal(2, 4)]
    x = net.add("BatchNormalization", x, *map(net.const, [*statistics, statistics[0]]))
    x = net.add("Flatten", net.add("GlobalAveragePool", net.add("Relu", x)))
    x = net.add("Gemm", x, net.weight(3, 4), net.weight(3), transB=1)
    return [net.add("Softmax", x) if net.draw.chance(0.5) else x]


def dense(net: Net) -> list[str]:
    k, hidden, out = net.draw.dims(3, 2, 9)
    x = net.input(net.draw.choice([1, "N", None]), k)
    x = net.add("Gemm", x, net.weight(k, hidden), net.weight(hidden))
    x = net.add(net.draw.choice(["Relu", "Tanh", "Sigmoid", "LeakyRelu"]), x)
    return [net.add("Add", net.add("MatMul", x, net.weight(hidden, out)), net.weight(out))]


def residual(net: Net) -> list[str]:
    c = net.draw.randint(2, 4)
    x = net.add("Relu", net.conv(net.input(1, 3, 6, 7), 3, c))
    y = net.conv(net.add("Relu", net.conv(x, c, c)), c, c)
    x = net.add("Relu", net.add("Add", *net.draw.sample([x, y], 2)))
    return [net.add(net.draw.choice(["GlobalAveragePool", "GlobalMaxPool"]), x)]


def depthwise(net: Net) -> list[str]:
    c = net.draw.randint(2, 6)
    x = net.add("Relu", net.conv(net.input(1, 3, 8, 6), 3, c, 1))
    x = net.conv(x, c, c, net.draw.choice([1, 3]), groups=c)
    return [net.conv(net.add("Clip", x, *map(net.const, np.float32([0, 6]))), c, 2, 1)]


def branches(net: Net) -> list[str]:
    x = net.input(1, 4, 5, 5)
    a, b = net.conv(x, 4, 3), net.add("Relu", net.conv(x, 4, 2, 1))
    pooled = net.add("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = net.add("Concat", *net.draw.sample([a, b, pooled], 3), axis=1)
    return [net.conv(x, 9, 2, 1)]


def upsampled(net: Net) -> list[str]:
    x = net.conv(net.input(1, 2, 3, 4), 2, 3)
    modes = [("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_floor")]
    mode, coordinates, rounding = net.draw.choice([*modes, ("linear", "half_pixel", "floor")])
    x = net.add(
        "Resize",
        x,
        "",
        net.const([1, 1, 2, 2], np.float32),
        mode=mode,
        coordinate_transformation_mode=coordinates,
        nearest_mode=rounding,
    )
    return [net.conv(x, 3, 2)]


def decoder(net: Net) -> list[str]:
    x = net.add("Gemm", net.input(1, 5), net.weight(5, 24))
    x = net.add("Reshape", net.add("Relu", x), net.const([1, 4, 2, 3]))
    return [net.add("ConvTranspose", x, net.weight(4, 2, 2, 2), strides=[2, 2])]


def views(net: Net) -> list[str]:
    x = net.conv(net.input(1, 4, 3, 6), 4, 6)
    x = net.add("Transpose", x, perm=net.draw.choice([[0, 2, 3, 1], [0, 1, 3, 2], [0, 3, 2, 1]]))
    x = net.add("Reshape", x, net.const(net.draw.choice([[1, -1], [1, 9, 12], [0, 0, -1]])))
    shape = {2: 108, 3: 12}.get(len(_shape(net, x)), 12)
    return [net.add("MatMul", x, net.weight(_shape(net, x)[-1] or shape, 3))]


def one_axis(net: Net) -> list[str]:
    x = net.input(1, 3, 12)
    x = net.add("Relu", net.add("Conv", x, net.weight(5, 3, 3), pads=[1, 1], strides=[2]))
    x = net.add("MaxPool", x, kernel_shape=[2])
    return [net.add("ReduceMean", x, axes=[2], keepdims=net.draw.randint(0, 1))]


def functions(net: Net) -> list[str]:
    x = net.conv(net.input(1, 2, 4, 4), 2, 3)
    for op_type in net.draw.sample(
        ["Sigmoid", "Tanh", "HardSwish", "Elu", "Softplus", "Abs", "Exp", "Erf", "Neg"], 2
    ):
        x = net.add(op_type, x)
    return [net.add("Mul", x, net.add("Sigmoid", net.conv(x, 3, 3, 1)))]


def cut(net: Net) -> list[str]:
    x = net.input(1, 4, 5, 6)
    a, b = net.add("Split", x, net.const([1, 3]), outputs=2, axis=1)
    b = net.add("Slice", b, *map(net.const, ([1, 0], [3, 4], [2, 3], [1, 2])))
    a = net.add("Flatten", net.add("Relu", net.conv(a, 1, 2)))
    b = net.conv(b, 3, 2)
    b = net.add("Flatten", net.add("GlobalMaxPool", b) if net.draw.chance(0.8) else b)
    return [net.add("Concat", net.add("Gemm", a, net.weight(60, 4)), b, axis=1)]


def two_inputs(net: Net) -> list[str]:
    a, b = net.input(1, 3, 4, 4, name="a"), net.input(1, 3, 4, 4, name="b")
    x = net.add(net.draw.choice(["Add", "Mul", "Sub"]), net.conv(a, 3, 4), net.conv(b, 3, 4))
    return [net.add("Relu", x), net.conv(x, 4, 2, 1)]


def mixed_batch(net: Net) -> list[str]:
    """A first axis that may be none of samples."""
    n, k = net.draw.dims(2, 2, 6)
    x = net.add("Relu", net.add("MatMul", net.input(n, k), net.weight(k, 4)))
    if net.draw.chance(0.6):
        x = net.add("ReduceMean", x, axes=[net.draw.randint(0, 1)], keepdims=1)
    return [net.add("Softmax", x, axis=0) if net.draw.chance(0.3) else net.add("Tanh", x)]


def branch(net: Net) -> list[str]:
    """An If on a constant."""
    x = net.conv(net.input(1, 2, 4, 4), 2, 2)
    bodies = [
        helper.make_graph(
            [helper.make_node(op_type, [x], [f"{op_type}_result"])],
            op_type,
            [],
            [helper.make_tensor_value_info(f"{op_type}_result", TensorProto.FLOAT, None)],
        )
        for op_type in ("Relu", "Sigmoid")
    ]
    condition = net.const(net.draw.chance(0.5))
    return [net.add("If", condition, then_branch=bodies[0], else_branch=bodies[1])]


def local_function(net: Net) -> list[str]:
    x = net.conv(net.input(1, 2, 4, 4), 2, 3)
    net.functions.append(
        helper.make_function(
            "local",
            "Gate",
            ["u"],
            ["v"],
            [
                helper.make_node("Sigmoid", ["u"], ["s"]),
                helper.make_node("Mul", ["u", "s"], ["v"]),
            ],
            [helper.make_opsetid("", net.opset)],
        )
    )
    return [net.conv(net.add("Gate", x, domain="local"), 3, 2)]


def old(net: Net) -> list[str]:
    net.opset = net.draw.choice([7, 8, 9])
    x = net.add("Clip", net.conv(net.input(1, 2, 3, 4), 2, 3), min=0.0, max=6.0)
    if net.opset == 9:
        x = net.add("Upsample", x, net.const([1, 1, 2, 2], np.float32), mode="nearest")
    return [net.conv(net.add("Dropout", x, ratio=0.5), 3, 2)]


def pixels(net: Net) -> list[str]:
    """Integers from 0 to 255 that the network scales itself."""
    x = net.add("Cast", net.input(1, 3, 6, 6, dtype=TensorProto.UINT8), to=TensorProto.FLOAT)
    x = net.add("Div", x, net.const(255.0, np.float32))
    x = net.add("Sub", x, net.const(net.draw.normal(3, 1, 1)))
    return [net.add("MaxPool", net.conv(x, 3, 4, strides=[2, 2]), kernel_shape=[3, 3])]


def shuffled(net: Net) -> list[str]:
    x = net.conv(net.input(1, 2, 3, 4), 2, 8)
    kind = net.draw.choice(["DepthToSpace", "SpaceToDepth"])
    if kind == "DepthToSpace":
        x = net.add(kind, x, blocksize=2, mode=net.draw.choice(["DCR", "CRD"]))
        return [net.conv(x, 2, 3)]
    x = net.add("Pad", x, net.const([0, 0, 1, 0, 0, 0, 0, 0]))
    return [net.conv(net.add(kind, x, blocksize=2), 32, 2, 1)]


def transformer_like(net: Net) -> list[str]:
    x = net.add("MatMul", net.input(1, 4, 6), net.weight(6, 6))
    x = net.add("Add", x, net.weight(6))
    if net.draw.chance(0.4):
        x = net.add("LayerNormalization", x, net.weight(6), net.weight(6))
    return [net.add("MatMul", net.add("Relu", x), net.weight(6, 3))]


def _shape(net: Net, name: str) -> list[int]:
    """Shape of a value so far."""
    made = net.model(name)
    dims = made.graph.output[0].type.tensor_type.shape.dim
    return [dim.dim_value for dim in dims]


FLOAT: tuple[Callable[[Net], list[str]], ...] = (
    plain,
    dense,
    residual,
    depthwise,
    branches,
    upsampled,
    decoder,
    views,
    one_axis,
    functions,
    cut,
    two_inputs,
    mixed_batch,
    branch,
    local_function,
    old,
    pixels,
    shuffled,
    transformer_like,
)
"""Makers of networks; each returns the names of the outputs."""


def float_network(draw: Draw) -> tuple[str, onnx.ModelProto]:
    """Any of them, or now and then the smallest example, and its name."""
    if draw.chance(0.02):
        return "digits_mlp", onnx.load(EXAMPLES / "digits_mlp.onnx")
    make = draw.choice(FLOAT)
    net = Net(draw, opset=draw.choice([13, 17, 17]))
    if make is functions:
        net.opset = draw.choice([14, 17])
    outputs = make(net)
    return make.__name__, net.model(*outputs)

"""Small ONNX models of the operators that most networks consist of."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto
from onnx_models import node, normal
from operator_case import Case, floats, ints, one


def conv(
    kernel: tuple[int, ...], *, groups: int = 1, out: int = 6, size: tuple[int, ...] = (), **attrs
) -> Case:
    """A convolution of four channels with a bias."""
    weight = normal(out, 4 // groups, *kernel, seed=4)
    shape = (1, 4, *(size or (7, 6)[: len(kernel)]))
    return one(
        "Conv",
        "x w b",
        shape=shape,
        group=groups,
        constants={"w": weight, "b": normal(out)},
        **attrs,
    )


def after_conv(*nodes, constants: dict | None = None, **settings) -> Case:
    """Operators of "c", the result of a convolution."""
    made = conv((3, 3))
    first = node("Conv", "x w b", "c")
    return Case(
        nodes=[first, *nodes],
        shape=made.shape,
        constants={**made.constants, **(constants or {})},
        **settings,
    )


def after_dense(*nodes, constants: dict | None = None) -> Case:
    """Operators of "g", the result of a dense layer with twelve inputs."""
    return Case(
        nodes=[node("Gemm", "x w b", "g"), *nodes],
        shape=(1, 12),
        constants={"w": normal(12, 6), "b": normal(6), **(constants or {})},
    )


def affine(op_type: str, inputs: str, *shape: int) -> Case:
    """An operator of x and a constant."""
    return one(op_type, inputs, constants={"k": normal(*shape, seed=6) + 2})


_STATISTICS = {
    "s": floats(0.5, 1.5, -1, 2),
    "t": floats(1, 0, -1, 3),
    "m": floats(0, 1, 2, -1),
    "v": floats(1, 2, 0.5, 1),
}

CONVOLUTIONS = {
    "plain": conv((3, 3)),
    "pointwise": conv((1, 1)),
    "pads": conv((3, 3), pads=[1, 0, 2, 1]),
    "strides": conv((3, 2), strides=[2, 3]),
    "dilations": conv((3, 2), dilations=[2, 3], pads=[1, 1, 1, 1]),
    "groups": conv((3, 3), groups=2, pads=[1, 1, 1, 1]),
    "depthwise": conv((3, 3), groups=4, out=4, pads=[1, 1, 1, 1]),
    "depthwise_strides": conv((3, 3), groups=4, out=4, pads=[0, 0, 1, 1], strides=[2, 2]),
    "depthwise_dilations": conv((3, 2), groups=4, out=4, dilations=[2, 2]),
    "depth_multiplier": conv((2, 3), groups=4, out=8),
    "same_upper": conv((3, 2), auto_pad="SAME_UPPER", strides=[2, 2]),
    "same_lower": conv((3, 2), auto_pad="SAME_LOWER", strides=[2, 2]),
    "valid": conv((2, 2), auto_pad="VALID"),
    "one_axis": conv((3,), size=(9,), strides=[2], pads=[1, 0]),
    "whole_rows": conv((3, 6)),
    "whole_image": conv((7, 6)),
    "batch_normalization": after_conv(
        node("BatchNormalization", "c s t m v", epsilon=1e-3),
        constants={name: np.tile(value, 2)[:6] for name, value in _STATISTICS.items()},
    ),
    "relu": after_conv(node("Relu", "c")),
    "clip": after_conv(
        node("Clip", "c lo hi"), constants={"lo": np.float32(-1), "hi": np.float32(2)}
    ),
    "clip_attributes": after_conv(node("Clip", "c", min=0.0, max=6.0), opset=10),
    "leaky_relu": after_conv(node("LeakyRelu", "c", alpha=0.2)),
}

POOLING = {
    "max": one("MaxPool", kernel_shape=[2, 3]),
    "max_strides": one("MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
    "max_pads": one("MaxPool", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 2, 1]),
    "max_dilations": one("MaxPool", kernel_shape=[2, 2], dilations=[2, 3], pads=[1, 1, 0, 1]),
    "max_ceil_mode": one("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    "max_same_upper": one("MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    "max_one_axis": one("MaxPool", shape=(1, 4, 9), kernel_shape=[3], strides=[2], pads=[1, 1]),
    "average": one("AveragePool", kernel_shape=[2, 3]),
    "average_pads": one("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "average_count_include_pad": one(
        "AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1
    ),
    "average_ceil_mode": one("AveragePool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    "average_same_lower": one("AveragePool", kernel_shape=[2, 2], auto_pad="SAME_LOWER"),
    "average_one_axis": one("AveragePool", shape=(1, 4, 9), kernel_shape=[2], strides=[2]),
    "global_average": one("GlobalAveragePool"),
    "global_max": one("GlobalMaxPool"),
    "mean": one("ReduceMean", opset=13, axes=[2, 3], keepdims=0),
    "mean_axes_input": one("ReduceMean", "x a", constants={"a": ints(-1, 2)}),
    "mean_channels": one("ReduceMean", opset=13, axes=[1]),
    "mean_columns": one("ReduceMean", opset=13, axes=[3], keepdims=0),
    "sum": one("ReduceSum", "x a", constants={"a": ints(2, 3)}),
    "sum_channels": one("ReduceSum", "x a", constants={"a": ints(1)}, keepdims=0),
    "max_spatial": one("ReduceMax", "x a", constants={"a": ints(-1, -2)}),
    "max_rows": one("ReduceMax", opset=13, axes=[2]),
    "max_channels": one("ReduceMax", opset=13, axes=[1]),
    "pad_and_max": Case(
        nodes=[node("Pad", "x p", "z"), node("MaxPool", "z", kernel_shape=[2, 2])],
        constants={"p": ints(0, 0, 1, 0, 0, 0, 0, 1)},
    ),
}

DENSE = {
    "gemm": one(
        "Gemm",
        "x w c",
        shape=(1, 12),
        transB=1,
        alpha=0.5,
        beta=2.0,
        constants={"w": normal(6, 12), "c": normal(6)},
    ),
    "gemm_trans_a": Case(
        nodes=[node("Transpose", "x", "t", perm=[1, 0]), node("Gemm", "t w", transA=1)],
        shape=(1, 12),
        constants={"w": normal(12, 5)},
    ),
    "two_layers": after_dense(
        node("Relu", "g", "r"), node("Gemm", "r v"), constants={"v": normal(6, 7)}
    ),
    "mat_mul": one("MatMul", "x w", shape=(1, 12), constants={"w": normal(12, 5)}),
    "mat_mul_rows": one("MatMul", "x w", shape=(1, 5, 6), constants={"w": normal(6, 4)}),
    "mat_mul_left": one("MatMul", "w x", shape=(1, 6, 5), constants={"w": normal(4, 6)}),
    "flattened_image": after_conv(
        node("Flatten", "c", "f"), node("Gemm", "f v"), constants={"v": normal(120, 3)}
    ),
    "softmax_on_host": after_dense(node("Softmax", "g", axis=1)),
}

AFFINE = {
    "add": affine("Add", "x k", 4, 1, 1),
    "subtract": affine("Sub", "k x", 4, 1, 1),
    "multiply": affine("Mul", "x k", 4, 1, 1),
    "divide": affine("Div", "x k", 4, 1, 1),
    "add_single": affine("Add", "x k", 1),
    "batch_normalization": one("BatchNormalization", "x s t m v", constants=_STATISTICS),
    "clip": one("Clip", "x lo hi", constants={"lo": np.float32(-1), "hi": np.float32(2)}),
    "relu": one("Relu"),
}

VIEWS = {
    "channels_last": Case(
        nodes=[
            node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
            node("Conv", "t w", "c"),
            node("Transpose", "c", perm=[0, 2, 3, 1]),
        ],
        shape=(1, 5, 6, 3),
        constants={"w": normal(4, 3, 2, 2)},
    ),
    "vector_to_image": Case(
        nodes=[node("Reshape", "x s", "r"), node("Conv", "r w")],
        shape=(1, 90),
        constants={"s": ints(1, 3, 5, 6), "w": normal(4, 3, 2, 2)},
    ),
    "squeeze_and_unsqueeze": Case(
        nodes=[
            node("Unsqueeze", "x one", "u"),
            node("Conv", "u w", "c"),
            node("GlobalAveragePool", "c", "p"),
            node("Squeeze", "p axes"),
        ],
        shape=(1, 5, 6),
        constants={"one": ints(1), "w": normal(4, 1, 2, 2), "axes": ints(2, 3)},
    ),
    "reshape_between_convolutions": Case(
        nodes=[
            node("Conv", "x w", "c"),
            node("Transpose", "c", "t", perm=[0, 2, 3, 1]),
            node("Reshape", "t s", "r"),
            node("MatMul", "r v"),
        ],
        constants={"w": normal(4, 4, 2, 2), "s": ints(1, 10, 8), "v": normal(8, 3)},
    ),
    "removed": Case(
        nodes=[
            node("Constant", "", "w", value_floats=[1.0, 2.0, -1.0, 0.5]),
            node("Reshape", "w s", "k"),
            node("Identity", "x", "i"),
            node("Dropout", "i", "d"),
            node("Cast", "d", "f", to=TensorProto.FLOAT),
            node("Conv", "f k"),
        ],
        constants={"s": ints(1, 4, 1, 1)},
    ),
}

LAYERS = {
    f"{family}_{name}": case
    for family, cases in {
        "conv": CONVOLUTIONS,
        "pool": POOLING,
        "dense": DENSE,
        "affine": AFFINE,
        "view": VIEWS,
    }.items()
    for name, case in cases.items()
}
"""All of them."""

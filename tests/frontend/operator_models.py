"""Small ONNX models, one for each operator and combination of attributes."""

from __future__ import annotations

import numpy as np
import onnx
from layer_models import LAYERS
from onnx_models import node, normal
from operator_case import Case, floats, ints, one

FUNCTIONS = {
    "abs": one("Abs"),
    "atan": one("Atan"),
    "ceil": one("Ceil"),
    "celu": one("Celu", alpha=1.5),
    "cos": one("Cos"),
    "elu": one("Elu", alpha=0.7),
    "erf": one("Erf"),
    "exp": one("Exp", high=2.0),
    "floor": one("Floor"),
    "gelu": one("Gelu"),
    "gelu_tanh": one("Gelu", approximate="tanh"),
    "hard_sigmoid": one("HardSigmoid", alpha=0.25, beta=0.4),
    "hard_swish": one("HardSwish"),
    "leaky_relu": one("LeakyRelu", alpha=0.1),
    "log": one("Log", low=0.5, high=4.0),
    "mish": one("Mish"),
    "pow": one("Pow", "x e", constants={"e": floats(2)}),
    "pow_cube": one("Pow", "x e", constants={"e": floats(3)}),
    "prelu_single": one("PRelu", "x s", constants={"s": floats(0.3)}),
    "reciprocal": one("Reciprocal", low=0.5, high=4.0),
    "round": one("Round"),
    "selu": one("Selu"),
    "shrink": one("Shrink", lambd=1.0, bias=0.5),
    "sign": one("Sign"),
    "sin": one("Sin"),
    "softplus": one("Softplus"),
    "softsign": one("Softsign"),
    "swish": one("Swish", alpha=1.3, opset=24),
    "sqrt": one("Sqrt", low=0.5, high=4.0),
    "square": one("Mul", "x x"),
    "tanh": one("Tanh"),
    "thresholded_relu": one("ThresholdedRelu", alpha=1.2),
}
"""Functions of one number, each a single table."""

STEPS = {
    f"function-{name}" for name in ("ceil", "floor", "round", "sign", "shrink", "thresholded_relu")
}
"""Cases whose results depend on the side of a step that an input is rounded to."""

SWISH = Case(nodes=[node("Sigmoid", "x", "s"), node("Mul", "x s")])
SCALED_SWISH = Case(
    nodes=[node("Mul", "x a", "v"), node("Sigmoid", "v", "s"), node("Mul", "s x")],
    constants={"a": floats(1.702)},
)
HARD_SWISH = Case(
    nodes=[
        node("Add", "x three", "a"),
        node("Clip", "a zero six", "b"),
        node("Mul", "x b", "c"),
        node("Div", "c six"),
    ],
    constants={"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6)},
)
HARD_SWISH_GATE = Case(nodes=[node("HardSigmoid", "x", "s", alpha=1 / 6), node("Mul", "x s")])
GELU = Case(
    nodes=[
        node("Div", "x root", "a"),
        node("Erf", "a", "b"),
        node("Add", "b one", "c"),
        node("Mul", "x c", "d"),
        node("Mul", "d half"),
    ],
    constants={"root": floats(2**0.5), "one": floats(1), "half": floats(0.5)},
)
GELU_HALF_FIRST = Case(
    nodes=[
        node("Mul", "x root", "a"),
        node("Erf", "a", "b"),
        node("Add", "one b", "c"),
        node("Mul", "x half", "d"),
        node("Mul", "c d"),
    ],
    constants={"root": floats(0.5**0.5), "one": floats(1), "half": floats(0.5)},
)
GELU_TANH = Case(
    nodes=[
        node("Pow", "x three", "p"),
        node("Mul", "p small", "q"),
        node("Add", "x q", "r"),
        node("Mul", "r root", "s"),
        node("Tanh", "s", "t"),
        node("Add", "t one", "u"),
        node("Mul", "x half", "v"),
        node("Mul", "v u"),
    ],
    constants={
        "three": floats(3),
        "small": floats(0.044715),
        "root": floats((2 / np.pi) ** 0.5),
        "one": floats(1),
        "half": floats(0.5),
    },
)
MISH = Case(nodes=[node("Softplus", "x", "a"), node("Tanh", "a", "b"), node("Mul", "x b")])

CUBE = Case(nodes=[node("Mul", "x x", "p"), node("Mul", "x p")])
GELU_TANH_BY_PRODUCTS = Case(
    nodes=[node("Mul", "x x", "o"), node("Mul", "o x", "p"), *GELU_TANH.nodes[1:]],
    constants={name: value for name, value in GELU_TANH.constants.items() if name != "three"},
)

PATTERNS = {
    "cube": (CUBE, "pow"),
    "gelu_tanh_by_products": (GELU_TANH_BY_PRODUCTS, "gelu_tanh"),
    "swish": (SWISH, "swish"),
    "scaled_swish": (SCALED_SWISH, "swish"),
    "hard_swish": (HARD_SWISH, "hard_swish"),
    "hard_swish_gate": (HARD_SWISH_GATE, "hard_swish"),
    "gelu": (GELU, "gelu"),
    "gelu_half_first": (GELU_HALF_FIRST, "gelu"),
    "gelu_tanh": (GELU_TANH, "gelu_tanh"),
    "mish": (MISH, "mish"),
}
"""Functions that exporters write as several operators, and what they are recognized as."""


def conv(inputs: str, output: str, *, seed: int = 0) -> tuple[onnx.NodeProto, np.ndarray]:
    """A pointwise convolution of four channels, so that an operand has a scale of its own."""
    weight = normal(4, 4, 1, 1, seed=seed)
    return node("Conv", f"{inputs} {output}_weight", output), weight


def two_operands(op_type: str, *, second_shape: str = "", **settings) -> Case:
    """An operator of x and of a convolution of it."""
    made, weight = conv("x", "c")
    nodes = [made, *([node(second_shape, "c", "d")] if second_shape else [])]
    return Case(
        nodes=[*nodes, node(op_type, "x d" if second_shape else "x c")],
        constants={"c_weight": weight},
        **settings,
    )


def squeeze_excite() -> Case:
    made, weight = conv("m", "c", seed=3)
    nodes = [
        node("GlobalAveragePool", "x", "m"),
        made,
        node("Sigmoid", "c", "s"),
        node("Mul", "x s"),
    ]
    return Case(nodes=nodes, constants={"c_weight": weight})


def spatial_gate() -> Case:
    nodes = [node("Conv", "x w", "c"), node("Sigmoid", "c", "s"), node("Mul", "s x")]
    return Case(nodes=nodes, constants={"w": normal(1, 4, 1, 1)})


JOINS = {
    "maximum": two_operands("Max"),
    "minimum": two_operands("Min"),
    "maximum_broadcast": two_operands("Max", second_shape="GlobalAveragePool"),
    "clip_computed": Case(
        nodes=[
            node("ReduceMean", "x", "m", keepdims=0),
            node("ReduceMax", "x", "h", keepdims=0),
            node("Mul", "h half", "n"),
            node("Clip", "x m n"),
        ],
        constants={"half": floats(0.5).reshape(())},
    ),
    "clip_computed_below": Case(
        nodes=[node("ReduceMean", "x", "m", keepdims=0), node("Clip", "x m k")],
        constants={"k": np.float32(1.5)},
    ),
    "max_by_channel": one("Max", "x k", constants={"k": normal(4, 1, 1)}),
    "min_by_channel": one("Min", "k x", constants={"k": normal(4, 1, 1)}),
    "where": one("Where", "c x k", constants={"c": normal(4, 1, 6) > 0, "k": floats(0.5)}),
    "mean": Case(
        nodes=[conv("x", "c")[0], node("Mean", "x c")], constants={"c_weight": normal(4, 4, 1, 1)}
    ),
    "scaled_sum": Case(
        nodes=[
            conv("x", "c")[0],
            node("Add", "x c", "s"),
            node("Relu", "s", "r"),
            node("Mul", "r half", "h"),
            node("Sub", "h one"),
        ],
        constants={"c_weight": normal(4, 4, 1, 1), "half": floats(0.5), "one": floats(1)},
    ),
    "scaled_pool": Case(
        nodes=[
            conv("x", "c")[0],
            node("MaxPool", "c", "p", kernel_shape=[2, 2]),
            node("Add", "p k", "q"),
            node("Mul", "q q", "r"),
            node("Div", "r three"),
        ],
        constants={"c_weight": normal(4, 4, 1, 1), "k": normal(4, 1, 1), "three": floats(3)},
    ),
    "least": one("ReduceMin", "x a", constants={"a": ints(2, 3)}),
    "norm": Case(
        nodes=[node("ReduceL2", "x a", "n"), node("Relu", "n")],
        constants={"a": ints(2, 3)},
        decibels=25.0,
    ),
    "lrn": one("LRN", size=3, alpha=0.5, beta=0.75, bias=1.0, decibels=25.0),
    "multiply": two_operands("Mul"),
    "subtract": two_operands("Sub"),
    "squeeze_excite": squeeze_excite(),
    "spatial_gate": spatial_gate(),
    "add_broadcast": two_operands("Add", second_shape="GlobalAveragePool"),
    "subtract_broadcast": two_operands("Sub", second_shape="GlobalMaxPool"),
    "divide_by_constant_left": one("Div", "k x", constants={"k": floats(2)}, low=0.5, high=4.0),
    "divide": Case(
        nodes=[node("Exp", "x", "e"), node("Add", "e one", "d"), node("Div", "x d")],
        constants={"one": floats(1)},
        low=-2.0,
        high=2.0,
        decibels=25.0,
    ),
    "sum": Case(
        nodes=[conv("x", "c")[0], conv("x", "d")[0], node("Sum", "x c d k")],
        constants={
            "c_weight": normal(4, 4, 1, 1),
            "d_weight": normal(4, 4, 1, 1, seed=1),
            "k": normal(4, 1, 1),
        },
    ),
    "negate": one("Neg"),
    "max_constant": one("Max", "x k", constants={"k": floats(0.5)}),
    "min_constant": one("Min", "k x", constants={"k": floats(0.5)}),
    "prelu_channels": one(
        "PRelu", "x s", constants={"s": floats(0.1, 0.2, 0.3, 0.9).reshape(4, 1, 1)}
    ),
    "prelu_negative": one(
        "PRelu", "x s", constants={"s": floats(-0.5, 0.2, 0.0, 1.5).reshape(4, 1, 1)}
    ),
    "multiply_relu": Case(
        nodes=[conv("x", "c")[0], node("Mul", "x c", "m"), node("Relu", "m")],
        constants={"c_weight": normal(4, 4, 1, 1)},
    ),
}


def shuffled(
    shape: tuple[int, ...],
    *,
    pieces: tuple[int, ...],
    perm: tuple[int, ...],
    result: tuple[int, ...],
) -> Case:
    """Reshape, Transpose and Reshape, between a depthwise convolution and a dense one."""
    kernel = (1,) * (len(shape) - 2)
    return Case(
        nodes=[
            node("Conv", "x w", "c", group=shape[1]),
            node("Reshape", "c p", "s"),
            node("Transpose", "s", "t", perm=perm),
            node("Reshape", "t n", "u"),
            node("Conv", "u v"),
        ],
        shape=shape,
        constants={
            "w": normal(shape[1], 1, *kernel),
            "p": ints(*pieces),
            "n": ints(*result),
            "v": normal(2, result[1], *kernel, seed=1),
        },
    )


MOVES = {
    "concat_channels": Case(
        nodes=[conv("x", "c")[0], node("Concat", "x c", axis=1)],
        constants={"c_weight": normal(4, 4, 1, 1)},
    ),
    "concat_rows": Case(
        nodes=[conv("x", "c")[0], node("Concat", "c x", axis=2)],
        constants={"c_weight": normal(4, 4, 1, 1)},
    ),
    "concat_columns": Case(
        nodes=[conv("x", "c")[0], node("Concat", "x c x", axis=-1)],
        constants={"c_weight": normal(4, 4, 1, 1)},
    ),
    "concat_single_channels": Case(
        nodes=[node("Conv", "x w", "c"), node("Conv", "x v", "d"), node("Concat", "c d", axis=1)],
        constants={"w": normal(1, 4, 1, 1), "v": normal(1, 4, 1, 1, seed=1)},
    ),
    "concat_vectors": Case(
        nodes=[
            node("Flatten", "x", "f"),
            node("Gemm", "f w", "a"),
            node("Gemm", "f v", "b"),
            node("Concat", "a b", axis=1),
        ],
        constants={"w": normal(120, 3), "v": normal(120, 5, seed=1)},
    ),
    "gather_column": one("Gather", "x i", axis=3, constants={"i": np.array(-1)}),
    "gather_channel": one("Gather", "x i", axis=1, constants={"i": np.array(2)}),
    "gather_rows": one("Gather", "x i", axis=2, constants={"i": ints(0, 2, 4)}),
    "gather_channels": Case(
        nodes=[node("Relu", "x", "r"), node("Gather", "r i", axis=1)],
        constants={"i": ints(3, 0, 0, 2)},
    ),
    "slice_channels": one("Slice", "x b e a", constants={"b": ints(1), "e": ints(3), "a": ints(1)}),
    "slice_block": one(
        "Slice",
        "x b e a",
        constants={"b": ints(0, 1, -5), "e": ints(3, 4, 2**62), "a": ints(1, 2, 3)},
    ),
    "slice_steps": one(
        "Slice",
        "x b e a s",
        constants={"b": ints(1, 0), "e": ints(5, 6), "a": ints(2, 3), "s": ints(2, 3)},
    ),
    "slice_attributes": one("Slice", opset=9, starts=[1], ends=[3], axes=[2]),
    "slice_vector": Case(
        nodes=[node("Flatten", "x", "f"), node("Gemm", "f w", "g"), node("Slice", "g b e a")],
        constants={"w": normal(120, 7), "b": ints(2), "e": ints(6), "a": ints(1)},
    ),
    "focus": Case(
        nodes=[
            node("Slice", "x b00 e a s", "p"),
            node("Slice", "x b10 e a s", "q"),
            node("Concat", "p q", axis=1),
        ],
        shape=(1, 3, 4, 6),
        constants={
            "b00": ints(0, 0),
            "b10": ints(1, 0),
            "e": ints(4, 6),
            "a": ints(2, 3),
            "s": ints(2, 2),
        },
    ),
    "split": Case(
        nodes=[node("Split", "x n", "a b", axis=1), node("Sub", "a b")],
        constants={"n": ints(2, 2)},
    ),
    "split_uneven": Case(
        nodes=[node("Split", "x", "a b", axis=3, num_outputs=2), node("Concat", "b a", axis=3)],
        shape=(1, 4, 4, 5),
    ),
    "split_old": Case(
        nodes=[node("Split", "x", "a b", axis=1, split=[1, 3]), node("Concat", "b a", axis=1)],
        opset=11,
    ),
    "resize_scales": one(
        "Resize",
        "x - k",
        constants={"k": floats(1, 1, 2, 3)},
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    "resize_half_pixel": one("Resize", "x - k", constants={"k": floats(1, 1, 2, 2)}),
    "resize_half_pixel_ceil": one(
        "Resize",
        "x - k",
        constants={"k": floats(1, 1, 3, 1)},
        coordinate_transformation_mode="half_pixel_symmetric",
        nearest_mode="round_prefer_ceil",
    ),
    "resize_linear": one("Resize", "x - k", mode="linear", constants={"k": floats(1, 1, 2, 2)}),
    "resize_linear_rows": one(
        "Resize", "x - k", mode="linear", constants={"k": floats(1, 1, 3, 1)}, shape=(1, 3, 4, 2)
    ),
    "resize_linear_1d": one(
        "Resize", "x - k", mode="linear", constants={"k": floats(1, 1, 4)}, shape=(1, 3, 5)
    ),
    "expand_image": Case(
        nodes=[node("GlobalAveragePool", "x", "m"), node("Expand", "m n")],
        constants={"n": ints(1, 4, 5, 6)},
    ),
    "expand_channels": one("Expand", "x n", constants={"n": ints(3, 1, 2)}, shape=(1, 1, 5, 2)),
    "expand_to_more_axes": one("Expand", "x n", constants={"n": ints(1, 1, 3, 5)}, shape=(1, 5)),
    "tile": one("Tile", "x n", constants={"n": ints(1, 2, 1, 3)}),
    "resize_linear_corners": one(
        "Resize",
        "x - k",
        mode="linear",
        coordinate_transformation_mode="align_corners",
        constants={"k": floats(1, 1, 2, 3)},
    ),
    "resize_linear_asymmetric": one(
        "Resize",
        "x - k",
        mode="linear",
        coordinate_transformation_mode="asymmetric",
        constants={"k": floats(1, 1, 2, 3)},
    ),
    "resize_linear_smaller": one(
        "Resize", "x - - n", mode="linear", constants={"n": ints(1, 4, 3, 4)}
    ),
    "resize_cubic": one("Resize", "x - k", mode="cubic", constants={"k": floats(1, 1, 2, 2)}),
    "resize_sizes": one("Resize", "x - - n", constants={"n": ints(1, 4, 10, 6)}),
    "resize_axes": one("Resize", "x - n", axes=[3, 2], constants={"n": floats(2, 1)}),
    "resize_10": one("Resize", "x k", opset=10, constants={"k": floats(1, 1, 2, 2)}),
    "upsample_9": one("Upsample", "x k", opset=9, constants={"k": floats(1, 1, 1, 3)}),
    "upsample_7": one("Upsample", opset=7, scales=[1.0, 1.0, 2.0, 2.0]),
    "depth_to_space": one("DepthToSpace", blocksize=2),
    "depth_to_space_crd": one("DepthToSpace", blocksize=2, mode="CRD", shape=(1, 8, 3, 2)),
    "depth_to_space_three": one("DepthToSpace", blocksize=3, shape=(1, 18, 2, 3)),
    "space_to_depth": one("SpaceToDepth", blocksize=2, shape=(1, 3, 4, 6)),
    "channel_shuffle": shuffled(
        (1, 6, 3, 2), pieces=(1, 3, 2, 3, 2), perm=(0, 2, 1, 3, 4), result=(1, 6, 3, 2)
    ),
    "channel_shuffle_1d": shuffled(
        (1, 6, 5), pieces=(1, 2, 3, 5), perm=(0, 2, 1, 3), result=(1, 6, 5)
    ),
    "pixel_unshuffle": shuffled(
        (1, 3, 4, 6), pieces=(1, 3, 2, 2, 3, 2), perm=(0, 1, 3, 5, 2, 4), result=(1, 12, 2, 3)
    ),
    "decoder": Case(
        nodes=[
            node("Gemm", "x w", "g"),
            node("LeakyRelu", "g", "a", alpha=0.2),
            node("Reshape", "a n", "r"),
            node("ConvTranspose", "r v", strides=[2, 2]),
        ],
        shape=(1, 5),
        constants={"w": normal(5, 24), "n": ints(1, 4, 2, 3), "v": normal(4, 2, 2, 2)},
    ),
    **{
        f"pad_{mode}": one("Pad", "x p", mode=mode, constants={"p": ints(0, 0, 2, 1, 0, 0, 1, 3)})
        for mode in ("reflect", "edge", "wrap")
    },
    "resize_any": one(
        "Resize",
        "x - - n",
        coordinate_transformation_mode="align_corners",
        constants={"n": ints(1, 4, 7, 9)},
    ),
    "pad_constant": one(
        "Pad", "x p v", constants={"p": ints(0, 0, 1, 0, 0, 0, 0, 2), "v": np.float32(1.5)}
    ),
}


def transposed(kernel: tuple[int, ...], *, groups: int = 1, out: int = 3, **attributes) -> Case:
    """A transposed convolution of four channels with a bias, and Relu behind it."""
    weight = normal(4, out, *kernel, seed=2)
    shape = (1, 4, 3, 4) if len(kernel) == 2 else (1, 4, 5)
    nodes = [node("ConvTranspose", "x w b", "c", group=groups, **attributes), node("Relu", "c")]
    return Case(nodes=nodes, shape=shape, constants={"w": weight, "b": normal(out * groups)})


TRANSPOSED = {
    "plain": transposed((3, 3)),
    "stride": transposed((2, 2), strides=[2, 2]),
    "pads": transposed((3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
    "large_kernel": transposed((5, 4), strides=[2, 2], pads=[2, 1, 2, 1]),
    "uneven_pads": transposed((4, 4), strides=[3, 3], pads=[0, 3, 2, 1]),
    "small_kernel": transposed((1, 2), strides=[3, 3], output_padding=[2, 0]),
    "strides_differ": transposed((3, 2), strides=[2, 1]),
    "strides_differ_more": transposed((3, 3), strides=[2, 3], pads=[1, 0, 0, 1]),
    "wide_stride": transposed((1, 3), strides=[1, 2]),
    "dilated": transposed((2, 3), strides=[2, 2], dilations=[2, 1]),
    "same_upper": transposed((3, 3), strides=[2, 2], auto_pad="SAME_UPPER"),
    "same_lower": transposed((3, 3), strides=[2, 2], auto_pad="SAME_LOWER"),
    "same_of_small_kernel": transposed((1, 1), strides=[3, 1], auto_pad="SAME_LOWER"),
    "output_shape": transposed((3, 3), strides=[2, 2], output_shape=[6, 9]),
    "groups": transposed((2, 2), groups=2, out=2, strides=[2, 2]),
    "one_axis": transposed((4,), strides=[2], pads=[1, 1]),
}

CASES = {
    f"{family}-{name}": case
    for family, cases in {
        "layer": LAYERS,
        "function": FUNCTIONS,
        "pattern": {name: case for name, (case, _) in PATTERNS.items()},
        "join": JOINS,
        "move": MOVES,
        "transposed": TRANSPOSED,
    }.items()
    for name, case in cases.items()
}
"""All of them."""

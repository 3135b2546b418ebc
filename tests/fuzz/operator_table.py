"""Which operators `insertions` puts behind a tensor of a model."""

from __future__ import annotations

from .operators import (
    Maker,
    Use,
    activation,
    along_axis,
    best,
    binary,
    blocks,
    cast,
    clip,
    concat,
    equation,
    gather,
    gemm,
    layer_normalization,
    matmul,
    normalization,
    pad,
    quantizer,
    reduction,
    reduction_by_input,
    repeat,
    reshape,
    resize,
    several,
    slices,
    slope,
    split,
    squeeze,
    summed,
    top,
    transpose,
    unsqueeze,
    where,
)
from .window_operators import average_pool, conv, conv_transpose, max_pool, window

PLAIN = (
    *("Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil"),
    *("Round", "Sign", "Erf", "HardSwish", "Softplus", "Softsign", "Mish", "Sin", "Cos", "Atan"),
    *("Selu", "Elu", "Celu", "Identity", "GlobalAveragePool", "GlobalMaxPool", "Dropout", "Tan"),
    *("Flatten", "Softmax", "LogSoftmax", "Hardmax", "Gelu", "Swish", "Sinh", "Cosh", "Acosh"),
    *("Squeeze", "Shape", "Size", "IsNaN", "IsInf", "Not", "NonZero", "Det", "BitwiseNot"),
    *("RandomNormalLike", "Bernoulli", "EyeLike", "GlobalLpPool", "DynamicQuantizeLinear"),
    *("HardSigmoid", "LeakyRelu", "ThresholdedRelu", "Shrink", "LpNormalization", "Optional"),
)
"""Operators of one tensor that do without attributes."""

TABLE: dict[str, Maker] = {
    **dict.fromkeys(PLAIN, lambda draw, shape: Use()),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Mod", "PRelu", "Equal", "Less"), binary),
    **dict.fromkeys(("Max", "Min", "Sum", "Mean"), several),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax", "Flatten", "LpNormalization"), along_axis),
    **dict.fromkeys(
        ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceL1"), reduction
    ),
    "ReduceSum": reduction_by_input,
    **dict.fromkeys(("ArgMax", "ArgMin"), best),
    "LeakyRelu": activation("alpha"),
    "Elu": activation("alpha"),
    "Celu": activation("alpha"),
    "Swish": activation("alpha"),
    "ThresholdedRelu": activation("alpha"),
    "HardSigmoid": activation("alpha", "beta"),
    "Selu": activation("alpha", "gamma"),
    "Shrink": activation("bias", "lambd"),
    "PRelu": slope,
    "Transpose": transpose,
    "Reshape": reshape,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Slice": slices,
    "Gather": gather,
    "Split": split,
    "Concat": concat,
    "Pad": pad,
    "Tile": repeat,
    "Expand": repeat,
    "Resize": resize,
    "DepthToSpace": blocks,
    "SpaceToDepth": blocks,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lambda draw, shape: Use([None], window(draw, shape)),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "BatchNormalization": normalization(4),
    "InstanceNormalization": normalization(2),
    "LayerNormalization": layer_normalization,
    "LRN": lambda draw, shape: Use([None], {"size": draw.randint(1, 3)}),
    "Gemm": gemm,
    "MatMul": matmul,
    "Clip": clip,
    "Cast": cast,
    "QuantizeLinear": quantizer,
    "Where": where,
    "TopK": top,
    "CumSum": summed,
    "Einsum": equation,
}
"""How each operator is used; what is here and above counts once."""

KEEPING = (
    *("Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil"),
    *("Round", "Sign", "Erf", "HardSwish", "Softplus", "Softsign", "Mish", "Sin", "Cos", "Atan"),
    *(
        "Selu",
        "Elu",
        "Celu",
        "Identity",
        "Dropout",
        "Tan",
        "Softmax",
        "LogSoftmax",
        "Gelu",
        "Swish",
    ),
    *("HardSigmoid", "LeakyRelu", "ThresholdedRelu", "Shrink", "PRelu", "Clip", "QuantizeLinear"),
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "BatchNormalization", "Cast", "LRN"),
    *("LayerNormalization", "InstanceNormalization", "Where", "CumSum", "Hardmax"),
)
"""Operators that mostly keep the shape, so that what follows still fits."""

COMMON = (
    *("Add", "Mul", "Sub", "Div", "Concat", "Conv", "MaxPool", "AveragePool", "Gemm", "MatMul"),
    *("Reshape", "Transpose", "Slice", "Gather", "Pad", "Resize", "Clip", "ReduceMean", "Split"),
    *("Flatten", "ConvTranspose", "BatchNormalization", "QuantizeLinear", "Max", "Min", "PRelu"),
    *("ReduceSum", "ReduceMax", "Softmax", "Relu", "Sigmoid", "HardSigmoid", "Unsqueeze", "Cast"),
)
"""Drawn twice as often as all others together."""

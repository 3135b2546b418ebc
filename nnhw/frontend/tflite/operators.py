"""What each TFLite operator is in ONNX.

Tensors are channels-last in TFLite. What ONNX defines channels-first stands between two Transposes,
which are absorbed later on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .network import Operator
from .writer import Refusal, Writer

Translate = Callable[[Operator, Writer], str | list[str]]
"""Appends the nodes of an operator; returns the names of its results."""


@dataclass(frozen=True)
class Translator:
    """How an operator is translated.

    Parameters
    ----------
    translate
        The function.
    keeps_values
        Whether results are elements of its inputs.
    """

    translate: Translate
    keeps_values: bool = False


TRANSLATORS: dict[str, Translator] = {}
"""By the operator's name in the schema."""


def _translator(*kinds: str, keeps_values: bool = False) -> Callable[[Translate], Translate]:
    def enter(translate: Translate) -> Translate:
        TRANSLATORS.update(dict.fromkeys(kinds, Translator(translate, keeps_values)))
        return translate

    return enter


# Functions of one tensor.


def _enter_functions(kinds: dict[str, str], *, keeps_values: bool = False) -> None:
    for kind, op_type in kinds.items():

        def translate(op: Operator, w: Writer, op_type: str = op_type) -> str:
            return w.main(op_type, [w.real(op.inputs[0])])

        _translator(kind, keeps_values=keeps_values)(translate)


_enter_functions(
    {
        "ABS": "Abs",
        "CEIL": "Ceil",
        "COS": "Cos",
        "ELU": "Elu",
        "EXP": "Exp",
        "FLOOR": "Floor",
        "HARD_SWISH": "HardSwish",
        "LOG": "Log",
        "LOGISTIC": "Sigmoid",
        "RELU": "Relu",
        "ROUND": "Round",
        "SIGN": "Sign",
        "SIN": "Sin",
        "SQRT": "Sqrt",
        "TANH": "Tanh",
    }
)


def _clip(w: Writer, value: str, lo: float, hi: float, *, main: bool = False) -> str:
    bounds = [w.constant(bound, np.float32) for bound in (lo, hi)]
    return w.node("Clip", [value, *bounds], main=main)


@_translator("NEG")
def _negative(op: Operator, w: Writer) -> str:
    if w.tensor(op.inputs[0]).quantization:
        raise Refusal("it negates integers, whatever they stand for; use SUB or MUL")
    return w.main("Neg", [w.real(op.inputs[0])])


_CLIPS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}


@_translator(*_CLIPS)
def _clips(op: Operator, w: Writer) -> str:
    return _clip(w, w.real(op.inputs[0]), *_CLIPS[op.kind], main=True)


def _activated(op: Operator, w: Writer, value: str) -> str:
    """The result of the activation function that is fused into an operator."""
    function = op.option("FusedActivationFunction")
    if function == "NONE":
        return value
    if function in _CLIPS:
        return _clip(w, value, *_CLIPS[function])
    if function in ("RELU", "TANH"):
        return w.node(function.title(), [value])
    raise Refusal(
        f"the activation function {function}, fused into it, is not supported; use RELU, RELU6 or "
        "TANH"
    )


@_translator("LEAKY_RELU")
def _leaky_relu(op: Operator, w: Writer) -> str:
    return w.main("LeakyRelu", [w.real(op.inputs[0])], alpha=op.option("Alpha"))


@_translator("PRELU")
def _prelu(op: Operator, w: Writer) -> str:
    value, slopes = (w.real(index) for index in op.inputs[:2])
    is_single = set(w.tensor(op.inputs[1]).shape) <= {1}
    if is_single or w.tensor(op.outputs[0]).quantization is None:
        return w.main("PRelu", [value, slopes])
    # One of the two is 0. Each is rounded like the result, so that their sum is rounded once.
    positive = w.rounded(w.node("Relu", [value]), op.outputs[0])
    negative = w.node("Clip", [value, "", w.constant(0, np.float32)])
    negative = w.rounded(w.node("Mul", [negative, slopes]), op.outputs[0])
    return w.main("Add", [positive, negative])


@_translator("GELU")
def _gelu(op: Operator, w: Writer) -> str:
    form = "tanh" if op.option("Approximate") else "none"
    return w.main("Gelu", [w.real(op.inputs[0])], approximate=form)


@_translator("RSQRT")
def _rsqrt(op: Operator, w: Writer) -> str:
    return w.main("Reciprocal", [w.node("Sqrt", [w.real(op.inputs[0])])])


@_translator("SQUARE")
def _square(op: Operator, w: Writer) -> str:
    value = w.real(op.inputs[0])
    return w.main("Mul", [value, value])


@_translator("SOFTMAX", "LOG_SOFTMAX")
def _softmax(op: Operator, w: Writer) -> str:
    value = w.real(op.inputs[0])
    beta = op.option("Beta") if op.kind == "SOFTMAX" else 1.0
    if beta != 1.0:
        value = w.node("Mul", [value, w.constant(beta, np.float32)])
    return w.main("Softmax" if op.kind == "SOFTMAX" else "LogSoftmax", [value], axis=-1)


@_translator("L2_NORMALIZATION")
def _l2_normalization(op: Operator, w: Writer) -> str:
    value = w.main("LpNormalization", [w.real(op.inputs[0])], axis=-1, p=2)
    return _activated(op, w, value)


@_translator("QUANTIZE", "DEQUANTIZE", keeps_values=True)
def _requantize(op: Operator, w: Writer) -> str:
    return w.real(op.inputs[0])


@_translator("CAST")
def _cast(op: Operator, w: Writer) -> str:
    if w.tensor(op.inputs[0]).quantization or w.tensor(op.outputs[0]).quantization:
        raise Refusal("it converts the integers of a quantized tensor; use QUANTIZE, DEQUANTIZE")
    return w.main("Cast", [w.real(op.inputs[0])], to=w.elem_type(op.outputs[0]))


# Arithmetic.


_ARITHMETIC = {"ADD": "Add", "DIV": "Div", "MUL": "Mul", "SUB": "Sub"}


@_translator(*_ARITHMETIC)
def _arithmetic(op: Operator, w: Writer) -> str:
    operands = [w.real(index) for index in op.inputs[:2]]
    return _activated(op, w, w.main(_ARITHMETIC[op.kind], operands))


@_translator("POW")
def _power(op: Operator, w: Writer) -> str:
    return w.main("Pow", [w.real(index) for index in op.inputs[:2]])


@_translator("SQUARED_DIFFERENCE")
def _squared_difference(op: Operator, w: Writer) -> str:
    difference = w.node("Sub", [w.real(index) for index in op.inputs[:2]])
    return w.main("Mul", [difference, difference])


@_translator("ADD_N")
def _add_n(op: Operator, w: Writer) -> str:
    return w.main("Sum", [w.real(index) for index in op.inputs])


@_translator("MAXIMUM", "MINIMUM", keeps_values=True)
def _extremum(op: Operator, w: Writer) -> str:
    return w.main("Max" if op.kind == "MAXIMUM" else "Min", [w.real(i) for i in op.inputs[:2]])


# Reductions.


@_translator("MEAN", "SUM")
def _reduce(op: Operator, w: Writer) -> str:
    return _reduced(op, w, "ReduceMean" if op.kind == "MEAN" else "ReduceSum")


@_translator("REDUCE_MAX", "REDUCE_MIN", keeps_values=True)
def _reduce_extremum(op: Operator, w: Writer) -> str:
    return _reduced(op, w, "ReduceMax" if op.kind == "REDUCE_MAX" else "ReduceMin")


def _reduced(op: Operator, w: Writer, op_type: str) -> str:
    source, axes = (w.real(index) for index in op.inputs[:2])
    axes = w.node("Reshape", [axes, w.constant([-1])])
    return w.main(op_type, [source, axes], keepdims=int(op.option("KeepDims")))


@_translator("ARG_MAX")
def _arg_max(op: Operator, w: Writer) -> str:
    (axis,) = _numbers(op, w, 1)
    return w.main("ArgMax", [w.real(op.inputs[0])], axis=axis, keepdims=0)


# Products.


@_translator("FULLY_CONNECTED")
def _fully_connected(op: Operator, w: Writer) -> str:
    if op.option("WeightsFormat"):
        raise Refusal("its weights are shuffled for a processor; convert the model without that")
    source, weights, bias = op.inputs[0], op.inputs[1], _input(op, 2)
    size = w.tensor(weights).shape[-1:]
    if op.option("KeepNumDims") and len(w.tensor(source).shape) > 2:
        value = w.main("MatMul", [w.real(source), w.real(weights, (1, 0))])
        if bias >= 0:
            value = w.node("Add", [value, w.real(bias)])
    else:
        rows = w.real(source)
        if len(w.tensor(source).shape) != 2:
            rows = w.node("Reshape", [rows, w.constant([-1, *size])])
        operands = [rows, w.real(weights), *([w.real(bias)] if bias >= 0 else [])]
        value = w.main("Gemm", operands, transB=1)
    return _activated(op, w, value)


@_translator("BATCH_MATMUL")
def _batch_matmul(op: Operator, w: Writer) -> str:
    operands = []
    for index, adjoint in zip(op.inputs, (op.option("AdjX"), op.option("AdjY")), strict=False):
        rank = len(w.tensor(index).shape)
        perm = (*range(rank - 2), rank - 1, rank - 2) if adjoint else None
        operands.append(w.real(index, perm))
    return w.main("MatMul", operands)


@_translator("CONV_2D")
def _conv(op: Operator, w: Writer) -> str:
    weights = op.inputs[1]
    channels, inputs = _channels(op, w), w.tensor(weights).shape[-1]
    if not inputs or channels % inputs:
        raise Refusal(f"weights for {inputs} channels do not fit an input of {channels}")
    # (out, rows, columns, in) to (out, in, rows, columns)
    return _convolved(op, w, w.real(weights, (0, 3, 1, 2)), channels // inputs)


@_translator("DEPTHWISE_CONV_2D")
def _depthwise_conv(op: Operator, w: Writer) -> str:
    # (1, rows, columns, out) to (out, 1, rows, columns)
    return _convolved(op, w, w.real(op.inputs[1], (3, 0, 1, 2)), _channels(op, w))


def _convolved(op: Operator, w: Writer, weights: str, groups: int) -> str:
    bias = _input(op, 2)
    value = w.main(
        "Conv",
        [_channels_first(op, w), weights, *([w.real(bias)] if bias >= 0 else [])],
        group=groups,
        strides=[op.option("StrideH"), op.option("StrideW")],
        **_padding(op, w),
    )
    return _channels_last(w, _activated(op, w, value), 4)


def _padding(op: Operator, w: Writer) -> dict[str, Any]:
    """Attributes of a Conv."""
    dilations = [op.option("DilationHFactor"), op.option("DilationWFactor")]
    if op.option("Padding") != "SAME" or dilations == [1, 1]:
        return {"auto_pad": _auto_pad(op), "dilations": dilations}
    # onnxruntime does not take both from SAME_UPPER and dilations.
    sizes, kernel = w.tensor(op.inputs[0]).shape[1:3], w.tensor(op.inputs[1]).shape[1:3]
    before, after = [], []
    for axis, stride in enumerate((op.option("StrideH"), op.option("StrideW"))):
        last = (-(-sizes[axis] // stride) - 1) * stride + (kernel[axis] - 1) * dilations[axis]
        total = max(last + 1 - sizes[axis], 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return {"pads": [*before, *after], "dilations": dilations}


@_translator("TRANSPOSE_CONV")
def _transpose_conv(op: Operator, w: Writer) -> str:
    weights, source, bias = op.inputs[1], op.inputs[2], _input(op, 3)
    strides = [op.option("StrideH"), op.option("StrideW")]
    kernel = w.tensor(weights).shape[1:3]
    before, after, beyond = [], [], []
    rows_and_columns = _numbers(op, w, 0)[1:3]
    for old, new, stride, taps in zip(
        w.tensor(source).shape[1:3], rows_and_columns, strides, kernel, strict=True
    ):
        surplus = (old - 1) * stride + taps - new
        before.append(max(surplus, 0) // 2)
        after.append(max(surplus, 0) - before[-1])
        beyond.append(max(-surplus, 0))
    # (out, rows, columns, in) to (in, out, rows, columns)
    operands = [_channels_first(op, w, 2), w.real(weights, (3, 0, 1, 2))]
    value = w.main(
        "ConvTranspose",
        [*operands, *([w.real(bias)] if bias >= 0 else [])],
        strides=strides,
        pads=[*before, *after],
        output_padding=beyond,
    )
    if "FusedActivationFunction" in op.options:
        value = _activated(op, w, value)
    return _channels_last(w, value, 4)


# Windows and images.


@_translator("AVERAGE_POOL_2D")
def _average_pool(op: Operator, w: Writer) -> str:
    return _pooled(op, w, "AveragePool")


@_translator("MAX_POOL_2D", keeps_values=True)
def _max_pool(op: Operator, w: Writer) -> str:
    return _pooled(op, w, "MaxPool")


def _pooled(op: Operator, w: Writer, op_type: str) -> str:
    value = w.main(
        op_type,
        [_channels_first(op, w)],
        kernel_shape=[op.option("FilterHeight"), op.option("FilterWidth")],
        strides=[op.option("StrideH"), op.option("StrideW")],
        auto_pad=_auto_pad(op),
    )
    return _channels_last(w, _activated(op, w, value), 4)


def _auto_pad(op: Operator) -> str:
    # TensorFlow pads more at the end, if need be.
    return "SAME_UPPER" if op.option("Padding") == "SAME" else "VALID"


@_translator("PAD", "PADV2", "MIRROR_PAD", keeps_values=True)
def _pad(op: Operator, w: Writer) -> str:
    mode = "constant"
    if op.kind == "MIRROR_PAD":
        mode = "reflect"
        if op.option("Mode") != "REFLECT":
            raise Refusal("it repeats the outermost elements, too (SYMMETRIC); use REFLECT")
    rank = len(w.tensor(op.inputs[0]).shape)
    # (axes, before and after)
    pads = np.reshape(_numbers(op, w, 1), (rank, 2))
    pads = pads[list(_to_first(rank))]
    value = w.real(op.inputs[2]) if op.kind == "PADV2" else ""
    operands = [_channels_first(op, w), w.constant(pads.T.ravel()), *([value] if value else [])]
    return _channels_last(w, w.main("Pad", operands, mode=mode), rank)


@_translator("RESIZE_NEAREST_NEIGHBOR", keeps_values=True)
def _resize_nearest(op: Operator, w: Writer) -> str:
    if op.option("AlignCorners"):
        return _resized(op, w, "nearest", "align_corners", "round_prefer_ceil")
    if op.option("HalfPixelCenters"):
        return _resized(op, w, "nearest", "half_pixel", "round_prefer_ceil")
    return _resized(op, w, "nearest", "asymmetric", "floor")


@_translator("RESIZE_BILINEAR")
def _resize_bilinear(op: Operator, w: Writer) -> str:
    coordinates = "half_pixel" if op.option("HalfPixelCenters") else "asymmetric"
    if op.option("AlignCorners"):
        coordinates = "align_corners"
    return _resized(op, w, "linear", coordinates, "floor")


def _resized(op: Operator, w: Writer, mode: str, coordinates: str, rounding: str) -> str:
    operands = [_channels_first(op, w), "", "", w.real(op.inputs[1])]
    value = w.main(
        "Resize",
        operands,
        axes=[2, 3],
        mode=mode,
        coordinate_transformation_mode=coordinates,
        nearest_mode=rounding,
    )
    return _channels_last(w, value, 4)


@_translator("DEPTH_TO_SPACE", keeps_values=True)
def _depth_to_space(op: Operator, w: Writer) -> str:
    return _rearranged(op, w, "DepthToSpace")


@_translator("SPACE_TO_DEPTH")  # as a convolution, whose result is rounded
def _space_to_depth(op: Operator, w: Writer) -> str:
    return _rearranged(op, w, "SpaceToDepth")


def _rearranged(op: Operator, w: Writer, op_type: str) -> str:
    value = w.main(op_type, [_channels_first(op, w)], blocksize=op.option("BlockSize"))
    return _channels_last(w, value, 4)


# Views and parts.


@_translator("RESHAPE", keeps_values=True)
def _reshape(op: Operator, w: Writer) -> str:
    if _input(op, 1) >= 0:
        shape = w.real(op.inputs[1])
    else:
        shape = w.constant(op.options.get("NewShape", w.tensor(op.outputs[0]).shape))
    return w.main("Reshape", [w.real(op.inputs[0]), shape])


@_translator("SQUEEZE", keeps_values=True)
def _squeeze(op: Operator, w: Writer) -> str:
    axes = op.options.get("SqueezeDims", ())
    return w.main("Squeeze", [w.real(op.inputs[0]), *([w.constant(axes)] if axes else [])])


@_translator("EXPAND_DIMS", keeps_values=True)
def _expand_dims(op: Operator, w: Writer) -> str:
    return w.main("Unsqueeze", [w.real(op.inputs[0]), w.constant(_numbers(op, w, 1))])


@_translator("TRANSPOSE", keeps_values=True)
def _transpose(op: Operator, w: Writer) -> str:
    return w.main("Transpose", [w.real(op.inputs[0])], perm=_numbers(op, w, 1))


@_translator("CONCATENATION", keeps_values=True)
def _concatenation(op: Operator, w: Writer) -> str:
    value = w.main("Concat", [w.real(i) for i in op.inputs], axis=op.option("Axis"))
    return _activated(op, w, value)


@_translator("PACK", keeps_values=True)
def _pack(op: Operator, w: Writer) -> str:
    axis = op.option("Axis")
    parts = [w.node("Unsqueeze", [w.real(i), w.constant([axis])]) for i in op.inputs]
    return w.main("Concat", parts, axis=axis)


@_translator("UNPACK", keeps_values=True)
def _unpack(op: Operator, w: Writer) -> list[str]:
    axis = op.option("Axis")
    parts = _parts(op, w, w.real(op.inputs[0]), [1] * len(op.outputs), axis)
    return [w.node("Squeeze", [part, w.constant([axis])]) for part in parts]


@_translator("SPLIT", keeps_values=True)
def _split(op: Operator, w: Writer) -> list[str]:
    (axis,) = _numbers(op, w, 0)
    shape = w.tensor(op.inputs[1]).shape
    if not -len(shape) <= axis < len(shape) or shape[axis] % len(op.outputs):
        raise Refusal(f"it cannot divide axis {axis} of {list(shape)} into {len(op.outputs)} parts")
    sizes = [shape[axis] // len(op.outputs)] * len(op.outputs)
    return _parts(op, w, w.real(op.inputs[1]), sizes, axis)


@_translator("SPLIT_V", keeps_values=True)
def _split_v(op: Operator, w: Writer) -> list[str]:
    (axis,) = _numbers(op, w, 2)
    sizes = list(_numbers(op, w, 1))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = w.tensor(op.inputs[0]).shape[axis] - sum(sizes) - 1
    return _parts(op, w, w.real(op.inputs[0]), sizes, axis)


def _parts(op: Operator, w: Writer, value: str, sizes: Sequence[int], axis: int) -> list[str]:
    operands = [value, w.constant(sizes)]
    return w.node_of_many("Split", operands, len(op.outputs), main=True, axis=axis)


_END = np.iinfo(np.int64).max


@_translator("SLICE", keeps_values=True)
def _slice(op: Operator, w: Writer) -> str:
    starts, sizes = _numbers(op, w, 1), _numbers(op, w, 2)
    ends = [_END if size < 0 else at + size for at, size in zip(starts, sizes, strict=True)]
    return w.main("Slice", [w.real(op.inputs[0]), w.constant(starts), w.constant(ends)])


@_translator("STRIDED_SLICE", keeps_values=True)
def _strided_slice(op: Operator, w: Writer) -> str:
    if op.option("EllipsisMask") or op.option("NewAxisMask"):
        raise Refusal("it leaves axes out (...) or adds some (newaxis); name all axes, and reshape")
    starts, ends, steps = (list(_numbers(op, w, index)) for index in (1, 2, 3))
    if op.options.get("Offset"):
        ends = [at + size for at, size in zip(starts, ends, strict=True)]
    dropped = [axis for axis in range(len(starts)) if op.option("ShrinkAxisMask") >> axis & 1]
    for axis in range(len(starts)):
        backwards = steps[axis] < 0
        if axis in dropped:
            ends[axis], steps[axis] = starts[axis] + 1 or _END, 1
            continue
        if op.option("BeginMask") >> axis & 1:
            starts[axis] = _END if backwards else 0
        if op.option("EndMask") >> axis & 1:
            ends[axis] = -_END if backwards else _END
    rank = len(w.tensor(op.inputs[0]).shape)
    # Every n-th row and column: what images are known for.
    axes = np.argsort(_to_first(rank))[: len(starts)]
    operands = [w.constant(list(column)) for column in (starts, ends, axes, steps)]
    value = w.main("Slice", [_channels_first(op, w), *operands])
    value = _channels_last(w, value, rank)
    return w.node("Squeeze", [value, w.constant(dropped)]) if dropped else value


@_translator("GATHER", keeps_values=True)
def _gather(op: Operator, w: Writer) -> str:
    if op.options.get("BatchDims"):
        raise Refusal("it takes other elements for each sample (batch_dims); use batch_dims=0")
    return w.main("Gather", [w.real(i) for i in op.inputs[:2]], axis=op.option("Axis"))


@_translator("TILE", keeps_values=True)
def _tile(op: Operator, w: Writer) -> str:
    return w.main("Tile", [w.real(i) for i in op.inputs[:2]])


@_translator("BROADCAST_TO", keeps_values=True)
def _broadcast_to(op: Operator, w: Writer) -> str:
    return w.main("Expand", [w.real(i) for i in op.inputs[:2]])


@_translator("SHAPE")
def _shape(op: Operator, w: Writer) -> str:
    return w.main("Shape", [w.real(op.inputs[0])])


# What they have in common.


def _input(op: Operator, place: int) -> int:
    """An input that may be absent: its tensor, else -1."""
    return op.inputs[place] if place < len(op.inputs) else -1


def _numbers(op: Operator, w: Writer, place: int) -> tuple[int, ...]:
    """An input that has to be a constant of integers."""
    tensor = w.tensor(op.inputs[place])
    if tensor.data is None or tensor.data.dtype.kind != "i":
        raise Refusal(
            f"'{tensor.name}' has to be a constant of integers, but the network computes it; "
            "convert the model with fixed shapes"
        )
    return tuple(tensor.data.ravel().tolist())


def _channels(op: Operator, w: Writer) -> int:
    """Channels of the first input."""
    shape = w.tensor(op.inputs[0]).shape
    if len(shape) != 4:
        raise Refusal(f"its input has shape {list(shape)}; four axes are needed")
    return shape[3]


def _to_first(rank: int) -> tuple[int, ...]:
    """Axes (batch, ..., channels) in the order (batch, channels, ...)."""
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 else tuple(range(rank))


def _channels_first(op: Operator, w: Writer, place: int = 0) -> str:
    """An input as ONNX has images."""
    rank = len(w.tensor(op.inputs[place]).shape)
    return w.real(op.inputs[place], _to_first(rank) if rank > 2 else None)


def _channels_last(w: Writer, value: str, rank: int) -> str:
    """An image as TFLite has it."""
    if rank < 3:
        return value
    return w.node("Transpose", [value], perm=np.argsort(_to_first(rank)).tolist())

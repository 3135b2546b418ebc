"""TFLite files of one operator each, in int8, uint8 and float."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from tflite_models import Tflite

CASES: dict[str, Callable[[Case], bytes]] = {}
"""By name: what makes the file, of a `Case`."""


class Case:
    """A file in the making, of tensors of one type."""

    SCALE = 0.053

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.is_float = dtype == "float32"
        self.file = Tflite()
        self.rng = np.random.default_rng(len(dtype))

    def tensor(self, shape: Sequence[int], scale: float = SCALE, zero: int = 3, **options) -> int:
        """A tensor; the zero point is that of int8."""
        if self.is_float:
            return self.file.tensor(shape, "float32", **options)
        zero += 128 if self.dtype == "uint8" else 0
        return self.file.tensor(shape, self.dtype, scale=scale, zero=zero, **options)

    def weights(self, shape: Sequence[int], axis: int, **options) -> int:
        """Constants; per channel in int8, of a zero point in uint8."""
        if self.is_float:
            return self.file.tensor(shape, data=self.rng.normal(0, 0.3, shape))
        lo, hi = (-127, 128) if self.dtype == "int8" else (0, 256)
        data = self.rng.integers(lo, hi, shape)
        if self.dtype == "uint8":
            return self.file.tensor(shape, "uint8", scale=0.0107, zero=121, data=data)
        self.scales = np.linspace(0.0071, 0.0153, shape[axis])
        return self.file.tensor(shape, "int8", scale=self.scales, axis=axis, data=data)

    def bias(self, size: int) -> int:
        if self.is_float:
            return self.file.tensor([size], data=self.rng.normal(0, 1, size))
        of_weights = self.scales if self.dtype == "int8" else 0.0107
        scale = np.float32(self.SCALE) * np.float32(of_weights)
        return self.file.tensor(
            [size], "int32", scale=scale, data=self.rng.integers(-900, 900, size)
        )

    def integers(self, values: object) -> int:
        return self.file.tensor(np.shape(values), "int32", data=values)


def case(name: str, build: Callable[[Case], tuple[list[int], list[int]]]) -> None:
    def make(made: Case) -> bytes:
        return made.file.file(*build(made))

    CASES[name] = make


def _windows(size: Sequence[int], kernel: Sequence[int], stride: int, same: bool) -> list[int]:
    if same:
        return [-(-n // stride) for n in size]
    return [(n - k) // stride + 1 for n, k in zip(size, kernel, strict=True)]


def _conv(
    *,
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
    same: bool = True,
    dilation: int = 1,
    activation: int = 0,
    groups: int = 1,
    depthwise: int = 0,
) -> Callable[[Case], tuple[list[int], list[int]]]:
    size, channels, out = (9, 8), 4, 6

    def build(c: Case) -> tuple[list[int], list[int]]:
        x = c.tensor([1, *size, channels], signature=[-1, *size, channels])
        results = channels * depthwise or out
        if depthwise:
            weights = c.weights([1, *kernel, results], 3)
        else:
            weights = c.weights([out, *kernel, channels // groups], 0)
        spans = [(k - 1) * dilation + 1 for k in kernel]
        y = c.tensor([1, *_windows(size, spans, stride, same), results], 0.117, -11)
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        extra = {"DepthMultiplier": depthwise} if depthwise else {}
        c.file.operator(
            kind,
            [x, weights, c.bias(results)],
            [y],
            "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
            Padding=0 if same else 1,
            StrideW=stride,
            StrideH=stride,
            DilationWFactor=dilation,
            DilationHFactor=dilation,
            FusedActivationFunction=activation,
            **extra,
        )
        return [x], [y]

    return build


case("conv", _conv())
case("conv valid, stride 2", _conv(same=False, stride=2, activation=1))
case("conv asymmetric padding", _conv(stride=2, activation=3))
case("conv even kernel", _conv(kernel=(4, 2), stride=2))
case("conv dilated", _conv(dilation=2))
case("conv of a pixel in nine", _conv(kernel=(1, 1), stride=3))
case("conv in groups", _conv(groups=2, activation=2))


def _dilated_by_batches(
    blocks: Sequence[int],
    pads: Sequence[Sequence[int]],
    crops: Sequence[Sequence[int]],
    *,
    same: bool = False,
    depthwise: bool = False,
) -> Callable[[Case], tuple[list[int], list[int]]]:
    """An image cut to images of every n-th row and column, convolved, and put together."""
    size, channels = (9, 8), 4

    def build(c: Case) -> tuple[list[int], list[int]]:
        parts = int(np.prod(blocks))
        x = c.tensor([1, *size, channels])
        small = [
            (n + sum(p)) // block for n, p, block in zip(size, pads, blocks, strict=True)
        ]  # the division leaves no rest
        cut = c.tensor([parts, *small, channels])
        results = channels if depthwise else 6
        if depthwise:
            weights = c.weights([1, 3, 3, results], 3)
        else:
            weights = c.weights([results, 3, 3, channels], 0)
        after = _windows(small, (3, 3), 1, same)
        convolved = c.tensor([parts, *after, results], 0.117, -11)
        whole = [n * block - sum(crop) for n, block, crop in zip(after, blocks, crops, strict=True)]
        y = c.tensor([1, *whole, results], 0.117, -11)
        block = c.integers(blocks)
        c.file.operator(
            "SPACE_TO_BATCH_ND", [x, block, c.integers(pads)], [cut], "SpaceToBatchNDOptions"
        )
        c.file.operator(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            [cut, weights, c.bias(results)],
            [convolved],
            "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
            Padding=0 if same else 1,
            StrideW=1,
            StrideH=1,
            FusedActivationFunction=1,
            **({"DepthMultiplier": 1} if depthwise else {}),
        )
        c.file.operator(
            "BATCH_TO_SPACE_ND",
            [convolved, block, c.integers(crops)],
            [y],
            "BatchToSpaceNDOptions",
        )
        return [x], [y]

    return build


_AS_SAME = [[2, 3], [2, 2]], [[0, 1], [0, 0]]
"""Pads and crops of SAME for 9 rows and 8 columns that are 2 apart."""

case("conv dilated by batches", _dilated_by_batches([2, 2], *_AS_SAME))
case("depthwise dilated by batches", _dilated_by_batches([2, 2], *_AS_SAME, depthwise=True))
case(
    "conv of other blocks, cropped",
    _dilated_by_batches([3, 1], [[3, 3], [1, 1]], [[1, 0], [0, 1]]),
)
case(
    "conv that pads what is cut",
    _dilated_by_batches([1, 2], [[0, 0], [2, 2]], [[0, 0], [1, 2]], same=True),
)
case("depthwise", _conv(depthwise=1, activation=3))
case("depthwise, stride 2", _conv(depthwise=1, stride=2))
case("depthwise, two a channel", _conv(depthwise=2, same=False))


def _dense(
    shape: tuple[int, ...], *, keep: bool = False
) -> Callable[[Case], tuple[list[int], list[int]]]:
    def build(c: Case) -> tuple[list[int], list[int]]:
        inputs = shape[-1] if keep else int(np.prod(shape))
        x = c.tensor(shape)
        y = c.tensor([*shape[:-1], 6] if keep else [1, 6], 0.117, -11)
        operands = [x, c.weights([6, inputs], 0), c.bias(6)]
        c.file.operator("FULLY_CONNECTED", operands, [y], "FullyConnectedOptions", KeepNumDims=keep)
        return [x], [y]

    return build


case("dense", _dense((1, 12)))
case("dense of an image", _dense((1, 3, 4, 5)))
case("dense of each row", _dense((1, 7, 12), keep=True))


def _transpose_conv(
    kernel: int, stride: int, same: bool
) -> Callable[[Case], tuple[list[int], list[int]]]:
    def build(c: Case) -> tuple[list[int], list[int]]:
        size = (5, 4)
        out = [n * stride if same else (n - 1) * stride + kernel for n in size]
        x = c.tensor([1, *size, 3])
        y = c.tensor([1, *out, 4], 0.117, -11)
        operands = [c.integers([1, *out, 4]), c.weights([4, kernel, kernel, 3], 0), x, c.bias(4)]
        c.file.operator(
            "TRANSPOSE_CONV",
            operands,
            [y],
            "TransposeConvOptions",
            Padding=0 if same else 1,
            StrideW=stride,
            StrideH=stride,
        )
        return [x], [y]

    return build


case("transposed conv", _transpose_conv(3, 2, True))
case("transposed conv valid", _transpose_conv(3, 2, False))
case("transposed conv even", _transpose_conv(2, 2, True))


def _one(
    kind: str,
    table: str = "",
    shape: Sequence[int] = (1, 6, 7, 8),
    out: Sequence[int] | None = None,
    *,
    scale: float = Case.SCALE,
    zero: int = 3,
    numbers: Sequence[object] = (),
    **options,
) -> Callable[[Case], tuple[list[int], list[int]]]:
    """An operator of one tensor, and of constants."""

    def build(c: Case) -> tuple[list[int], list[int]]:
        x = c.tensor(shape)
        y = c.tensor(out or shape, scale, zero)
        c.file.operator(kind, [x, *map(c.integers, numbers)], [y], table, **options)
        return [x], [y]

    return build


for _kind in ("AVERAGE", "MAX"):
    for _name, _padding, _out in (("same", 0, (1, 3, 4, 8)), ("valid", 1, (1, 2, 3, 8))):
        case(
            f"{_kind.lower()} pool {_name}",
            _one(
                f"{_kind}_POOL_2D",
                "Pool2DOptions",
                out=_out,
                Padding=_padding,
                StrideW=2,
                StrideH=2,
                FilterWidth=3,
                FilterHeight=3,
                FusedActivationFunction=1 - _padding,
            ),
        )
for _kind in ("RELU", "RELU6", "RELU_N1_TO_1"):
    case(_kind, _one(_kind))
case("LEAKY_RELU", _one("LEAKY_RELU", "LeakyReluOptions", scale=0.041, Alpha=0.1))
case("ELU", _one("ELU"))
case("HARD_SWISH", _one("HARD_SWISH", "HardSwishOptions", scale=0.06, zero=-100))
case("QUANTIZE", _one("QUANTIZE", "QuantizeOptions", scale=0.071, zero=-20))
case("TANH", _one("TANH", scale=1 / 128, zero=0))
_KEEP, _DROP = {"KeepDims": True}, {"KeepDims": False}
case("MEAN", _one("MEAN", "ReducerOptions", out=(1, 8), scale=0.021, numbers=[[1, 2]], **_DROP))
case("MEAN kept", _one("MEAN", "ReducerOptions", out=(1, 1, 1, 8), numbers=[[1, 2]], **_KEEP))
case("SUM", _one("SUM", "ReducerOptions", out=(1, 8), scale=0.41, numbers=[[1, 2]], **_DROP))
case("REDUCE_MAX", _one("REDUCE_MAX", "ReducerOptions", out=(1, 8), numbers=[[1, 2]], **_DROP))
_AROUND = [[0, 0], [1, 2], [0, 2], [0, 0]]
case("PAD", _one("PAD", "PadOptions", out=(1, 9, 9, 8), numbers=[_AROUND]))
_NEAREST = {"out": (1, 12, 14, 8), "numbers": [[12, 14]]}
case("nearest", _one("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", **_NEAREST))
case(
    "nearest, half pixels",
    _one(
        "RESIZE_NEAREST_NEIGHBOR",
        "ResizeNearestNeighborOptions",
        **_NEAREST,
        HalfPixelCenters=True,
    ),
)
case(
    "bilinear",
    _one("RESIZE_BILINEAR", "ResizeBilinearOptions", **_NEAREST, HalfPixelCenters=True),
)
case("TRANSPOSE", _one("TRANSPOSE", "TransposeOptions", out=(1, 8, 6, 7), numbers=[[0, 3, 1, 2]]))
case("RESHAPE", _one("RESHAPE", "ReshapeOptions", out=(1, 336), numbers=[[1, -1]]))
case("RESHAPE by option", _one("RESHAPE", "ReshapeOptions", out=(1, 336), NewShape=[1, 336]))
case("SQUEEZE", _one("SQUEEZE", "SqueezeOptions", (1, 1, 7, 8), (1, 7, 8), SqueezeDims=[1]))
case("EXPAND_DIMS", _one("EXPAND_DIMS", "", (1, 7, 8), (1, 1, 7, 8), numbers=[[1]]))
case("SLICE", _one("SLICE", "", out=(1, 4, 7, 3), numbers=[[0, 1, 0, 2], [1, 4, -1, 3]]))


def _strided(out: Sequence[int], begin: int, shrink: int, numbers: Sequence[object]) -> object:
    masks = {"BeginMask": begin, "EndMask": 5, "ShrinkAxisMask": shrink}
    return _one("STRIDED_SLICE", "StridedSliceOptions", out=out, numbers=numbers, **masks)


_ONES = [1, 1, 1, 1]
case("STRIDED_SLICE", _strided((1, 3, 6, 8), 1, 0, [[0, 1, 1, 0], [1, 6, 0, 8], [1, 2, 1, 1]]))
case("STRIDED_SLICE of one row", _strided((1, 7, 8), 0, 2, [[0, -1, 0, 0], [1, 0, 7, 8], _ONES]))
_BLOCK = {"BlockSize": 2}
case(
    "SPACE_TO_DEPTH",
    _one("SPACE_TO_DEPTH", "SpaceToDepthOptions", (1, 6, 8, 3), (1, 3, 4, 12), **_BLOCK),
)
case(
    "DEPTH_TO_SPACE",
    _one("DEPTH_TO_SPACE", "DepthToSpaceOptions", (1, 3, 4, 12), (1, 6, 8, 3), **_BLOCK),
)


def _prelu(c: Case) -> tuple[list[int], list[int]]:
    x, y = c.tensor([1, 6, 7, 8]), c.tensor([1, 6, 7, 8])
    slopes = (
        np.linspace(0.1, 0.9, 8)
        if c.is_float
        else np.arange(8) * 9 + 140 - (c.dtype == "int8") * 128
    )
    alpha = c.tensor([1, 1, 8], 0.0117, 0, data=slopes)
    c.file.operator("PRELU", [x, alpha], [y])
    return [x], [y]


case("PRELU", _prelu)


def _padv2(c: Case) -> tuple[list[int], list[int]]:
    x, y = c.tensor([1, 6, 7, 8]), c.tensor([1, 9, 9, 8])
    value = c.tensor([1], data=[1.5] if c.is_float else [77])
    c.file.operator("PADV2", [x, c.integers(_AROUND), value], [y], "PadV2Options")
    return [x], [y]


case("PADV2", _padv2)


def _two(
    kind: str,
    table: str,
    scale: float,
    other: Sequence[int] = (1, 6, 7, 8),
    *,
    constant: bool = False,
    **options,
) -> Callable[[Case], tuple[list[int], list[int]]]:
    def build(c: Case) -> tuple[list[int], list[int]]:
        a = c.tensor([1, 6, 7, 8])
        values = c.rng.normal(size=other) if c.is_float else c.rng.integers(0, 120, other)
        b = c.tensor(other, 0.081, -20, **({"data": values} if constant else {}))
        y = c.tensor([1, 6, 7, 8], scale, 5)
        c.file.operator(kind, [a, b], [y], table, **options)
        return [a] if constant else [a, b], [y]

    return build


for _kind, _table, _scale in (
    ("ADD", "AddOptions", 0.103),
    ("SUB", "SubOptions", 0.103),
    ("MUL", "MulOptions", 0.31),
):
    case(_kind, _two(_kind, _table, _scale))
    case(f"{_kind} with RELU", _two(_kind, _table, _scale, FusedActivationFunction=1))
    case(f"{_kind} per channel", _two(_kind, _table, _scale, (8,), constant=True))
    case(f"{_kind} broadcast", _two(_kind, _table, _scale, (1, 1, 1, 8)))


def _concatenation(*zeros: int) -> Callable[[Case], tuple[list[int], list[int]]]:
    def build(c: Case) -> tuple[list[int], list[int]]:
        parts = [c.tensor([1, 4, 4, 2 + i], Case.SCALE, zero) for i, zero in enumerate(zeros)]
        y = c.tensor([1, 4, 4, 5])
        c.file.operator("CONCATENATION", parts, [y], "ConcatenationOptions", Axis=3)
        return parts, [y]

    return build


case("CONCATENATION", _concatenation(3, 3))
case("CONCATENATION requantized", _concatenation(3, -20))


def _pack(c: Case) -> tuple[list[int], list[int]]:
    parts = [c.tensor([1, 4, 4, 3]) for _ in range(2)]
    y = c.tensor([1, 2, 4, 4, 3])
    c.file.operator("PACK", parts, [y], "PackOptions", Axis=1, ValuesCount=2)
    return parts, [y]


def _unpack(c: Case) -> tuple[list[int], list[int]]:
    x, parts = c.tensor([1, 2, 4, 3]), [c.tensor([1, 4, 3]) for _ in range(2)]
    c.file.operator("UNPACK", [x], parts, "UnpackOptions", Axis=1, Num=2)
    return [x], parts


def _split(c: Case) -> tuple[list[int], list[int]]:
    x, parts = c.tensor([1, 4, 4, 6]), [c.tensor([1, 4, 4, 3]) for _ in range(2)]
    c.file.operator("SPLIT", [c.integers(3), x], parts, "SplitOptions", NumSplits=2)
    return [x], parts


def _split_v(c: Case) -> tuple[list[int], list[int]]:
    x, parts = c.tensor([1, 4, 4, 6]), [c.tensor([1, 4, 4, n]) for n in (2, 4)]
    operands = [x, c.integers([2, -1]), c.integers(3)]
    c.file.operator("SPLIT_V", operands, parts, "SplitVOptions", NumSplits=2)
    return [x], parts


case("PACK", _pack)
case("UNPACK", _unpack)
case("SPLIT", _split)
case("SPLIT_V", _split_v)

ON_HOST: dict[str, Callable[[Case], bytes]] = {}
"""Operators at the end of a network that stay with the host."""

for _name, _build in {
    "SOFTMAX": _one("SOFTMAX", "SoftmaxOptions", (1, 10), scale=1 / 256, zero=-128, Beta=1.0),
    "SOFTMAX, beta": _one("SOFTMAX", "SoftmaxOptions", (1, 10), scale=1 / 256, zero=-128, Beta=0.5),
    "LOGISTIC": _one("LOGISTIC", "", (1, 10), scale=1 / 256, zero=-128),
}.items():
    case(_name, _build)
    ON_HOST[_name] = CASES.pop(_name)

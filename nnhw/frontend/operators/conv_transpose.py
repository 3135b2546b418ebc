"""Transposed convolution ("deconvolution"), as a convolution with several pixels of output a step.

Along one axis an output of place y (before padding is cut off) is the sum over the inputs of place
i and the taps k for which y = i * stride + k. In blocks of `block` outputs, a multiple of the
stride, y = q * block + r, the taps of one block lie on a window of inputs that moves by
block / stride from block to block: a convolution whose output channels are r and the ONNX output
channels. The channels r are then moved to pixels: by DepthToSpace if there are as many rows as
columns in a block, and by nothing but another shape if it has only one row. Last, the block that
ONNX wants is cut out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...ir import Conv, DepthToSpace, Reshape, Slice, Window
from ..builder import Builder, Image
from ..node import OnnxNode
from ..one_hot import admit_weights
from ..problems import NodeError
from ..value import Value
from ..weight_steps import WeightSteps, weight_steps
from ..windows import auto_pad_of, axis_numbers
from .conv import channel_bias
from .registry import operator


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """One axis of a transposed convolution.

    Parameters
    ----------
    size, outputs
        Elements of input and output.
    kernel
        Taps, those included that dilation leaves out.
    stride, begin
        Stride, and the number of outputs that are cut off in front.
    block
        Outputs a step of the convolution.
    """

    size: int
    outputs: int
    kernel: int
    stride: int
    begin: int
    block: int

    @property
    def step(self) -> int:
        """Inputs from one block to the next."""
        return self.block // self.stride

    @property
    def behind(self) -> int:
        """Inputs in front of a block's first that reach into the block."""
        return (self.kernel - 1) // self.stride

    @property
    def window(self) -> int:
        """Inputs that reach into a block."""
        return self.behind + self.step

    @property
    def first(self) -> int:
        """The first block that is computed: as few as possible of those that are cut off."""
        return min(self.begin // self.block, self.behind // self.step)

    @property
    def pads(self) -> tuple[int, int]:
        """Padding of the input, for all blocks up to the last that is wanted."""
        end = -(-(self.begin + self.outputs) // self.block)
        return self.behind - self.first * self.step, max(0, end * self.step - self.size)

    @property
    def cut(self) -> int:
        """Computed outputs in front of the first that is wanted."""
        return self.begin - self.first * self.block

    def taps(self) -> np.ndarray:
        """int64 (block, window): the tap by which an input reaches an output, or -1."""
        outputs = np.arange(self.block)[:, None]
        taps = outputs - self.stride * (np.arange(self.window) - self.behind)
        return np.where((taps >= 0) & (taps < self.kernel), taps, -1)


@operator(
    "ConvTranspose",
    attributes=(
        *("auto_pad", "dilations", "group", "kernel_shape"),
        *("output_padding", "output_shape", "pads", "strides"),
    ),
    remark="1-D and 2-D; a convolution that computes stride * stride pixels at a time",
)
def conv_transpose(node: OnnxNode, build: Builder) -> Value:
    """ConvTranspose-22 and its older definitions, which differ in types only."""
    image = build.image(node)
    weight = _weight(node, image.rank, image.shape[2])
    vertical, horizontal = _axes(node, image, weight.shape[2:])
    out = weight.shape[1]
    window = Window(
        kernel=(vertical.window, horizontal.window),
        stride=(vertical.step, horizontal.step),
        pads=(vertical.pads[0], horizontal.pads[0], vertical.pads[1], horizontal.pads[1]),
    )
    rows, cols = window.output_size(*image.shape[:2])
    admit_weights(
        node.title,
        (vertical.block * horizontal.block * out, *window.kernel, image.shape[2]),
    )
    blocks = vertical.block, horizontal.block
    tensor = build.add(
        Conv,
        node,
        (image.tensor,),
        (rows, cols, math.prod(blocks) * out),
        window=window,
        weight=_blocked(weight, vertical, horizontal),
        bias=np.tile(channel_bias(node, out), math.prod(blocks)),
        **{
            name: None if array is None else np.tile(array, math.prod(blocks))
            for name, array in _weight_steps(node).items()
        },
    )
    rows, cols = rows * blocks[0], cols * blocks[1]
    if blocks[0] > 1:
        tensor = build.add(DepthToSpace, node, (tensor,), (rows, cols, out), block=blocks[0])
    elif blocks[1] > 1:
        tensor = build.add(Reshape, node, (tensor,), (rows, cols, out))
    shape = (vertical.outputs, horizontal.outputs, out)
    if shape != (rows, cols, out):
        start = (vertical.cut, horizontal.cut, 0)
        tensor = build.add(Slice, node, (tensor,), shape, start=start)
    return image.result(tensor, shape)


def _weight(node: OnnxNode, rank: int, channels: int) -> np.ndarray:
    """(in, out, kernel rows, kernel columns), with one group."""
    given = node.weights(1)
    groups = node.attribute("group")
    if given.ndim != rank or len(given) != channels or channels % groups:
        raise NodeError(
            f"weights of shape {given.shape} in {groups} groups do not fit an input of {channels} "
            f"channels and {rank - 2} spatial axes; export the model again"
        )
    kernel = given.shape[2:]
    if tuple(node.attribute("kernel_shape") or kernel) != kernel:
        raise NodeError(
            f"kernel_shape={node.attribute('kernel_shape')} is not that of its weights; export the "
            "model again"
        )
    given = given.reshape(*given.shape[:2], *(1,) * (4 - rank), *kernel)
    dilations = _two_axes(axis_numbers(node, "dilations", rank - 2, least=1, default=1))
    inputs, outputs = channels // groups, given.shape[1]
    spread = [(k - 1) * d + 1 for k, d in zip(given.shape[2:], dilations, strict=True)]
    admit_weights(node.title, (channels, groups * outputs, *spread))
    weight = np.zeros((channels, groups * outputs, *given.shape[2:]))
    for group in range(groups):
        rows = slice(group * inputs, (group + 1) * inputs)
        weight[rows, group * outputs : (group + 1) * outputs] = given[rows]
    return _spread(weight, dilations)


def _weight_steps(node: OnnxNode) -> WeightSteps:
    """How each output channel's weights arrived."""
    steps = node.steps(1)
    if steps is None:
        return weight_steps(node, node.weights(1), None)
    groups = node.attribute("group")
    given, steps = (
        array.reshape(groups, -1, *array.shape[1:])
        .swapaxes(1, 2)
        .reshape(groups * array.shape[1], -1)
        for array in (node.weights(1), steps)
    )
    return weight_steps(node, given, steps)


def _spread(weight: np.ndarray, dilations: tuple[int, int]) -> np.ndarray:
    """The weights with the taps that dilation leaves out as zeros."""
    rows, cols = weight.shape[2:]
    result = np.zeros(
        (*weight.shape[:2], (rows - 1) * dilations[0] + 1, (cols - 1) * dilations[1] + 1)
    )
    result[:, :, :: dilations[0], :: dilations[1]] = weight
    return result


def _blocked(weight: np.ndarray, vertical: _Axis, horizontal: _Axis) -> np.ndarray:
    """Weights (in, out, rows, columns) as those of the convolution that computes blocks."""
    with_none = np.pad(weight, ((0, 0), (0, 0), (0, 1), (0, 1)))  # tap -1 is zero
    taps_y, taps_x = vertical.taps(), horizontal.taps()
    picked = with_none[:, :, taps_y[:, :, None, None], taps_x[None, None]]
    # (in, out, block row, window row, block column, window column)
    ordered = picked.transpose(2, 4, 1, 3, 5, 0)
    return ordered.reshape(-1, *ordered.shape[3:])


def _axes(node: OnnxNode, image: Image, kernel: tuple[int, ...]) -> tuple[_Axis, _Axis]:
    """The vertical and the horizontal axis."""
    rank = image.rank - 2
    strides = _two_axes(axis_numbers(node, "strides", rank, least=1, default=1))
    extra = _two_axes(axis_numbers(node, "output_padding", rank, least=0, default=0), 0)
    pads = axis_numbers(node, "pads", 2 * rank, least=0, default=0)
    begins, ends = _two_axes(pads[:rank], 0), _two_axes(pads[rank:], 0)
    given = node.attribute("output_shape")
    shapes = (None,) * (2 - rank) + tuple(given[-rank:] if given else (None,) * rank)
    auto_pad = auto_pad_of(node)
    # A block of several rows has to be square: that is what DepthToSpace takes apart.
    blocks = (1, strides[1]) if strides[0] == 1 else (math.lcm(*strides),) * 2
    axes = []
    for i in range(2):
        full = (image.shape[i] - 1) * strides[i] + kernel[i]
        begin, outputs = begins[i], full - begins[i] - ends[i] + extra[i]
        if shapes[i] is not None or auto_pad.startswith("SAME"):
            outputs = shapes[i] or image.shape[i] * strides[i]
            total = max(0, full + extra[i] - outputs)
            begin = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
            if shapes[i] is None:  # as onnxruntime: a kernel below the stride is not padded
                outputs = full + extra[i] - total
        if outputs < 1:
            raise NodeError(f"its pads {pads} cut off all of its result; use smaller ones")
        axes.append(
            _Axis(
                size=image.shape[i],
                outputs=outputs,
                kernel=kernel[i],
                stride=strides[i],
                begin=begin,
                block=blocks[i],
            )
        )
    return axes[0], axes[1]


def _two_axes(numbers: tuple[int, ...], missing: int = 1) -> tuple[int, int]:
    """Numbers of one or two spatial axes as (vertical, horizontal)."""
    vertical, horizontal = (missing,) * (2 - len(numbers)) + numbers
    return vertical, horizontal

"""Resolves ONNX's ways of giving the geometry of a sliding window into plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..ir import Window
from .builder import Image
from .node import OnnxNode
from .problems import NodeError


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A sliding window along one axis.

    Parameters
    ----------
    size
        Elements of the input.
    kernel, stride, dilation
        Of the window.
    before, after
        Padding that the model asks for, with auto_pad resolved.
    beyond
        Further padding after it, which ceil_mode needs for its last output.
    """

    size: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    beyond: int = 0

    def outputs(self) -> int:
        """Number of outputs."""
        span = (self.kernel - 1) * self.dilation + 1
        return (self.size + self.before + self.after + self.beyond - span) // self.stride + 1

    def counts(self, *, include_pad: bool) -> np.ndarray:
        """For each output the number of taps on the input (or on the padding asked for)."""
        first = np.arange(self.outputs()) * self.stride - self.before
        low, high = (-self.before, self.size + self.after) if include_pad else (0, self.size)
        # The taps before each bound: as many as steps from the first tap lead up to it.
        below, within = (
            np.clip(-((first - bound) // self.dilation), 0, self.kernel) for bound in (low, high)
        )
        return within - below


def sliding_axes(node: OnnxNode, image: Image, kernel: tuple[int, ...]) -> tuple[Axis, Axis]:
    """The vertical and the horizontal axis of the node's window.

    Reads auto_pad, ceil_mode, dilations, pads and strides, as far as the operator has them, by the
    definitions of Conv-22, MaxPool-22 and AveragePool-22, which hold for all older opsets as well.

    Parameters
    ----------
    node
        Conv, MaxPool or AveragePool.
    image
        Its input.
    kernel
        One size for each spatial axis.

    Raises
    ------
    NodeError
        If the attributes contradict each other, or the window does not fit the input.
    """
    rank = image.rank - 2
    strides = axis_numbers(node, "strides", rank, least=1, default=1)
    dilations = axis_numbers(node, "dilations", rank, least=1, default=1)
    pads = axis_numbers(node, "pads", 2 * rank, least=0, default=0)
    auto_pad = auto_pad_of(node)
    if auto_pad != "NOTSET" and any(pads):
        raise NodeError(f"it has both auto_pad={auto_pad!r} and pads={pads}; remove one of them")
    if len(kernel) != rank or min(kernel) < 1:
        raise NodeError(
            f"kernel {kernel} does not fit an input of {rank} spatial axes; export the model again"
        )
    axes = []
    for i, size in enumerate(image.shape[2 - rank : 2]):
        axis = Axis(
            size=size,
            kernel=kernel[i],
            stride=strides[i],
            dilation=dilations[i],
            before=pads[i],
            after=pads[i + rank],
        )
        axes.append(_resolve(axis, auto_pad, bool(node.attribute("ceil_mode"))))
        if axes[-1].outputs() < 1:
            raise NodeError(
                f"its window, {kernel} with dilations {dilations}, is larger than its padded "
                "input; use a larger input, or pads"
            )
    vertical, horizontal = [Axis(size=image.shape[0])] * (2 - rank) + axes
    return vertical, horizontal


def auto_pad_of(node: OnnxNode) -> str:
    """The attribute auto_pad.

    Raises
    ------
    NodeError
        If ONNX does not define it.
    """
    auto_pad = node.attribute("auto_pad")
    if auto_pad not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise NodeError(f"auto_pad={auto_pad!r} is not defined by ONNX; use pads")
    return auto_pad


def window_of(vertical: Axis, horizontal: Axis) -> Window:
    """Both axes as a window."""
    return Window(
        kernel=(vertical.kernel, horizontal.kernel),
        stride=(vertical.stride, horizontal.stride),
        pads=(
            vertical.before,
            horizontal.before,
            vertical.after + vertical.beyond,
            horizontal.after + horizontal.beyond,
        ),
        dilation=(vertical.dilation, horizontal.dilation),
    )


def _resolve(axis: Axis, auto_pad: str, ceil_mode: bool) -> Axis:
    span = (axis.kernel - 1) * axis.dilation + 1
    before, after, beyond = axis.before, axis.after, 0
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        outputs = math.ceil(axis.size / axis.stride)
        total = max(0, (outputs - 1) * axis.stride + span - axis.size)
        # The odd element goes to the end for SAME_UPPER.
        before = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
        after = total - before
    elif ceil_mode:
        room = axis.size + before + after - span
        outputs = math.ceil(room / axis.stride) + 1
        # A window that would start in the padding at the end is left out.
        if (outputs - 1) * axis.stride >= axis.size + before:
            outputs -= 1
        beyond = max(0, (outputs - 1) * axis.stride - room)
    return Axis(
        size=axis.size,
        kernel=axis.kernel,
        stride=axis.stride,
        dilation=axis.dilation,
        before=before,
        after=after,
        beyond=beyond,
    )


def axis_numbers(
    node: OnnxNode, name: str, count: int, *, least: int, default: int
) -> tuple[int, ...]:
    """An attribute of `count` integers; each `default` if it is absent.

    Raises
    ------
    NodeError
        If there are not `count`, or one is below `least`.
    """
    values = node.attribute(name)
    if values is None:
        return (default,) * count
    if len(values) != count or min(values) < least:
        raise NodeError(
            f"{name}={list(values)} has to be {count} integers of at least {least}; export the "
            "model again"
        )
    return tuple(values)

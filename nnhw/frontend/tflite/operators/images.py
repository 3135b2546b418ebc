"""Windows of images, and images of other sizes."""

from __future__ import annotations

import numpy as np

from ..network import Operator
from ..writer import Refusal, Writer
from .fused import activated
from .operands import channels_first, channels_last, numbers, padding, to_first
from .registry import translates


@translates("AVERAGE_POOL_2D")
def _average_pool(op: Operator, w: Writer) -> str:
    return _pooled(op, w, "AveragePool")


@translates("MAX_POOL_2D", keeps_values=True)
def _max_pool(op: Operator, w: Writer) -> str:
    return _pooled(op, w, "MaxPool")


def _pooled(op: Operator, w: Writer, op_type: str) -> str:
    kernel = [op.option("FilterHeight"), op.option("FilterWidth")]
    window = padding(op, w, kernel)
    del window["dilations"]  # which AveragePool has in newer opsets only
    value = w.main(
        op_type,
        [channels_first(op, w)],
        kernel_shape=kernel,
        strides=[op.option("StrideH"), op.option("StrideW")],
        **window,
    )
    return channels_last(w, activated(op, w, value), 4)


@translates("PAD", "PADV2", "MIRROR_PAD", keeps_values=True)
def _pad(op: Operator, w: Writer) -> str:
    mode = "constant"
    if op.kind == "MIRROR_PAD":
        mode = "reflect"
        if op.option("Mode") != "REFLECT":
            raise Refusal("it repeats the outermost elements, too (SYMMETRIC); use REFLECT")
    rank = len(w.tensor(op.inputs[0]).shape)
    # (axes, before and after)
    pads = np.reshape(numbers(op, w, 1), (rank, 2))
    pads = pads[list(to_first(rank))]
    value = w.real(op.inputs[2]) if op.kind == "PADV2" else ""
    operands = [channels_first(op, w), w.constant(pads.T.ravel()), *([value] if value else [])]
    return channels_last(w, w.main("Pad", operands, mode=mode), rank)


@translates("RESIZE_NEAREST_NEIGHBOR", keeps_values=True)
def _resize_nearest(op: Operator, w: Writer) -> str:
    if op.option("AlignCorners"):
        return _resized(op, w, "nearest", "align_corners", "round_prefer_ceil")
    if op.option("HalfPixelCenters"):
        return _resized(op, w, "nearest", "half_pixel", "round_prefer_ceil")
    return _resized(op, w, "nearest", "asymmetric", "floor")


@translates("RESIZE_BILINEAR")
def _resize_bilinear(op: Operator, w: Writer) -> str:
    coordinates = "half_pixel" if op.option("HalfPixelCenters") else "asymmetric"
    if op.option("AlignCorners"):
        coordinates = "align_corners"
    return _resized(op, w, "linear", coordinates, "floor")


def _resized(op: Operator, w: Writer, mode: str, coordinates: str, rounding: str) -> str:
    operands = [channels_first(op, w), "", "", w.real(op.inputs[1])]
    value = w.main(
        "Resize",
        operands,
        axes=[2, 3],
        mode=mode,
        coordinate_transformation_mode=coordinates,
        nearest_mode=rounding,
    )
    return channels_last(w, value, 4)


@translates("DEPTH_TO_SPACE", keeps_values=True)
def _depth_to_space(op: Operator, w: Writer) -> str:
    return _rearranged(op, w, "DepthToSpace")


@translates("SPACE_TO_DEPTH")  # as a convolution, whose result is rounded
def _space_to_depth(op: Operator, w: Writer) -> str:
    return _rearranged(op, w, "SpaceToDepth")


def _rearranged(op: Operator, w: Writer, op_type: str) -> str:
    value = w.main(op_type, [channels_first(op, w)], blocksize=op.option("BlockSize"))
    return channels_last(w, value, 4)

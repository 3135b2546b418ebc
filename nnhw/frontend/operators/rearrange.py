"""Channels to pixels, and pixels to channels."""

from __future__ import annotations

import numpy as np

from ...ir import Conv, DepthToSpace, Window
from ..builder import Builder
from ..node import OnnxNode
from ..one_hot import one_hot
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator("DepthToSpace", attributes=("blocksize", "mode"), remark="in both modes")
def depth_to_space(node: OnnxNode, build: Builder) -> Value:
    """DepthToSpace-28 and its older definitions, of which DepthToSpace-1 is always DCR."""
    image, block = build.image(node), node.attribute("blocksize")
    height, width, channels = image.shape
    if image.rank != 4 or block < 1 or channels % block**2:
        raise NodeError(
            f"blocksize={block} does not fit an input of {channels} channels; export the model "
            "again"
        )
    tensor, mode = image.tensor, node.attribute("mode") or "DCR"
    if mode == "CRD":
        # Channel (c * block + i) * block + j becomes (i * block + j) * C + c, as DCR has it. A
        # convolution before it takes this over.
        order = np.arange(channels).reshape(-1, block**2).T.ravel()
        tensor = build.append(
            Conv,
            (tensor,),
            image.shape,
            name=f"{node.name}_order",
            output=f"{tensor}_ordered",
            window=Window(),
            weight=one_hot(node.title, order, channels)[:, None, None, :],
            bias=np.zeros(channels),
        )
    elif mode != "DCR":
        raise NodeError(f"mode={mode!r} is not defined by ONNX; use 'DCR' or 'CRD'")
    shape = (height * block, width * block, channels // block**2)
    return image.result(build.add(DepthToSpace, node, (tensor,), shape, block=block), shape)


@operator("SpaceToDepth", attributes=("blocksize",), remark="as a convolution")
def space_to_depth(node: OnnxNode, build: Builder) -> Value:
    """SpaceToDepth-28 and its older definitions.

    Channel (i * block + j) * C + c is channel c of the pixel at row i and column j of a block.
    """
    image, block = build.image(node), node.attribute("blocksize")
    height, width, channels = image.shape
    if image.rank != 4 or block < 1 or height % block or width % block:
        raise NodeError(
            f"blocksize={block} does not divide an input of {height} x {width} pixels; use an "
            "input size or a block size that does"
        )
    out = block * block * channels
    shape = (height // block, width // block, out)
    output = build.add(
        Conv,
        node,
        (image.tensor,),
        shape,
        window=Window(kernel=(block, block), stride=(block, block)),
        weight=one_hot(node.title, np.arange(out), out).reshape(out, block, block, channels),
        bias=np.zeros(out),
    )
    return image.result(output, shape)

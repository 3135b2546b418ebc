"""Folds scales and offsets per channel (batch normalization) into neighbouring convolutions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import ChannelAffine, Conv, Graph, Node
from .rewrite import NO_CLAMP, fuse_pairs


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Fold every ChannelAffine that a convolution before or behind it can take over.

    A convolution before it can, unless a clamp lies between them. A convolution behind it can
    unless it pads and the offset is not zero: padding is zero behind the offset, and a folded
    offset would be missing there. Nor can it where its weights arrived quantized.
    """
    graph, before = fuse_pairs(graph, _into_producer)
    graph, behind = fuse_pairs(graph, _into_reader)
    return graph, before or behind


def _into_producer(conv: Node, affine: Node) -> Node | None:
    if not (isinstance(conv, Conv) and isinstance(affine, ChannelAffine)):
        return None
    if conv.clamp != NO_CLAMP:
        return None
    weight_scale = conv.weight_scale
    if weight_scale is not None:
        # Of weights that are all zero the scale is any positive number.
        weight_scale = weight_scale * np.where(affine.scale == 0, 1, np.abs(affine.scale))
    return replace(
        conv,
        output=affine.output,
        weight=conv.weight * affine.scale[:, None, None, None],
        bias=conv.bias * affine.scale + affine.offset,
        weight_scale=weight_scale,
    )


def _into_reader(affine: Node, conv: Node) -> Node | None:
    if not (isinstance(affine, ChannelAffine) and isinstance(conv, Conv)):
        return None
    if any(conv.window.pads) and affine.offset.any():
        return None
    if conv.weight_scale is not None:
        # Its weights would no longer be integers of one scale for each output channel.
        return None
    # One row of input channels for each group; each output channel reads that of its group.
    groups = np.repeat(np.arange(conv.groups), len(conv.weight) // conv.groups)
    scale, offset = (
        array.reshape(conv.groups, 1, 1, -1)[groups] for array in (affine.scale, affine.offset)
    )
    return replace(
        conv,
        inputs=affine.inputs,
        weight=conv.weight * scale,
        bias=conv.bias + (conv.weight * offset).sum(axis=(1, 2, 3)),
    )

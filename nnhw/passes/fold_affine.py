"""Folds scales and offsets per channel (batch normalization) into neighbouring operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import Add, AveragePool, ChannelAffine, Conv, Extremum, Graph, Multiply, Node
from .rewrite import clamp_behind, fuse_pairs


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Fold every ChannelAffine that an operator before it or a convolution behind it can take over.

    A convolution before it can, unless a clamp lies between them whose bounds would differ from
    channel to channel. Others that requantize take one positive scale of all channels as their
    gain, and no offset. A convolution behind it can unless it pads and the offset is not zero:
    padding is zero behind the offset, and a folded offset would be missing there. Nor can it where
    its weights arrived quantized.
    """
    graph, before = fuse_pairs(graph, _into_producer)
    graph, behind = fuse_pairs(graph, _into_reader)
    return graph, before or behind


def _into_producer(producer: Node, affine: Node) -> Node | None:
    if not isinstance(affine, ChannelAffine):
        return None
    match producer:
        case Conv():
            return _into_conv(producer, affine)
        case AveragePool() | Add() | Multiply() | Extremum():
            return _into_gain(producer, affine)
    return None


def _into_gain(
    producer: AveragePool | Add | Multiply | Extremum, affine: ChannelAffine
) -> Node | None:
    scale = float(affine.scale[0])
    if (affine.scale != scale).any() or scale <= 0 or affine.offset.any():
        return None
    clamp = clamp_behind(producer.clamp, affine.scale, affine.offset)
    assert clamp is not None, "all channels are alike"
    gain = float(np.float32(producer.gain * scale))  # as files have it
    return replace(producer, output=affine.output, gain=gain, clamp=clamp)


def _into_conv(conv: Conv, affine: ChannelAffine) -> Node | None:
    clamp = clamp_behind(conv.clamp, affine.scale, affine.offset)
    if clamp is None:
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
        clamp=clamp,
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

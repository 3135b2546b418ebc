"""Makes one scale and offset per channel of several in a row, and removes those without effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import ChannelAffine, Graph, Node
from .rewrite import fuse_pairs


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Merge a ChannelAffine into the only one before it; drop those of scale 1 and offset 0."""
    graph, merged = fuse_pairs(graph, _merge)
    graph, dropped = fuse_pairs(graph, _drop)
    return graph, merged or dropped


def _merge(first: Node, second: Node) -> Node | None:
    if not (isinstance(first, ChannelAffine) and isinstance(second, ChannelAffine)):
        return None
    return replace(
        second,
        inputs=first.inputs,
        scale=first.scale * second.scale,
        offset=first.offset * second.scale + second.offset,
        steps=first.steps + second.steps if first.steps and second.steps else (),
    )


def _drop(producer: Node, affine: Node) -> Node | None:
    if not isinstance(affine, ChannelAffine) or affine.offset.any():
        return None
    # Equal up to the rounding of float32 constants, such as 6 and 1/6.
    if not np.allclose(affine.scale, 1, rtol=1e-6, atol=0):
        return None
    return replace(producer, output=affine.output)

"""The operators that only move elements, of float and integer graphs alike (`nnhw.ir.nodes`).

The output has the input's quantization.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..graph import Graph
from ..integer import (
    BY_CHANNEL,
    Apply,
    ChannelRules,
    Constant,
    IntegerOperator,
    Interval,
    Operand,
    QdqForm,
    drafts,
    links_moved,
    moved_channels,
    register_operator,
)
from ..moves import Move
from ..nodes import DepthToSpace, Reshape, Resize, Slice, Transpose
from ..tensor import Quantization

_MOVED: ChannelRules = replace(BY_CHANNEL, links=links_moved)


def _interval(node: Move, graph: Graph, sources: Sequence[Interval]) -> Interval:
    channels, (x,) = moved_channels(node, graph), sources
    return Interval(x.lo[channels].min(axis=0), x.hi[channels].max(axis=0))


def _keep(
    node: Slice, graph: Graph, kept: Mapping[str, np.ndarray], intervals: Mapping[str, Interval]
) -> Slice:
    before = np.searchsorted(kept[node.inputs[0]], node.start[2])
    return replace(node, start=(*node.start[:2], int(before)))


def _value(node: Move, shape: tuple[int, int, int]) -> Apply:
    """What moves real values to a tensor of `shape`, (H, W, C)."""
    source = Operand()
    match node:
        case Slice():
            constants = (
                Constant("starts", np.array(node.start, np.int64)),
                Constant("ends", np.array(np.add(node.start, shape), np.int64)),
                Constant("axes", np.array([2, 3, 1], np.int64)),
            )
            return Apply("Slice", (source, *constants))
        case Resize():
            scales = Constant("scales", np.array([1, 1, *node.factor], np.float32))
            nearest = {
                "coordinate_transformation_mode": "asymmetric",
                "mode": "nearest",
                "nearest_mode": "floor",
            }
            return Apply("Resize", (source, None, scales), attributes=nearest)
        case DepthToSpace():
            attributes = {"blocksize": node.block, "mode": "DCR"}
            return Apply("DepthToSpace", (source,), attributes=attributes)
        case Transpose():  # of axes that ONNX has as (N, C, H, W)
            perm = (0, *((2, 3, 1)[node.perm[axis]] for axis in (2, 0, 1)))
            return Apply("Transpose", (source,), attributes={"perm": list(perm)})
        case Reshape():  # keeps the channels-last order: transpose there and back
            last = Apply("Transpose", (source,), "last", {"perm": [0, 2, 3, 1]})
            target = Constant("shaped_shape", np.array([-1, *shape], np.int64))
            shaped = Apply("Reshape", (last, target), "shaped")
            return Apply("Transpose", (shaped,), attributes={"perm": [0, 3, 1, 2]})


def _qdq(node: Move, graph: Graph) -> QdqForm:
    target = graph.tensors[node.output]
    return QdqForm(value=_value(node, target.shape), bounds=(target.q.lo, target.q.hi))


@drafts(Reshape, Slice, Resize, DepthToSpace, Transpose)
def _draft(node: Move, sources: Sequence[Quantization], target: Quantization) -> Move:
    return node


def _register(kind: type[Move], name: str, channels: ChannelRules = _MOVED) -> None:
    register_operator(
        IntegerOperator(
            node=kind,
            bounds=lambda node, graph, sources: sources[0],
            interval=_interval,
            sums=None,
            channels=channels,
            describe=lambda node, graph: name,
            qdq=_qdq,
        )
    )


_register(Reshape, "reshape")
_register(Slice, "slice", replace(_MOVED, keep=_keep))
_register(Resize, "resize")
_register(DepthToSpace, "depth to space")
_register(Transpose, "transpose")

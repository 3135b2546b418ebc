"""Lets an input hold scaled and shifted values; the operators behind it undo that.

Not one of the passes that simplify: whoever chooses scales calls it, and simplifies what comes of
it. There the ChannelAffine nodes that this leaves go into convolutions, mostly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    ChannelAffine,
    Clamp,
    Clip,
    Concat,
    Graph,
    MaxPool,
    Move,
    Node,
    Tensor,
    move_elements,
)
from .rewrite import NO_CLAMP, new_tensor, rebuild

_ROUNDING = 2.0**-22
"""An offset that is this small against those it is the difference of is rounding, and none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Held:
    """What a tensor of the network before is made of: `tensor` * scale + offset, by channel."""

    tensor: str
    scale: np.ndarray
    offset: np.ndarray

    @property
    def is_plain(self) -> bool:
        """Whether the tensor holds the very values."""
        return not self.offset.any() and bool(np.allclose(self.scale, 1, rtol=1e-6, atol=0))


def restore_input(graph: Graph, tensor: str, scale: np.ndarray, offset: np.ndarray) -> Graph:
    """The same network for an input that holds (x - offset) / scale instead of x.

    x is restored behind whatever lets a scale and an offset pass (moves, pools, concatenations,
    further scales and offsets), once for each operator that needs it: as a ChannelAffine before it.

    Parameters
    ----------
    graph
        Float graph.
    tensor
        Name of the input's tensor.
    scale, offset
        float64 (channels,); scales are positive.
    """
    held = {tensor: _Held(tensor=tensor, scale=scale, offset=offset)}
    nodes: list[Node] = []
    tensors: dict[str, Tensor] = {}

    def restored(name: str, reader: str) -> str:
        """The tensor that holds the values that tensor `name` held before."""
        value = held.get(name)
        if value is None:
            return name
        if value.is_plain:
            return value.tensor
        numbered = f"{name}_{len(tensors)}"
        result = new_tensor(graph, numbered, "restored", graph.tensors[value.tensor].shape)
        tensors[result.name] = result
        nodes.append(
            ChannelAffine(
                name=f"{reader}_input",
                inputs=(value.tensor,),
                output=result.name,
                scale=value.scale,
                offset=value.offset,
            )
        )
        return result.name

    for node in graph.nodes:
        result = _behind(node, held, graph)
        if result is None:
            inputs = tuple(restored(name, node.name) for name in node.inputs)
            nodes.append(replace(node, inputs=inputs))
            continue
        held[node.output] = result
        if not isinstance(node, ChannelAffine):
            inputs = tuple(held[n].tensor if n in held else n for n in node.inputs)
            nodes.append(replace(node, inputs=inputs))
    outputs = [
        replace(port, tensor=restored(port.tensor, port.onnx_name)) for port in graph.outputs
    ]
    return rebuild(graph, nodes, tensors=tensors, outputs=outputs)


def _behind(node: Node, held: Mapping[str, _Held], graph: Graph) -> _Held | None:
    """What the result is made of if the node reads what the tensors hold instead of their values.

    None if it has to read the values.
    """
    operands = [held.get(name) for name in node.inputs]
    known = [operand for operand in operands if operand is not None]
    if not known:
        return None
    first, shape = known[0], graph.tensors[node.output].shape
    match node:
        case ChannelAffine():
            return _composed(first, node)
        case MaxPool() | Clip() if _passes(node.clamp, first):
            return replace(first, tensor=node.output)
        case AveragePool() if node.clamp == NO_CLAMP:
            whole = (
                not any(node.window.pads) and (node.divisor == np.prod(node.window.kernel)).all()
            )
            if not whole and first.offset.any():
                return None
            return replace(first, tensor=node.output, offset=node.gain * first.offset)
        case Concat():
            sizes = [graph.tensors[name].shape[2] for name in node.inputs]
            return _concatenated(node.output, operands, sizes)
        case Add() if node.clamp == NO_CLAMP and all((k.scale == 1).all() for k in known):
            offset = node.gain * np.sum([operand.offset for operand in known], axis=0)
            return _Held(tensor=node.output, scale=first.scale, offset=offset)
    if not isinstance(node, Move):
        return None
    source = graph.tensors[node.inputs[0]].shape
    moved = []
    for array in (first.scale, first.offset):
        everywhere = move_elements(node, np.broadcast_to(array, (1, *source)), shape)[0]
        if (everywhere != everywhere[0, 0]).any():
            return None
        moved.append(everywhere[0, 0].copy())
    return _Held(tensor=node.output, scale=moved[0], offset=moved[1])


def _passes(clamp: Clamp, value: _Held) -> bool:
    """Whether the larger of two values stays the larger one, and bounds are at zero or nowhere."""
    at_zero = {0.0, -math.inf}, {0.0, math.inf}
    return bool((value.scale > 0).all()) and (
        clamp == NO_CLAMP
        or (clamp.lo in at_zero[0] and clamp.hi in at_zero[1] and not value.offset.any())
    )


def _composed(value: _Held, node: ChannelAffine) -> _Held:
    before = value.offset * node.scale
    offset = before + node.offset
    offset[np.abs(offset) <= _ROUNDING * np.abs(before)] = 0
    return replace(value, scale=value.scale * node.scale, offset=offset)


def _concatenated(tensor: str, parts: Sequence[_Held | None], sizes: Sequence[int]) -> _Held:
    return _Held(
        tensor=tensor,
        scale=np.concatenate(
            [np.ones(n) if p is None else p.scale for p, n in zip(parts, sizes, strict=True)]
        ),
        offset=np.concatenate(
            [np.zeros(n) if p is None else p.offset for p, n in zip(parts, sizes, strict=True)]
        ),
    )

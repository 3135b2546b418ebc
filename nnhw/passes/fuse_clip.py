"""Fuses clamps (Relu, Clip) into the operators before them."""

from __future__ import annotations

from dataclasses import replace

from ..ir import Add, AveragePool, Clamp, Clip, Conv, Extremum, Graph, MaxPool, Multiply, Node
from .rewrite import fuse_pairs

_CLAMPED = Conv | MaxPool | AveragePool | Add | Multiply | Extremum


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Fuse every Clip into the operator before it that can clamp, if only it reads that."""
    return fuse_pairs(graph, _fuse)


def _fuse(producer: Node, clip: Node) -> Node | None:
    if not isinstance(clip, Clip) or not isinstance(producer, _CLAMPED):
        return None
    return replace(producer, output=clip.output, clamp=_both(producer.clamp, clip.clamp))


def _both(first: Clamp, second: Clamp) -> Clamp:
    """One clamp that does what two do one after the other, disjoint ones included."""
    return Clamp(
        lo=min(max(first.lo, second.lo), second.hi), hi=min(max(first.hi, second.lo), second.hi)
    )

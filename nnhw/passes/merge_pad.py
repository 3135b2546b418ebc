"""Merges zero padding on its own into the window that reads it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import AveragePool, Conv, Graph, Node, Window
from .rewrite import NO_CLAMP, fuse_pairs


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Merge padding into the Conv or AveragePool that is its only reader.

    Padding on its own is an average over single elements with padding. An AveragePool keeps its
    divisors, so that the padding counts in them as before. A MaxPool cannot take it over: its own
    padding never wins, while a zero does.
    """
    return fuse_pairs(graph, _merge)


def _merge(pad: Node, reader: Node) -> Node | None:
    if not isinstance(pad, AveragePool) or not isinstance(reader, Conv | AveragePool):
        return None
    if pad.window != Window(pads=pad.window.pads) or not any(pad.window.pads):
        return None
    if (pad.divisor != 1).any() or pad.clamp != NO_CLAMP or pad.gain != 1:
        return None
    top, left, bottom, right = np.add(pad.window.pads, reader.window.pads).tolist()
    window = replace(reader.window, pads=(top, left, bottom, right))
    return replace(reader, inputs=pad.inputs, window=window)

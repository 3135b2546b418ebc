"""Weights that arrived quantized, but are to be narrower than they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import Conv, Graph, signed_width
from .options import QuantizeOptions

_NOT_ASKED = 8
"""Bits of weights by default, which say nothing about a model that brings weights along."""


def release_weights(graph: Graph, options: QuantizeOptions) -> Graph:
    """The float graph with real weights where options ask for fewer bits than the model's own.

    They are then calibrated like those of a float model, while all else keeps its numbers.
    """
    wide = [n for n in graph.nodes if isinstance(n, Conv) and _is_too_wide(n, options)]
    if not wide:
        return graph
    nodes = tuple(
        replace(node, weight_scale=None, weight_zero_point=None) if node in wide else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def with_real_weights(graph: Graph) -> Graph:
    """The float graph in which no weights have numbers of their own."""
    nodes = tuple(
        replace(node, weight_scale=None, weight_zero_point=None) if isinstance(node, Conv) else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _is_too_wide(node: Conv, options: QuantizeOptions) -> bool:
    if node.weight_scale is None:
        return False
    asked = options.bits_of(node.name)
    if asked == _NOT_ASKED and node.name not in options.layer_bits:
        return False
    return signed_width(np.rint(node.weight / node.weight_scale[:, None, None, None])) > asked

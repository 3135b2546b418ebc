"""Leaves to the host what a model that arrived quantized does to an input before it rounds it.

Such a model begins with arithmetic of real numbers, such as a normalization, which has no integers
yet. The host computes it in float32 as the file does, operator by operator: merged into one scale
and offset, values close to a tie would be rounded to another integer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import ChannelAffine, FakeQuantize, Graph, HostStep, Node, Reshape
from .rewrite import bypass


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Move the first ChannelAffine behind an input, of known steps, to the input's port.

    Only if nothing else reads the input. The input then is as it was behind the ChannelAffine.
    """
    if not any(isinstance(node, FakeQuantize) for node in graph.nodes):
        return graph, False
    for port in graph.inputs:
        affine = _only_reader(graph, port.tensor)
        if isinstance(affine, Reshape):  # constants of single elements see them as channels
            affine = _only_reader(graph, affine.output)
        if not isinstance(affine, ChannelAffine) or not affine.steps:
            continue
        shape = graph.tensors[port.tensor].shape
        inner = graph.tensors[affine.output].shape
        steps = tuple(_seen_before_reshape(step, inner, shape) for step in affine.steps)
        taken = replace(port, host_preprocess=(*port.host_preprocess, *steps))
        inputs = tuple(taken if other is port else other for other in graph.inputs)
        return bypass(replace(graph, inputs=inputs), affine, affine.inputs[0]), True
    return graph, False


def _only_reader(graph: Graph, tensor: str) -> Node | None:
    """The node that alone reads a tensor, which is no output."""
    readers = graph.readers(tensor)
    if len(readers) != 1 or any(port.tensor == tensor for port in graph.outputs):
        return None
    return readers[0]


def _seen_before_reshape(
    step: HostStep, inner: tuple[int, int, int], shape: tuple[int, int, int]
) -> HostStep:
    """A step on a tensor of shape `inner` for the same elements in `shape`."""
    if inner == shape or len(step.operand) == 1:
        return step
    operand = np.broadcast_to(step.operand, inner).reshape(shape)
    by_channel = operand[0, 0]
    return replace(step, operand=by_channel if (operand == by_channel).all() else operand)

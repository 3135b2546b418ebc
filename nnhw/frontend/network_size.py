"""What the network that a model describes takes to calibrate, execute and export."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..budget import need_memory, need_work
from ..ir import AveragePool, ChannelAffine, Conv, MaxPool, Node, Port, Tensor

ELEMENT_BYTES = 40
"""Of an element that a node reads, writes or copies while it is executed, in several precisions."""

WEIGHT_BYTES = 200
"""Of a weight on its way to Verilog, with room to spare."""

MADE_UP_WEIGHT_BYTES = 8192
"""Of a weight that is not in the model's file but follows from it: one that is computed, repeated,
or a zero between groups. So a small file cannot ask for a build of many minutes."""

FRAMES = 10
"""Frames whose multiply-accumulates are counted: those of a simulation."""

_OUTPUT = 200_000
"""Multiply-accumulates that take as long as one element of an output: the cycle model walks through
all that is streamed, for many engines."""

_POOL_TAP = 20
"""Multiply-accumulates that take as long as one element of a pool's window."""


def check_network(
    nodes: Iterable[Node],
    tensors: Mapping[str, Tensor],
    outputs: Iterable[Port],
    elements_in_file: int,
) -> None:
    """Refuse a network that is too large to be built.

    Parameters
    ----------
    nodes, tensors, outputs
        Of a float graph.
    elements_in_file
        Elements of all constants in the model's file.

    Raises
    ------
    BudgetError
        If a node, all weights, all tensors or all multiply-accumulates are more than the budget
        allows.
    """
    weights = work = 0
    for node in nodes:
        _check_node(node, tensors)
        weights += _weights(node, tensors)
        work += _work(node, tensors)
    made_up = max(0, weights - elements_in_file)
    need_memory(
        f"A network of {weights:,} weights, of which the file holds {weights - made_up:,},",
        WEIGHT_BYTES * (weights - made_up) + MADE_UP_WEIGHT_BYTES * made_up,
    )
    elements = sum(tensor.size for tensor in tensors.values())
    need_memory(f"A network whose tensors have {elements:,} elements", ELEMENT_BYTES * elements)
    streamed = sum(tensors[port.tensor].size for port in outputs)
    need_work(f"A network whose outputs have {streamed:,} elements", _OUTPUT * streamed)
    need_work(f"A network of {work:,} multiply-accumulates, for {FRAMES} frames,", FRAMES * work)


def _check_node(node: Node, tensors: Mapping[str, Tensor]) -> None:
    output = tensors[node.output]
    copied = [tensors[name].size for name in node.inputs]
    text = f"an output of shape {output.shape}"
    if isinstance(node, Conv | MaxPool | AveragePool):
        height, width, channels = tensors[node.inputs[0]].shape
        top, left, bottom, right = node.window.pads
        if any(node.window.pads):
            padded = (height + top + bottom, width + left + right, channels)
            text += f" and a padded input of shape {padded}"
            copied.append(math.prod(padded))
    if isinstance(node, Conv):
        copied.append(math.prod(output.shape[:2]) * node.weight[0].size * node.groups)
    need_memory(f"Node '{node.name}' with {text}", ELEMENT_BYTES * (output.size + sum(copied)))


def _weights(node: Node, tensors: Mapping[str, Tensor]) -> int:
    """Weights of the node in hardware."""
    if isinstance(node, ChannelAffine):
        return node.scale.size
    if not isinstance(node, Conv):
        return 0
    channels = tensors[node.inputs[0]].shape[2]
    if node.groups == channels == len(node.weight):
        return node.weight.size
    return node.weight.size * node.groups  # groups become zeros of a dense convolution


def _work(node: Node, tensors: Mapping[str, Tensor]) -> int:
    """Multiply-accumulates for one frame, or what takes as long."""
    rows, cols, _ = tensors[node.output].shape
    if isinstance(node, Conv):
        return rows * cols * _weights(node, tensors)
    if isinstance(node, MaxPool | AveragePool):
        return tensors[node.output].size * math.prod(node.window.kernel) * _POOL_TAP
    return tensors[node.output].size * _POOL_TAP

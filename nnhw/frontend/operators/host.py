"""Operators at the end of the network that stay with the host.

The first of them is one that hardware is not built for (Softmax, ...). What follows it may only
rearrange, join or be another of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

import numpy as np
import onnx

from ..builder import Builder
from ..host_steps import HOST_STEPS, Shape
from ..node import OnnxNode
from ..problems import FollowOnError, NodeError
from ..value import HostOperation, HostValue, Value
from .functions import apply_function
from .registry import operator

_REMARK = "at the end of the network only; left to the host"


@operator("Softmax", attributes=("axis",), remark=_REMARK)
def softmax(node: OnnxNode, build: Builder) -> HostValue:
    """Softmax-13, and Softmax-1 and Softmax-11, which take all axes from `axis` on as one."""
    return to_host(node)


@operator("LogSoftmax", attributes=("axis",), remark=_REMARK)
def log_softmax(node: OnnxNode, build: Builder) -> HostValue:
    """LogSoftmax-13, and LogSoftmax-1 and LogSoftmax-11; see `softmax`."""
    return to_host(node)


@operator(
    "Sigmoid",
    remark="left to the host at the end of the network; else a table of its results",
)
def sigmoid(node: OnnxNode, build: Builder) -> Value | HostValue:
    """Sigmoid-13 and its older definitions."""
    return to_host(node) if node.is_trailing else apply_function(node, build, "sigmoid")


@operator("ArgMax", attributes=("axis", "keepdims", "select_last_index"), remark=_REMARK)
def arg_max(node: OnnxNode, build: Builder) -> HostValue:
    """ArgMax-13 and its older definitions."""
    return to_host(node)


@operator("LpNormalization", attributes=("axis", "p"), remark=_REMARK)
def lp_normalization(node: OnnxNode, build: Builder) -> HostValue:
    """LpNormalization-22 and its older definition."""
    return to_host(node)


@operator(
    "TopK",
    since=10,
    attributes=("axis", "largest", "sorted"),
    remark=_REMARK,
    all_outputs=True,
)
def top_k(node: OnnxNode, build: Builder) -> tuple[HostValue, ...]:
    """TopK-11 and its older definition; its two outputs are of the same tensor."""
    return _all_to_host(node)


@operator(
    "NonMaxSuppression",
    since=10,
    attributes=("center_point_box",),
    remark="of computed boxes and scores, at the end of the network only; left to the host",
)
def non_max_suppression(node: OnnxNode, build: Builder) -> HostValue:
    """NonMaxSuppression-11 and its older definition; how many boxes it selects is open."""
    most = int(node.constant(2).reshape(())) if node.has_input(2) else 0
    overlap = node.weights(3).item() if node.has_input(3) else 0.0
    if not 0 <= overlap <= 1:
        raise NodeError(f"its iou_threshold is {overlap:g}; export it with one from 0 to 1")
    limits = [f"max_output_boxes_per_class={most}", f"iou_threshold={np.float32(overlap)!s}"]
    if node.has_input(4):
        limits.append(f"score_threshold={np.float32(node.weights(4).item())!s}")
    if node.attribute("center_point_box"):
        limits.append("center_point_box=1")
    return _join(node, (0, 1), ", ".join(limits))


def trailing_tensors(nodes: Sequence[onnx.NodeProto], outputs: Sequence[str]) -> frozenset[str]:
    """Names of the tensors from which only what the host can do leads to the outputs."""
    readers: dict[str, list[onnx.NodeProto]] = {name: [] for name in outputs}
    for node in nodes:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    trailing: set[str] = set()
    for node in reversed(nodes):
        trailing.update(
            name
            for name in node.output
            if name in readers
            and all(
                reader.op_type in _TRAILING and _end(reader, readers) <= trailing
                for reader in readers[name]
            )
        )
    return frozenset(trailing)


def _end(node: onnx.NodeProto, readers: Container[str]) -> set[str]:
    """The outputs of a node that count: the first one, and all others that are read."""
    return {name for i, name in enumerate(node.output) if not i or name in readers}


def follows_on_host(node: OnnxNode) -> bool:
    """Whether the node works on what already stays with the host, and can stay there itself."""
    return isinstance(node.input(0), HostValue) and node.op_type in HOST_STEPS


def leave_to_host(node: OnnxNode) -> HostValue | tuple[HostValue, ...]:
    """Leave the node to the host, with all of its outputs."""
    return _all_to_host(node) if node.op_type in _OUTPUTS else to_host(node)


def _all_to_host(node: OnnxNode) -> tuple[HostValue, ...]:
    only = to_host(node)
    *before, step = only.steps
    return tuple(
        replace(only, steps=(*before, HostOperation(text=f"{step.text[:-1]}, output={name!r})")))
        for name in _OUTPUTS[node.op_type][: len(node.proto.output)]
    )


def to_host(node: OnnxNode) -> HostValue:
    """Leave the node, of a single input and output, to the host."""
    known, shape = _host_input(node, 0)
    if node.output_shape is None:
        if known.base.assumed:
            raise FollowOnError
        raise NodeError("the shape of its result is not fixed; export the model with fixed shapes")
    steps = [HostOperation(text=text) for text in HOST_STEPS[node.op_type](node, shape)]
    return replace(
        known,
        onnx_shape=node.output_shape,
        steps=(*known.steps, *steps),
        node=known.node or node.title,
    )


def concat_to_host(node: OnnxNode) -> HostValue:
    """Leave a Concat to the host.

    Raises
    ------
    NodeError
        If one of its inputs is a constant, or of a shape that depends on the data.
    FollowOnError
        If one of them is unknown.
    """
    _, shape = _host_input(node, 0)
    return _join(node, range(node.input_count), f"axis={node.attribute('axis') % len(shape)}")


def _join(node: OnnxNode, inputs: Iterable[int], attributes: str) -> HostValue:
    """What the host makes of several inputs of a node."""
    operands = [_host_input(node, i)[0] for i in inputs]
    if any(operand.base.assumed for operand in operands):
        raise FollowOnError
    first = operands[0]
    step = HostOperation(
        text=f"{node.op_type}({attributes})",
        inputs=tuple(None if operand == first else operand for operand in operands),
    )
    return replace(
        first,
        onnx_shape=node.output_shape,
        steps=(*first.steps, step),
        node=next((operand.node for operand in operands if operand.node), node.title),
    )


def _host_input(node: OnnxNode, index: int) -> tuple[HostValue, Shape]:
    """A computed input as the host has it, and its shape."""
    known = node.input(index)
    if isinstance(known, np.ndarray):
        raise NodeError(
            f"it stays with the host, which has no constant '{node.proto.input[index]}'; end the "
            "network before it, and do it on the host"
        )
    if not isinstance(known, HostValue):
        known = HostValue.of(node.value(index), node.proto.input[index])
    if known.onnx_shape is None:
        raise NodeError(
            f"how large its input '{node.proto.input[index]}' is depends on the data; end the "
            "network before it, and do it on the host"
        )
    return known, known.onnx_shape


_TRAILING = frozenset(HOST_STEPS) | {"NonMaxSuppression"}
"""Operators that need no hardware for what comes before them. Concat does: hardware joins tensors,
and only leaves to the host to join what already is there."""

_OUTPUTS = {"TopK": ("Values", "Indices")}
"""The outputs of the operators that have several, each of which has steps of its own."""

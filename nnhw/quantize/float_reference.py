"""Execution of a float graph in NumPy: the values that calibration sees and accuracy is held to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..ir import (
    Add,
    AveragePool,
    Batch,
    ChannelAffine,
    Clamp,
    Clip,
    Concat,
    Conv,
    DepthToSpace,
    DynamicQuantize,
    Extremum,
    FakeQuantize,
    Function,
    Graph,
    MaxPool,
    Move,
    Multiply,
    Node,
    Reshape,
    Resize,
    Slice,
    Transpose,
    apply_host_steps,
    as_batch,
    evaluate_function,
    move_elements,
)
from ..ir.execute import execute
from ..ir.patches import pad, patches, reduce_windows
from ..plugins import Table


def run_float(
    graph: Graph,
    x: Batch | np.ndarray,
    keep: Iterable[str] | None = None,
    *,
    disturb: Callable[[np.ndarray, Node | None], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Run a float graph on a batch, in float32.

    Parameters
    ----------
    graph
        Float graph of any nodes of `nnhw.ir.nodes`.
    x
        N samples of any real type as the model takes them, before the host's preprocessing, N at
        least 1; of an only input the array (N, H, W, C).
    keep
        Names of the tensors to return; the outputs if None.
    disturb
        What is done to the inputs and to the result of every node, to see what it leads to: given
        the tensor and its node, None for inputs.

    Returns
    -------
    dict
        float32 (N, H, W, C) by tensor name; inf or nan where float32 overflows or a function is
        not defined.

    Raises
    ------
    ValueError
        If `x` does not have the shapes of the graph's inputs, or `keep` names an unknown tensor.
    """

    def operator(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        y = _operator(node, inputs, graph.tensors[node.output].shape)
        return y if disturb is None else disturb(y, node)

    steps = {port.tensor: port.host_preprocess for port in graph.inputs}
    with np.errstate(over="ignore", invalid="ignore"):
        batch = as_batch(graph, x).map(lambda name, array: apply_host_steps(steps[name], array))
        if disturb is not None:
            batch = batch.map(lambda _, array: disturb(array, None))
        return execute(graph, batch, operator, keep)


Shape = tuple[int, int, int]

Evaluation = Callable[[Any, Sequence[np.ndarray], Shape], np.ndarray]
"""Takes a node, its inputs, float32 (N, H, W, C), and the shape of its output; gives the output."""

_E = TypeVar("_E", bound=Evaluation)

_EVALUATIONS: Table[type[Node], Evaluation] = Table("float operator")


def evaluates(*kinds: type[Node]) -> Callable[[_E], _E]:
    """Enter the decorated function into the table as what float nodes of these classes compute.

    Raises
    ------
    PluginError
        If one of them has an evaluation already.
    """

    def enter(evaluation: _E) -> _E:
        for kind in kinds:
            _EVALUATIONS.enter(kind, evaluation)
        return evaluation

    return enter


def _operator(node: Node, inputs: list[np.ndarray], shape: tuple[int, int, int]) -> np.ndarray:
    kind = type(node)
    if kind not in _EVALUATIONS:
        raise TypeError(f"Node '{node.name}' is not a float operator but a {kind.__name__}")
    return _EVALUATIONS[kind](node, inputs, shape)


def clamped(x: np.ndarray, clamp: Clamp) -> np.ndarray:
    """`x`, clamped in place."""
    if clamp.lo > -math.inf:
        np.maximum(x, np.float32(clamp.lo), out=x)
    if clamp.hi < math.inf:
        np.minimum(x, np.float32(clamp.hi), out=x)
    return x


def _finished(x: np.ndarray, node: AveragePool | Add | Multiply | Extremum) -> np.ndarray:
    """`x` times the gain of a node, clamped; in place."""
    if node.gain != 1:
        x *= np.float32(node.gain)
    return clamped(x, node.clamp)


def _conv(node: Conv, x: np.ndarray) -> np.ndarray:
    weight = node.weight.astype(np.float32)
    windows = patches(pad(x, node.window, 0.0), node.window)
    n, height, width, rows, cols, channels = windows.shape
    out, groups = len(weight), node.groups
    if groups == channels == out:  # depthwise: a reduction over taps alone, no work for BLAS
        y = np.zeros((n, height, width, out), np.float32)
        for row, col in np.ndindex(rows, cols):
            y += windows[:, :, :, row, col, :] * weight[:, row, col, 0]
    elif groups == 1:
        y = windows.reshape(n * height * width, -1) @ weight.reshape(out, -1).T
    else:
        split = windows.reshape(n * height * width, rows * cols, groups, channels // groups)
        matrices = split.transpose(2, 0, 1, 3).reshape(groups, n * height * width, -1)
        products = matrices @ weight.reshape(groups, out // groups, -1).transpose(0, 2, 1)
        y = products.transpose(1, 0, 2)
    return y.reshape(n, height, width, out) + node.bias.astype(np.float32)


def _max_pool(node: MaxPool, x: np.ndarray) -> np.ndarray:
    return reduce_windows(pad(x, node.window, -math.inf), node.window, np.maximum)


def _average_pool(node: AveragePool, x: np.ndarray) -> np.ndarray:
    sums = reduce_windows(pad(x, node.window, 0.0), node.window, np.add)
    return sums / node.divisor[:, :, None].astype(np.float32)


_WHOLE = np.float32(2.0**-12)
"""Of a step: what is so close to a whole number of steps is one, but for float32's rounding."""


def _dynamic_quantize(x: np.ndarray) -> np.ndarray:
    """As ONNX DynamicQuantizeLinear defines it, in float32, sample by sample."""
    lo = np.minimum(x.min(axis=(1, 2, 3), keepdims=True), np.float32(0))
    hi = np.maximum(x.max(axis=(1, 2, 3), keepdims=True), np.float32(0))
    scale = (hi - lo) / np.float32(255)
    scale = np.where(scale == 0, np.float32(1), scale)
    zero_point = np.clip(np.rint(-lo / scale), 0, 255)
    return (np.clip(np.rint(x / scale) + zero_point, 0, 255) - zero_point) * scale


def _fake_quantize(x: np.ndarray, node: FakeQuantize) -> np.ndarray:
    q = node.quantization
    scale, zero_point = np.float32(q.scale), q.zero_point
    if node.cut_off_at is None:
        steps = np.rint(x / scale)
    else:
        reference = np.float32(node.cut_off_at - zero_point)
        distance = x / scale - reference
        whole = np.floor(np.abs(distance) + _WHOLE)
        steps = np.copysign(whole, distance) + reference
    return np.clip(steps, q.lo - zero_point, q.hi - zero_point) * scale


@evaluates(Conv)
def _(node: Conv, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return clamped(_conv(node, inputs[0]), node.clamp)


@evaluates(MaxPool)
def _(node: MaxPool, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return clamped(_max_pool(node, inputs[0]), node.clamp)


@evaluates(AveragePool)
def _(node: AveragePool, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return _finished(_average_pool(node, inputs[0]), node)


@evaluates(Add)
def _(node: Add, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return _finished(inputs[0] + inputs[1], node)


@evaluates(Multiply)
def _(node: Multiply, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return _finished(inputs[0] * inputs[1], node)


@evaluates(Extremum)
def _(node: Extremum, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    pick = np.maximum if node.which == "max" else np.minimum
    return _finished(pick(*inputs), node)


@evaluates(Concat)
def _(node: Concat, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return np.concatenate(inputs, axis=3)


@evaluates(Function)
def _(node: Function, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return evaluate_function(node.function, node.parameters, inputs[0]).astype(np.float32)


@evaluates(ChannelAffine)
def _(node: ChannelAffine, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return inputs[0] * node.scale.astype(np.float32) + node.offset.astype(np.float32)


@evaluates(DynamicQuantize)
def _(node: DynamicQuantize, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return _dynamic_quantize(inputs[0])


@evaluates(FakeQuantize)
def _(node: FakeQuantize, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return _fake_quantize(inputs[0], node)


@evaluates(Clip)
def _(node: Clip, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return clamped(inputs[0].copy(), node.clamp)


@evaluates(Reshape, Slice, Resize, DepthToSpace, Transpose)
def _(node: Move, inputs: Sequence[np.ndarray], shape: Shape) -> np.ndarray:
    return move_elements(node, inputs[0], shape)

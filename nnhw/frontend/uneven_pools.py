"""Average pooling over windows of several sizes, as PyTorch exports it.

Adaptive pooling to a size that does not divide the image's has no operator of ONNX. PyTorch's newer
exporter writes one GatherND of all the pixels of all windows, Where to put zeros in place of those
that a window does not have, and Add and Div, or ReduceMean where all windows are of one size. All
that is linear, each channel by itself, and rows apart from columns: a matrix along either axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from ..budget import need_work
from .branches import add_constant, tensor_names, unused_name

Shape = tuple[int, ...]

_LINEAR_TEXT = """
    Add Div Gather GatherND Identity Mul ReduceMean ReduceSum Reshape Squeeze Sum Transpose
    Unsqueeze Where
    """
_LINEAR = frozenset(_LINEAR_TEXT.split())
"""Of one computed operand, or of several sums of it; that they are linear is tried."""

_ELEMENT = 400_000
"""Operations that take as long as one element that onnx's reference implementation gathers."""


def replace_uneven_pools(graph: onnx.GraphProto, opset: int, shapes: Mapping[str, Shape]) -> None:
    """Put a MatMul for rows and one for columns in place of such pooling, in place.

    Parameters
    ----------
    graph
        Constants are initializers, nodes in order.
    opset
        Version of the operator set.
    shapes
        Of its tensors, as far as known.

    Raises
    ------
    BudgetError
        If it takes too long to find the matrices.
    """
    gathers = [node for node in graph.node if node.op_type == "GatherND"]
    if not gathers:
        return
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for gather in gathers:
        nodes = _linear_nodes(graph, gather, constants, shapes)
        source, end = nodes[0].input[0], nodes[-1].output[0]
        matrices = None
        if end != gather.output[0]:
            matrices = _matrices(nodes, shapes[source], shapes[end], constants, opset)
        if matrices is None:
            continue
        made = _products(graph, nodes, matrices)
        kept: list[onnx.NodeProto] = []
        for node in graph.node:
            kept += made if node is nodes[-1] else [] if node in nodes else [node]
        del graph.node[:]
        graph.node.extend(kept)


def _products(
    graph: onnx.GraphProto,
    nodes: Sequence[onnx.NodeProto],
    matrices: tuple[np.ndarray, np.ndarray],
) -> list[onnx.NodeProto]:
    """MatMul by each matrix that is not the identity; the matrices become constants."""
    taken, end = tensor_names(graph), nodes[-1]
    made, value = [], nodes[0].input[0]
    for axis, matrix in zip(("rows", "columns"), matrices, strict=True):
        if np.array_equal(matrix, np.eye(len(matrix))):
            continue
        name = add_constant(graph, f"{end.output[0]}_{axis}", matrix.astype(np.float32), taken)
        result = unused_name(f"{end.output[0]}_by_{axis}", taken)
        inputs = [name, value] if axis == "rows" else [value, name]
        made.append(helper.make_node("MatMul", inputs, [result], f"{end.name}_{axis}"))
        value = result
    made = made or [helper.make_node("Identity", [value], [value])]
    made[-1].name, made[-1].output[0] = end.name, end.output[0]
    return made


def _linear_nodes(
    graph: onnx.GraphProto,
    gather: onnx.NodeProto,
    constants: Mapping[str, np.ndarray],
    shapes: Mapping[str, Shape],
) -> list[onnx.NodeProto]:
    """The nodes from an image to the last other one that alone goes on from there.

    As far as they may be linear; they end with the gathering if there is no such image.
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {value.name for value in graph.output}
    nodes = [gather]
    for node in graph.node:
        if node.output[0] == gather.input[0] and node.op_type == "Transpose":
            nodes = [node, gather]
    inside = {node.output[0] for node in nodes}
    best = nodes
    for node in graph.node:
        read = [name for name in node.input if name and name not in constants]
        if node in nodes or not read or node.op_type not in _LINEAR or not inside.issuperset(read):
            continue
        nodes = [*nodes, node]
        inside.add(node.output[0])
        goes_on = {
            name
            for name in inside
            if name in outputs or any(reader not in nodes for reader in readers.get(name, ()))
        }
        old, new = shapes.get(nodes[0].input[0], ()), shapes.get(node.output[0], ())
        if goes_on == {node.output[0]} and len(old) == len(new) == 4 and old[:2] == new[:2]:
            best = nodes if old[0] == 1 else best
    return best


def _matrices(
    nodes: Sequence[onnx.NodeProto],
    old: Shape,
    new: Shape,
    constants: Mapping[str, np.ndarray],
    opset: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    """What rows (new, old) and columns (old, new) are multiplied by; None if that is not all."""
    used = {name for node in nodes for name in node.input if name in constants}
    source, end = nodes[0].input[0], nodes[-1].output[0]
    graph = helper.make_graph(
        nodes,
        "pool",
        [helper.make_tensor_value_info(source, onnx.TensorProto.FLOAT, old)],
        [helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, new)],
        [numpy_helper.from_array(constants[name], name) for name in sorted(used)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    _, channels, height, width = old
    runs = 1 + math.ceil(height / channels) + math.ceil(width / channels)
    read = max((constants[name].size for name in used), default=1)
    need_work(f"GatherND of {read:,} indices", runs * read * _ELEMENT)
    evaluator = ReferenceEvaluator(model)

    def answer(x: np.ndarray) -> np.ndarray:
        """(count, *new) for images (count, height, width), several channels at a time."""
        count = len(x)
        padded = np.zeros((math.ceil(count / channels) * channels, height, width), np.float32)
        padded[:count] = x
        parts = padded.reshape(-1, 1, channels, height, width)
        found = [np.asarray(evaluator.run(None, {source: part})) for part in parts]  # (1, 1, ...)
        return np.concatenate([part[0, 0] for part in found])[:count]

    # Each row of ones, and each column: their averages along the other axis are ones.
    by_rows = answer(np.repeat(np.eye(height)[:, :, None], width, axis=2))[:, :, 0].T
    by_columns = answer(np.repeat(np.eye(width)[:, None, :], height, axis=1))[:, 0, :]
    x = np.random.default_rng(0).standard_normal((channels, height, width))
    found = answer(x)
    is_all = np.allclose(by_rows @ x @ by_columns, found, atol=1e-4, rtol=0)
    return (by_rows, by_columns) if is_all else None

"""Softplus as PyTorch's newer exporter writes it, with a branch for large inputs.

torch.nn.Softplus(beta, threshold) is log(1 + exp(beta * x)) / beta, and x itself where beta * x
exceeds the threshold: a guard against overflow, which makes no difference to the result.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

_LEAST_THRESHOLD = 10.0
"""From here on, Softplus(x) is x but for 5e-5."""


def drop_softplus_guards(graph: onnx.GraphProto) -> None:
    """Replace Where(Greater(a, threshold), x, y) by y, which is Softplus(a) / beta with a = beta x.

    Where there is no beta, a is x. Anything else stays as it is.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    writers = {name: node for node in graph.node for name in node.output}
    for place, node in enumerate(graph.node):
        if _is_guard(node, writers, constants):
            kept = helper.make_node("Identity", node.input[2:], node.output, name=node.name)
            graph.node[place].CopyFrom(kept)
    read = {name for node in graph.node for name in node.input}
    read.update(value.name for value in graph.output)
    for node in [node for node in graph.node if node.op_type == "Greater"]:
        if node.output[0] not in read:
            graph.node.remove(node)


def _is_guard(
    node: onnx.NodeProto,
    writers: dict[str, onnx.NodeProto],
    constants: dict[str, np.ndarray],
) -> bool:
    if node.op_type != "Where":
        return False
    condition, x, y = node.input
    greater, result = writers.get(condition), writers.get(y)
    if greater is None or result is None or greater.op_type != "Greater":
        return False
    argument, threshold = greater.input
    if threshold not in constants or not np.all(constants[threshold] >= _LEAST_THRESHOLD):
        return False
    if result.op_type == "Softplus":
        return list(result.input) == [argument] == [x]
    scaled, softplus = writers.get(argument), writers.get(result.input[0])
    return (
        result.op_type == "Div"
        and softplus is not None
        and softplus.op_type == "Softplus"
        and list(softplus.input) == [argument]
        and scaled is not None
        and scaled.op_type == "Mul"
        and list(scaled.input) == [x, result.input[1]]
        and result.input[1] in constants
    )

"""Mutations that make a small file ask for much: memory, time, depth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .draw import Draw
from .insertions import fresh, shapes_of

LARGE = (10**4, 10**5, 10**6, 10**8, 3 * 10**8, 10**9, 10**10, 10**14, 2**31, 2**62)


def _add_scalar(model: onnx.ModelProto, nodes: list[onnx.NodeProto], value: str) -> None:
    """Add a scalar that nodes compute to the first input of the first node."""
    if not model.graph.node or not model.graph.node[0].input:
        return
    first = model.graph.node[0]
    total = fresh(model, "total")
    nodes.append(helper.make_node("Add", [first.input[0], value], [total]))
    first.input[0] = total
    for node in reversed(nodes):
        model.graph.node.insert(0, node)


def _constant(model: onnx.ModelProto, value: object) -> str:
    name = fresh(model, "size")
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def fold_much(model: onnx.ModelProto, draw: Draw) -> str:
    """A constant that is large before it is reduced to one number."""
    n = draw.choice(LARGE)
    kind = draw.choice(["ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Concat", "MatMul"])
    big, flat = fresh(model, "big"), fresh(model, "flat")
    one = _constant(model, np.ones(1, np.float32))
    if kind == "Range":
        bounds = [_constant(model, np.float32(v)) for v in (0, min(n, 10**9), 1)]
        nodes = [helper.make_node(kind, bounds, [big])]
    elif kind == "Pad":
        nodes = [helper.make_node(kind, [one, _constant(model, [0, n])], [big])]
    elif kind == "Concat":
        nodes, last = [], one
        for step in range(draw.choice([8, 28, 40])):
            nodes.append(helper.make_node(kind, [last, last], [f"{big}_{step}"], axis=0))
            last = f"{big}_{step}"
        nodes.append(helper.make_node("Identity", [last], [big]))
    elif kind == "MatMul":
        m = min(n, 10**5)
        column = _constant(model, np.ones((1, 1), np.float32))
        tall, wide = fresh(model, "tall"), fresh(model, "wide")
        nodes = [
            helper.make_node("Expand", [column, _constant(model, [m, 1])], [tall]),
            helper.make_node("Expand", [column, _constant(model, [1, m])], [wide]),
            helper.make_node(kind, [tall, wide], [big]),
        ]
    else:
        inputs = [] if kind == "ConstantOfShape" else [one]
        nodes = [helper.make_node(kind, [*inputs, _constant(model, [n])], [big])]
    nodes.append(helper.make_node("ReduceMean", [big], [flat], keepdims=0))
    _add_scalar(model, nodes, flat)
    return f"{kind} {n}"


def grow_data(model: onnx.ModelProto, draw: Draw) -> str:
    """The data themselves become large: padding, scaling, tiling, kernels, declared sizes."""
    shapes = shapes_of(model)
    if not model.graph.input or model.graph.input[0].name not in shapes:
        return "no input"
    source = model.graph.input[0]
    rank = len(shapes[source.name])
    n = draw.choice(LARGE)
    kind = draw.choice(["Pad", "Resize", "Tile", "declare", "dilate", "kernel"])
    if kind == "declare" and rank:
        draw.choice(source.type.tensor_type.shape.dim).dim_value = n
        return f"{kind} {n}"
    if kind in ("dilate", "kernel"):
        for node in model.graph.node:
            if node.op_type in ("Conv", "MaxPool", "AveragePool"):
                pads = [n] * 2 * max(rank - 2, 1)
                kept = [a for a in node.attribute if a.name not in ("pads", "dilations")]
                del node.attribute[:]
                node.attribute.extend(kept)
                node.attribute.append(helper.make_attribute("pads", pads))
                if kind == "dilate":
                    node.attribute.append(
                        helper.make_attribute("dilations", pads[: len(pads) // 2])
                    )
                return f"{kind} {n} of {node.op_type}"
        return "no window"
    grown = fresh(model, "grown")
    large = [1] * max(rank - 1, 0) + [n]
    if kind == "Pad":
        inputs = [source.name, _constant(model, [0] * rank + [*[0] * (rank - 1), n])]
    elif kind == "Tile":
        inputs = [source.name, _constant(model, large)]
    else:
        inputs = [source.name, "", _constant(model, np.array(large, np.float32))]
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name == source.name:
                node.input[index] = grown
    model.graph.node.insert(0, helper.make_node(kind, inputs, [grown]))
    return f"{kind} {n}"


def double_functions(model: onnx.ModelProto, draw: Draw) -> str:
    """Functions that each call the one before twice."""
    depth = draw.choice([3, 10, 25, 60])
    imports = [*model.opset_import, helper.make_opsetid("bomb", 1)]
    for level in range(depth):
        name = (f"F{level - 1}", "bomb") if level else ("Relu", "")
        body = [
            helper.make_node(name[0], [a], [b], domain=name[1]) for a, b in (("u", "v"), ("v", "w"))
        ]
        model.functions.append(
            helper.make_function("bomb", f"F{level}", ["u"], ["w"], body, imports)
        )
    model.opset_import.append(helper.make_opsetid("bomb", 1))
    called = fresh(model, "called")
    if not model.graph.node or not model.graph.node[0].input:
        return "no node"
    first = model.graph.node[0]
    model.graph.node.insert(
        0, helper.make_node(f"F{depth - 1}", [first.input[0]], [called], domain="bomb")
    )
    model.graph.node[1].input[0] = called
    return f"2^{depth} nodes"


def nest(model: onnx.ModelProto, draw: Draw) -> str:
    """Branches in branches."""
    depth = draw.choice([3, 8, 12, 20])
    value = _constant(model, np.float32(0.5))
    condition = _constant(model, np.array(True))
    result = helper.make_tensor_value_info("r", TensorProto.FLOAT, [])
    graph = helper.make_graph([helper.make_node("Identity", [value], ["r"])], "leaf", [], [result])
    leaf = graph
    for _ in range(depth):
        other = graph if depth <= 12 else leaf  # both would be 2^depth nodes
        node = helper.make_node("If", [condition], ["r"], then_branch=graph, else_branch=other)
        graph = helper.make_graph([node], "nested", [], [result])
    name = fresh(model, "nested")
    node = graph.node[0]
    node.output[0] = name
    _add_scalar(model, [node], name)
    return f"{depth} deep"


def lengthen(model: onnx.ModelProto, draw: Draw) -> str:
    """A long chain of operators."""
    if not model.graph.node or not model.graph.node[0].input:
        return "no node"
    count = draw.choice([20, 60, 200])
    op_type = draw.choice(["Identity", "Relu", "Sigmoid", "Neg", "Abs"])
    source = model.graph.node[0].input[0]
    names = [source, *(f"chain_{i}" for i in range(count))]
    chain = [helper.make_node(op_type, [a], [b]) for a, b in pairwise(names)]
    model.graph.node[0].input[0] = names[-1]
    for node in reversed(chain):
        model.graph.node.insert(0, node)
    return f"{count} {op_type}"


BOMBS: tuple[Callable[[onnx.ModelProto, Draw], str], ...] = (
    fold_much,
    fold_much,
    grow_data,
    grow_data,
    grow_data,
    double_functions,
    nest,
    lengthen,
)
"""Each changes the model and returns what it did."""

"""Mutations of who reads what."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from onnx import helper

from .draw import Draw
from .insertions import fresh, shapes_of


def _values(model: onnx.ModelProto) -> list[str]:
    graph = model.graph
    names = [value.name for value in graph.input] + [t.name for t in graph.initializer]
    return names + [name for node in graph.node for name in node.output]


def swap_inputs(model: onnx.ModelProto, draw: Draw) -> str:
    nodes = [node for node in model.graph.node if len(node.input) > 1]
    if not nodes:
        return "nothing to swap"
    node = draw.choice(nodes)
    a, b = draw.sample(range(len(node.input)), 2)
    node.input[a], node.input[b] = node.input[b], node.input[a]
    return f"{node.name} {a} {b}"


def change_input(model: onnx.ModelProto, draw: Draw) -> str:
    """Read something else, which may make a cycle, or nothing at all."""
    nodes = [node for node in model.graph.node if node.input]
    if not nodes:
        return "no input"
    node = draw.choice(nodes)
    index = draw.randrange(len(node.input))
    node.input[index] = draw.choice([*_values(model), "", "missing"])
    return f"{node.name} reads {node.input[index]!r}"


def change_input_count(model: onnx.ModelProto, draw: Draw) -> str:
    nodes = [node for node in model.graph.node if node.input]
    if not nodes:
        return "no input"
    node = draw.choice(nodes)
    if draw.chance(0.5):
        del node.input[-1]
    else:
        node.input.append(draw.choice([*_values(model), ""]))
    return f"{node.name} has {len(node.input)}"


def drop_node(model: onnx.ModelProto, draw: Draw) -> str:
    """Without a node: bypassed, or with a hole where it was."""
    if not model.graph.node:
        return "no node"
    node = draw.choice(model.graph.node)
    title = node.name
    if node.input and node.output and draw.chance(0.8):
        for reader in model.graph.node:
            for index, name in enumerate(reader.input):
                if name == node.output[0]:
                    reader.input[index] = node.input[0]
        for output in model.graph.output:
            if output.name == node.output[0]:
                output.name = node.input[0]
    model.graph.node.remove(node)
    return title


def repeat_node(model: onnx.ModelProto, draw: Draw) -> str:
    """A node twice: in parallel, in a row, or writing the same value again."""
    if not model.graph.node:
        return "no node"
    place = draw.randrange(len(model.graph.node))
    node = model.graph.node[place]
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    what = draw.choice(["row", "row", "parallel", "same"])
    if not node.input or not node.output:
        what = "same"
    if what == "row":
        middle = fresh(model, "middle")
        node.output[0] = middle
        copy.input[0] = middle
    elif what == "parallel":
        copy.output[0] = fresh(model, "twin")
        readers = [n for n in model.graph.node if node.output[0] in n.input]
        for reader in readers[1:]:
            for index, name in enumerate(reader.input):
                if name == node.output[0]:
                    reader.input[index] = copy.output[0]
    model.graph.node.insert(place + 1, copy)
    return f"{node.name} {what}"


def reorder(model: onnx.ModelProto, draw: Draw) -> str:
    nodes = list(model.graph.node)
    draw.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return ""


def change_outputs(model: onnx.ModelProto, draw: Draw) -> str:
    """One output more, an input or a constant among them, or one less."""
    outputs = model.graph.output
    if draw.chance(0.15) and len(outputs):
        del outputs[-1]
        return "one less"
    name = draw.choice([*_values(model), "missing"])
    shape = shapes_of(model).get(name)
    outputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    return f"also {name}"


def change_inputs(model: onnx.ModelProto, draw: Draw) -> str:
    """An input that nobody reads, a constant as an input, no input, the same twice."""
    graph = model.graph
    what = draw.choice(["unread", "constant", "none", "twice"])
    if what == "unread":
        graph.input.append(helper.make_tensor_value_info("unread", 1, [1, 2]))
    elif what == "constant" and graph.initializer:
        tensor = draw.choice(graph.initializer)
        graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
        if draw.chance(0.5):
            graph.initializer.remove(tensor)
    elif what == "none":
        del graph.input[:]
    elif graph.input:
        graph.input.append(graph.input[0])
    return what


WIRING: tuple[Callable[[onnx.ModelProto, Draw], str], ...] = (
    swap_inputs,
    swap_inputs,
    change_input,
    change_input,
    change_input_count,
    drop_node,
    repeat_node,
    repeat_node,
    reorder,
    change_outputs,
    change_inputs,
)
"""Each changes the model and returns what it did."""

"""Mutations that insert an operator."""

from __future__ import annotations

import onnx
from onnx import helper, numpy_helper

from .draw import Draw
from .operator_table import COMMON, KEEPING, TABLE
from .operators import Shape


def shapes_of(model: onnx.ModelProto) -> dict[str, Shape]:
    """Shapes of all values that ONNX can tell, 1 for what is free."""
    try:
        graph = onnx.shape_inference.infer_shapes(model).graph
    except Exception:  # a model that is wrong on purpose
        graph = model.graph
    return {
        value.name: [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
        if value.type.HasField("tensor_type") and value.type.tensor_type.HasField("shape")
    }


def fresh(model: onnx.ModelProto, stem: str) -> str:
    """A name that the model does not have."""
    taken = {name for node in model.graph.node for name in (*node.input, *node.output)}
    taken |= {tensor.name for tensor in model.graph.initializer}
    return next(name for i in range(10**6) if (name := f"{stem}_{i}") not in taken)


def insert_operator(model: onnx.ModelProto, draw: Draw) -> str:
    """Any operator, behind any tensor, in front of some or all that read it."""
    constants = {tensor.name for tensor in model.graph.initializer}
    shapes = {k: v for k, v in shapes_of(model).items() if k not in constants}
    written = [name for node in model.graph.node for name in node.output]
    outputs = [value.name for value in model.graph.output]
    op_type = draw.choice(COMMON) if draw.chance(0.67) else draw.choice(list(TABLE))
    anywhere = op_type in KEEPING or draw.chance(0.25)
    values = [name for name in (*(shapes if anywhere else ()), *outputs) if name in shapes]
    if not values:
        return "nothing to insert behind"
    name = draw.choice(values)
    use = TABLE[op_type](draw, shapes[name])
    others = _earlier(model, shapes, name) if draw.chance(0.9) else list(shapes)

    source = name
    if name in outputs and name in written:
        source = fresh(model, "inner")
        _rename_written(model, name, source)
        result = name
    else:
        result = fresh(model, "inserted")
        _reroute(model, draw, name, result)
    inputs = []
    for value in use.constants:
        if value is None:
            inputs.append(source)
        elif isinstance(value, str):
            inputs.append(draw.choice(others) if value == "other" else "")
        else:
            inputs.append(fresh(model, "constant"))
            model.graph.initializer.append(numpy_helper.from_array(value, inputs[-1]))
    names = [result, *(fresh(model, "side") for _ in range(use.outputs - 1))]
    title = fresh(model, op_type.lower())
    nodes = [helper.make_node(op_type, inputs, names, title, **use.attributes)]
    if op_type == "QuantizeLinear":
        steps = fresh(model, "steps")
        nodes[0].output[0] = steps
        nodes.append(
            helper.make_node("DequantizeLinear", [steps, *inputs[1:]], [result], f"{title}_back")
        )
    place = 1 + max(
        (i for i, n in enumerate(model.graph.node) if set(n.output) & set(inputs)), default=-1
    )
    for offset, node in enumerate(nodes):
        model.graph.node.insert(place + offset, node)
    return f"{op_type} behind {name}"


def _earlier(model: onnx.ModelProto, shapes: dict[str, Shape], name: str) -> list[str]:
    """Values that are there before another one, those of its shape if there are any."""
    found = [value.name for value in model.graph.input]
    for node in model.graph.node:
        if name in found:
            break
        found += node.output
    alike = [value for value in found if shapes.get(value) == shapes[name] and value != name]
    return alike or [value for value in found if value in shapes] or [name]


def _rename_written(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for index, value in enumerate(node.output):
            if value == old:
                node.output[index] = new
        for index, value in enumerate(node.input):
            if value == old:
                node.input[index] = new


def _reroute(model: onnx.ModelProto, draw: Draw, old: str, new: str) -> None:
    """Make readers of a value read another one, all of them or some."""
    everyone = draw.chance(0.6)
    for node in model.graph.node:
        for index, value in enumerate(node.input):
            if value == old and (everyone or draw.chance(0.5)):
                node.input[index] = new

"""Mutations of single fields: attributes, constants, shapes, types, versions, names, bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from .constants import change_constant_shape, change_constant_type, change_values, damage_constant
from .draw import Draw
from .odd_values import FLOATS, INTEGERS, NAMES, STRINGS, TYPES


def attributes_of(model: onnx.ModelProto) -> list[tuple[onnx.NodeProto, AttributeProto]]:
    return [(node, a) for node in model.graph.node for a in node.attribute]


def change_attribute(model: onnx.ModelProto, draw: Draw) -> str:
    """Another value for one attribute of a node."""
    found = attributes_of(model)
    if not found:
        return add_attribute(model, draw)
    node, a = draw.choice(found)
    match a.type:
        case AttributeProto.INT:
            a.i = draw.choice(INTEGERS) if draw.chance(0.5) else a.i + draw.choice([-1, 1])
        case AttributeProto.INTS if len(a.ints) and draw.chance(0.8):
            index = draw.randrange(len(a.ints))
            near = max(-(2**63), min(2**63 - 1, a.ints[index] + draw.choice([-1, 1, 1, 2])))
            a.ints[index] = near if draw.chance(0.7) else draw.choice(INTEGERS)
        case AttributeProto.INTS:
            a.ints.append(draw.choice(INTEGERS))
        case AttributeProto.FLOAT:
            a.f = draw.choice(FLOATS) if draw.chance(0.5) else a.f * draw.uniform(-2, 2)
        case AttributeProto.STRING:
            a.s = draw.choice(STRINGS).encode("latin-1")
        case _:
            a.type = draw.choice([0, 1, 2, 3, 4, 5, 6, 7, 8])
    return f"{node.op_type}.{a.name}"


def add_attribute(model: onnx.ModelProto, draw: Draw) -> str:
    """An attribute that the operator knows, or one that it does not."""
    if not model.graph.node:
        return "no node"
    node = draw.choice(model.graph.node)
    known: list[str] = []
    if onnx.defs.has(node.op_type, node.domain):
        known = sorted(onnx.defs.get_schema(node.op_type, node.domain).attributes)
    name = draw.choice([*known, "unknown"])
    value = draw.choice(
        [draw.choice(INTEGERS), draw.choice(FLOATS), "s", [1, 2], [0.5], [2, 2, 1, 1]]
    )
    node.attribute.append(helper.make_attribute(name, value))
    return f"{node.op_type}.{name} added"


def drop_attribute(model: onnx.ModelProto, draw: Draw) -> str:
    found = attributes_of(model)
    if not found:
        return "no attribute"
    node, a = draw.choice(found)
    name = a.name
    node.attribute.remove(a)
    return f"{node.op_type}.{name} dropped"


def retype_attribute(model: onnx.ModelProto, draw: Draw) -> str:
    """An attribute of another type, by the same name."""
    found = attributes_of(model)
    if not found:
        return "no attribute"
    node, a = draw.choice(found)
    value = draw.choice([1, 0.5, "s", [1], [0.5], ["s"], np.zeros(2, np.float32)])
    if isinstance(value, np.ndarray):
        value = numpy_helper.from_array(value)
    a.CopyFrom(helper.make_attribute(a.name, value))
    return f"{node.op_type}.{a.name} of another type"


def change_declared(model: onnx.ModelProto, draw: Draw) -> str:
    """Dimensions and types that inputs and outputs are declared with."""
    values = [*model.graph.input, *model.graph.output]
    if not values:
        return "no value"
    value = draw.choice(values)
    tensor = value.type.tensor_type
    what = draw.choice(["dim", "dim", "first", "first", "type", "rank", "free", "none", "sequence"])
    if what in ("dim", "first") and len(tensor.shape.dim):
        dim = tensor.shape.dim[0 if what == "first" else draw.randrange(len(tensor.shape.dim))]
        dim.dim_value = draw.choice([*INTEGERS, 1, 2, 3, 4, 5])
    elif what == "type":
        tensor.elem_type = draw.choice(TYPES)
    elif what == "rank" and len(tensor.shape.dim):
        if draw.chance(0.5):
            del tensor.shape.dim[draw.randrange(len(tensor.shape.dim))]
        else:
            tensor.shape.dim.insert(0, onnx.TensorShapeProto.Dimension(dim_value=1))
    elif what == "free" and len(tensor.shape.dim):
        draw.choice(tensor.shape.dim).dim_param = draw.choice(NAMES)
    elif what == "none":
        tensor.ClearField("shape")
    elif what == "sequence":
        value.type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    return f"{what} of {value.name}"


def change_version(model: onnx.ModelProto, draw: Draw) -> str:
    what = draw.choice(["opset", "opset", "opset", "ir", "domain", "none", "node", "more"])
    if what == "opset" and model.opset_import:
        versions = [*range(6, 28), 0, -1, 2**40]
        model.opset_import[0].version = draw.choice(versions)
        return f"opset {model.opset_import[0].version}"
    if what == "ir":
        model.ir_version = draw.choice([0, 1, 3, 8, 11, 13, 99, 2**40])
    elif what == "domain" and model.opset_import:
        model.opset_import[0].domain = draw.choice(["ai.onnx", "ai.onnx.ml", "com.microsoft", "z"])
    elif what == "none":
        del model.opset_import[:]
    elif what == "node" and model.graph.node:
        node = draw.choice(model.graph.node)
        node.domain = draw.choice(["ai.onnx", "ai.onnx.ml", "com.microsoft", "\u00e9", "qonnx"])
    else:
        model.opset_import.append(helper.make_opsetid("com.microsoft", draw.choice([1, 99])))
    return what


def rename(model: onnx.ModelProto, draw: Draw) -> str:
    """A node, a value everywhere, an operator or the graph by an odd name."""
    new = draw.choice(NAMES)
    what = draw.choice(
        ["node", "value", "value", "input", "output", "op_type", "graph", "doc", "same"]
    )
    nodes = model.graph.node
    if what == "node" and nodes:
        draw.choice(nodes).name = new
    elif what == "same":
        for node in nodes:
            node.name = new
    elif what == "op_type" and nodes:
        draw.choice(nodes).op_type = draw.choice([new, "Relu", "Add", "Loop", "Scan", "Conv"])
    elif what == "graph":
        model.graph.name = new
    elif what == "doc":
        model.doc_string = model.producer_name = model.graph.doc_string = new
    else:
        pool = {
            "input": [value.name for value in model.graph.input],
            "output": [value.name for value in model.graph.output],
        }.get(what, [name for node in nodes for name in (*node.input, *node.output)])
        if pool:
            _rename_value(model, draw.choice(pool), new)
    return f"{what} named {new[:20]!r}"


def _rename_value(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
    for entry in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        if entry.name == old:
            entry.name = new


FIELDS: tuple[Callable[[onnx.ModelProto, Draw], str], ...] = (
    change_attribute,
    change_attribute,
    change_attribute,
    add_attribute,
    drop_attribute,
    retype_attribute,
    change_values,
    change_values,
    change_values,
    change_constant_shape,
    change_constant_type,
    damage_constant,
    change_declared,
    change_declared,
    change_declared,
    change_version,
    rename,
    rename,
)
"""Each changes the model and returns what it did."""

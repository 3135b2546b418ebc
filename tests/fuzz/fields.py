"""Mutations of single fields: attributes, constants, shapes, types, versions, names, bytes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from .draw import Draw

INTEGERS = (0, 1, -1, 2, 3, 4, 7, 100, 65_536, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e-30, 1e30, 3e38, math.inf, -math.inf, math.nan)
STRINGS = (
    *("", "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "nearest", "linear", "cubic", "reflect"),
    *("edge", "CRD", "DCR", "tanh", "none", "half_pixel", "asymmetric", "align_corners", "floor"),
    *("\xff\n", "x" * 5000),
)
NAMES = (
    *("", " ", "x", "a;b", "$(touch c)", "`touch c`", "a'b", 'a"b', "a\nb", "a\\b", "<b>&amp;</b>"),
    *("\u00e9\u6f22\U0001f600", "..", "../../up", "/etc/passwd", "module", "endmodule", "[bold]x[/]"),
    *("%s%n", "{0}", "a\x00b", "_", "0", "y", "\u202eabc", "-rf", "n" * 3000, "[/bold]", "kind"),
)
TYPES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 17, 21, 22, 23, 99, -1)


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
    value = draw.choice([draw.choice(INTEGERS), draw.choice(FLOATS), "s", [1, 2], [0.5], [2, 2, 1, 1]])
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


def change_values(model: onnx.ModelProto, draw: Draw) -> str:
    """Odd values in a constant."""
    if not model.graph.initializer:
        return "no constant"
    tensor = draw.choice(model.graph.initializer)
    array = numpy_helper.to_array(tensor).copy()
    if array.dtype.kind not in "iuf" or not array.size:
        return "no numbers"
    pool: tuple[float, ...] = FLOATS if array.dtype.kind == "f" else INTEGERS
    what = draw.choice(["one", "one", "all", "scale", "sign", "noise"])
    with np.errstate(all="ignore"):
        if what == "one":
            array.flat[draw.randrange(array.size)] = _fit(draw.choice(pool), array.dtype)
        elif what == "all":
            array[...] = _fit(draw.choice(pool), array.dtype)
        elif what == "scale":
            array = (array * draw.choice([0.001, 1000, 1e12, 1e-12])).astype(array.dtype)
        elif what == "sign":
            array = (array * -1).astype(array.dtype)
        else:
            array = (array + draw.integers(-2, 2, array.shape)).astype(array.dtype)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return f"{what} of {tensor.name}"


def _fit(value: float, dtype: np.dtype) -> np.generic:
    if dtype.kind == "f":
        return dtype.type(value)
    info = np.iinfo(dtype)
    return dtype.type(min(max(int(value), info.min), info.max))


def change_constant_shape(model: onnx.ModelProto, draw: Draw) -> str:
    """Other dimensions for a constant, with or without the elements that they ask for."""
    if not model.graph.initializer:
        return "no constant"
    tensor = draw.choice(model.graph.initializer)
    what = draw.choice(["reshape", "axis", "drop", "dims", "resize"])
    dims = list(tensor.dims)
    if what == "dims" and dims:
        tensor.dims[draw.randrange(len(dims))] = draw.choice([*INTEGERS, 5])
        return f"dims of {tensor.name}"
    array = numpy_helper.to_array(tensor)
    if what == "reshape":
        array = array.reshape(draw.choice([(-1,), (1, -1), (-1, 1), dims[::-1]]))
    elif what == "axis":
        array = np.expand_dims(array, draw.randint(0, array.ndim))
    elif what == "drop" and array.ndim:
        array = array[0] if len(array) else array
    else:
        array = np.resize(array, [n + draw.choice([-1, 0, 1]) for n in dims] or [2])
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))
    return f"{what} of {tensor.name}"


def change_constant_type(model: onnx.ModelProto, draw: Draw) -> str:
    if not model.graph.initializer:
        return "no constant"
    tensor = draw.choice(model.graph.initializer)
    if draw.chance(0.4):
        tensor.data_type = draw.choice(TYPES)
        return f"type of {tensor.name} declared as {tensor.data_type}"
    dtype = draw.choice([np.float16, np.float64, np.int64, np.int32, np.int8, np.uint8, bool])
    with np.errstate(all="ignore"):
        array = numpy_helper.to_array(tensor).astype(dtype)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return f"{tensor.name} as {np.dtype(dtype)}"


def damage_constant(model: onnx.ModelProto, draw: Draw) -> str:
    """Data of the wrong length or in the wrong place, segments, no name."""
    if not model.graph.initializer:
        return "no constant"
    tensor = draw.choice(model.graph.initializer)
    what = draw.choice(["cut", "more", "both", "segment", "twice", "strings", "none"])
    if what == "cut":
        tensor.raw_data = tensor.raw_data[: draw.randint(0, max(len(tensor.raw_data) - 1, 0))]
    elif what == "more":
        tensor.raw_data += b"\0" * draw.randint(1, 9)
    elif what == "both":
        tensor.float_data.append(1.0)
    elif what == "segment":
        tensor.segment.begin, tensor.segment.end = 0, 1
    elif what == "twice":
        model.graph.initializer.append(tensor)
    elif what == "strings":
        tensor.string_data.append(b"s")
    else:
        tensor.ClearField("raw_data")
    return f"{what} in {tensor.name}"


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
    what = draw.choice(["node", "value", "value", "input", "output", "op_type", "graph", "doc", "same"])
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

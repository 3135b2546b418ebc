"""Mutations that compute the same in another way: functions, branches, loops, constants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from .draw import Draw
from .insertions import fresh

LOCATIONS = (
    *("weights.bin", "weights.bin", "weights.bin", "missing.bin", "../keep/secret.bin", "", "."),
    *("/etc/passwd", "in.bin\0", "/dev/zero", "link.bin", "sub/../weights.bin", "w" * 300),
)
OFFSETS = ("", "", "0", "4", "-1", "1e3", "99999999999", "9" * 30, "x", " 0")


def _pick(model: onnx.ModelProto, draw: Draw) -> onnx.NodeProto | None:
    nodes = [node for node in model.graph.node if node.input and node.output]
    return draw.choice(nodes) if nodes else None


def wrap_in_function(model: onnx.ModelProto, draw: Draw) -> str:
    """A node becomes the call of a local function."""
    node = _pick(model, draw)
    if node is None or "" in node.input:
        return "no node"
    name = f"Wrapped{len(model.functions)}"
    inputs = [f"in{i}" for i in range(len(node.input))]
    outputs = [f"out{i}" for i in range(len(node.output))]
    body = onnx.NodeProto()
    body.CopyFrom(node)
    del body.input[:], body.output[:]
    body.input.extend(inputs)
    body.output.extend(outputs)
    imports = list(model.opset_import)
    model.functions.append(helper.make_function("wrapped", name, inputs, outputs, [body], imports))
    if "wrapped" not in {entry.domain for entry in model.opset_import}:
        model.opset_import.append(helper.make_opsetid("wrapped", 1))
    title = node.name
    node.op_type, node.domain = name, "wrapped"
    del node.attribute[:]
    return title


def wrap_in_branch(model: onnx.ModelProto, draw: Draw) -> str:
    """A node becomes one branch of an If, whose condition is mostly constant."""
    node = _pick(model, draw)
    if node is None:
        return "no node"
    place = list(model.graph.node).index(node)
    taken, other = onnx.NodeProto(), helper.make_node("Identity", [node.input[0]], ["other"])
    taken.CopyFrom(node)
    results = [fresh(model, f"branch_{i}") for i in range(len(node.output))]
    del taken.output[:]
    taken.output.extend(results)
    value = draw.chance(0.7)
    bodies = [
        helper.make_graph(
            [body],
            "body",
            [],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in body.output],
        )
        for body in (taken, other)
    ]
    if not value:
        bodies.reverse()
    condition = fresh(model, "condition")
    made = helper.make_node(
        "If", [condition], node.output, node.name, then_branch=bodies[0], else_branch=bodies[1]
    )
    model.graph.node.remove(node)
    model.graph.node.insert(place, made)
    if draw.chance(0.85) or not model.graph.input:
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), condition))
    else:
        largest, zero = fresh(model, "largest"), fresh(model, "zero")
        model.graph.initializer.append(numpy_helper.from_array(np.float32(0), zero))
        model.graph.node.insert(0, helper.make_node("Greater", [largest, zero], [condition]))
        source = model.graph.input[0].name
        model.graph.node.insert(0, helper.make_node("ReduceMax", [source], [largest], keepdims=0))
    return f"{node.name} {value}"


def wrap_in_loop(model: onnx.ModelProto, draw: Draw) -> str:
    """A node is repeated by a Loop, a few times or very often."""
    node = _pick(model, draw)
    if node is None or len(node.output) != 1:
        return "no node"
    place = list(model.graph.node).index(node)
    body = onnx.NodeProto()
    body.CopyFrom(node)
    body.input[0], body.output[0] = "carried", "carried_on"
    float_value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [body, helper.make_node("Identity", ["go"], ["go_on"])],
        "loop",
        [
            float_value("step", TensorProto.INT64, []),
            float_value("go", TensorProto.BOOL, []),
            float_value("carried", TensorProto.FLOAT, None),
        ],
        [
            float_value("go_on", TensorProto.BOOL, []),
            float_value("carried_on", TensorProto.FLOAT, None),
        ],
    )
    trips, go = fresh(model, "trips"), fresh(model, "go_first")
    count = draw.choice([0, 1, 1, 2, 3, 40, 10**9])
    model.graph.initializer.append(numpy_helper.from_array(np.array(count), trips))
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), go))
    made = helper.make_node(
        "Loop", [trips, go, node.input[0]], [node.output[0]], node.name, body=graph
    )
    model.graph.node.remove(node)
    model.graph.node.insert(place, made)
    return f"{body.name} {count} times"


def compute_constant(model: onnx.ModelProto, draw: Draw) -> str:
    """An initializer becomes the result of nodes."""
    if not model.graph.initializer:
        return "no constant"
    tensor = draw.choice(model.graph.initializer)
    name = tensor.name
    source = onnx.TensorProto()
    source.CopyFrom(tensor)
    source.name = fresh(model, "source")
    model.graph.initializer.remove(tensor)
    kind = draw.choice(["Constant", "Constant", "Identity", "Cast", "Mul", "Unsqueeze"])
    if kind == "Constant":
        model.graph.node.insert(0, helper.make_node("Constant", [], [name], value=source))
        return f"{name} by {kind}"
    model.graph.initializer.append(source)
    if kind == "Cast":
        node = helper.make_node(kind, [source.name], [name], to=source.data_type)
    elif kind == "Mul":
        one = fresh(model, "one")
        dtype = helper.tensor_dtype_to_np_dtype(source.data_type or 1)
        model.graph.initializer.append(numpy_helper.from_array(np.ones((), dtype), one))
        node = helper.make_node(kind, [source.name, one], [name])
    else:
        node = helper.make_node("Identity", [source.name], [name])
    model.graph.node.insert(0, node)
    return f"{name} by {kind}"


def move_outside(model: onnx.ModelProto, draw: Draw) -> str:
    """An initializer moves to a file beside the model (see `write_outside`), or claims to."""
    tensors = [t for t in model.graph.initializer if t.HasField("raw_data")]
    if not tensors:
        return "no constant"
    tensor = draw.choice(tensors)
    location, offset = draw.choice(LOCATIONS), draw.choice(OFFSETS)
    length = draw.choice(["", "", str(len(tensor.raw_data)), *OFFSETS])
    external_data_helper.set_external_data(tensor, location)
    for key, value in (("offset", offset), ("length", length)):
        if value:
            tensor.external_data.add(key=key, value=value)
    return f"{tensor.name} in {location[:20]!r} at {offset!r} of {length!r} bytes"


def write_outside(model: onnx.ModelProto, folder: Path) -> None:
    """Write the files that `move_outside` speaks of; the data leave the model."""
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            (folder / "weights.bin").write_bytes(tensor.raw_data)
            tensor.ClearField("raw_data")
    if not (folder / "link.bin").is_symlink():
        (folder / "link.bin").symlink_to("../keep/secret.bin")


WRAPS: tuple[Callable[[onnx.ModelProto, Draw], str], ...] = (
    wrap_in_function,
    wrap_in_function,
    wrap_in_branch,
    wrap_in_loop,
    compute_constant,
    compute_constant,
    move_outside,
)
"""Each changes the model and returns what it did."""

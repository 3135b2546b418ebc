"""The model's inputs and outputs: of which types and sizes."""

from __future__ import annotations

import shlex

import onnx
from onnx import TensorProto

INTEGER_TYPES = frozenset(
    {
        TensorProto.INT8,
        TensorProto.INT16,
        TensorProto.INT32,
        TensorProto.INT64,
        TensorProto.UINT8,
        TensorProto.UINT16,
        TensorProto.UINT32,
        TensorProto.UINT64,
    }
)
FLOAT_TYPES = frozenset(
    {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
)


_EXAMPLE_SIZE = 96
"""Of an axis, in a message."""


def type_name(elem_type: int) -> str:
    """ONNX name of an element type, such as "float"; its number if ONNX has no such type."""
    known = elem_type in TensorProto.DataType.values()
    return TensorProto.DataType.Name(elem_type).lower() if known else str(elem_type)


def data_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs that take data; before IR version 4 the constants had to be inputs as well."""
    constants = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def boundary_problems(graph: onnx.GraphProto) -> list[str]:
    """One line for everything about inputs and outputs that nnhw cannot build."""
    inputs = data_inputs(graph)
    problems = []
    for kind, values in (("input", inputs), ("output", graph.output)):
        if not values:
            problems.append(f"The model has no {kind}: export a network with {kind}s")
    for value in inputs:
        problems += _input_problems(value)
    return problems


def set_first_axis(value: onnx.ValueInfoProto, size: int) -> None:
    """Give the first axis of an input a size, in place."""
    first = value.type.tensor_type.shape.dim[0]
    first.Clear()
    first.dim_value = size


def forget_shapes(model: onnx.ModelProto) -> None:
    """Forget every shape that is not an input's, in place."""
    del model.graph.value_info[:]
    for value in model.graph.output:
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")


def _input_problems(value: onnx.ValueInfoProto) -> list[str]:
    what = f"Input '{value.name}'"
    tensor_type = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return [f"{what} is not a tensor: export a model that takes one tensor"]
    if tensor_type.elem_type not in FLOAT_TYPES | INTEGER_TYPES:
        return [
            f"{what} is of type {type_name(tensor_type.elem_type)}: use float, or an integer of 8 "
            "to 64 bits"
        ]
    dims = tensor_type.shape.dim
    if not dims:
        return [f"{what} is a single number: make it a constant, or export it as a vector"]
    if len(dims) == 1 and dims[0].dim_value < 1:
        return [
            f"{what} has one axis, of open size: at least two are needed, of which the first is "
            "the batch, or one of fixed size; export the model with a batch axis, or give its "
            f"shape, such as --input-shape {shlex.quote(f'{value.name}={_EXAMPLE_SIZE}')}"
        ]
    empty = [
        f"{what}: axis {axis} has size 0, so that there is nothing to compute with; export the "
        "model with a size of 1 or more"
        for axis, dim in enumerate(dims)
        if dim.HasField("dim_value") and dim.dim_value == 0 and axis > 0
    ]
    return empty + _open_axes(value)


def _open_axes(value: onnx.ValueInfoProto) -> list[str]:
    """A line if any axis but the first has no size."""
    named = [
        f"{axis} ({dim.dim_param or 'unnamed'})"
        for axis, dim in enumerate(value.type.tensor_type.shape.dim)
        if axis > 0 and dim.dim_value < 1 and not (dim.HasField("dim_value") and dim.dim_value == 0)
    ]
    if not named:
        return []
    text = " and ".join(", ".join(named).rsplit(", ", 1))
    axes = f"axes {text} have" if len(named) > 1 else f"axis {text} has"
    example = f"{value.name}={shape_text(value, _EXAMPLE_SIZE)}"
    return [
        f"Input '{value.name}': {axes} no fixed size; choose the size that the hardware is for, "
        f"such as --input-shape {shlex.quote(example)} (in Python input_shape={example!r})"
    ]


def shape_text(value: onnx.ValueInfoProto, stand_in: int | None = None) -> str:
    """The shape of an input, such as "Nx3x?x?", with `stand_in` for open sizes if it is given.

    The first axis, which mostly counts samples, then has size 1 if it is open.
    """
    texts = []
    for axis, dim in enumerate(value.type.tensor_type.shape.dim):
        example = "" if stand_in is None else str(stand_in if axis else 1)
        size = str(dim.dim_value) if dim.dim_value > 0 else ""
        texts.append(size or example or dim.dim_param or "?")
    return "x".join(texts)

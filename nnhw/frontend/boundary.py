"""The model's inputs and outputs: of which types and sizes."""

from __future__ import annotations

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
        return [f"{what} is of type {type_name(tensor_type.elem_type)}: use float or an integer"]
    dims = tensor_type.shape.dim
    if not dims or (len(dims) == 1 and dims[0].dim_value < 1):
        return [
            f"{what} has {len(dims)} axes: at least two are needed, of which the first is the "
            "batch, or one of fixed size; export the model with a batch axis"
        ]
    empty = [
        f"{what}: axis {axis} has size 0, so that there is nothing to compute with; export the "
        "model with a size of 1 or more"
        for axis, dim in enumerate(dims)
        if dim.HasField("dim_value") and dim.dim_value == 0 and axis > 0
    ]
    return empty + [
        f"{what}: axis {axis} ({dim.dim_param or 'unnamed'}) has no fixed size; export the model "
        "with a fixed size, or fix it by "
        f"'onnxslim model.onnx fixed.onnx --input-shapes {value.name}:{_example_shape(value)}' "
        "with your sizes"
        for axis, dim in enumerate(dims)
        if axis > 0 and dim.dim_value < 1 and not (dim.HasField("dim_value") and dim.dim_value == 0)
    ]


def _example_shape(value: onnx.ValueInfoProto) -> str:
    sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    sizes[0] = sizes[0] if sizes[0] > 0 else 1
    return ",".join(str(size if size > 0 else 32) for size in sizes)

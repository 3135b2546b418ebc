"""The model's inputs and outputs: of which types, and with every size fixed."""

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


def fix_batch(model: onnx.ModelProto) -> list[str]:
    """Set the batch size to 1, in place, and forget every shape that is not an input's.

    Returns
    -------
    list
        One line for everything about inputs and outputs that nnhw cannot build.
    """
    graph = model.graph
    inputs = data_inputs(graph)
    problems = []
    for kind, values in (("input", inputs), ("output", graph.output)):
        if not values:
            problems.append(f"The model has no {kind}: export a network with {kind}s")
    for value in inputs:
        problems += _fix_input(value)
    del graph.value_info[:]
    for value in graph.output:
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    return problems


def _fix_input(value: onnx.ValueInfoProto) -> list[str]:
    what = f"Input '{value.name}'"
    tensor_type = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return [f"{what} is not a tensor: export a model that takes one tensor"]
    if tensor_type.elem_type not in FLOAT_TYPES | INTEGER_TYPES:
        return [f"{what} is of type {type_name(tensor_type.elem_type)}: use float or an integer"]
    dims = tensor_type.shape.dim
    if len(dims) < 2:
        return [
            f"{what} has {len(dims)} axes: at least two are needed, of which the first is the "
            "batch; export the model with a batch axis"
        ]
    # Every value of dimension 0 means "any number of samples", or that many of them at once.
    dims[0].Clear()
    dims[0].dim_value = 1
    return [
        f"{what}: axis {axis} ({dim.dim_param or 'unnamed'}) has no fixed size; export the model "
        "with a fixed size, or fix it by "
        f"'onnxslim model.onnx fixed.onnx --input-shapes {value.name}:{_example_shape(value)}' "
        "with your sizes"
        for axis, dim in enumerate(dims)
        if dim.dim_value < 1
    ]


def _example_shape(value: onnx.ValueInfoProto) -> str:
    sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    return ",".join(str(size if size > 0 else 32) for size in sizes)

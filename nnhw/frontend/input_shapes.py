"""Sizes of inputs that a model leaves open."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from ..errors import OptionError
from .boundary import data_inputs, shape_text

Shape = tuple[int, ...]


def fix_input_shapes(graph: onnx.GraphProto, shapes: Mapping[str, Shape]) -> None:
    """Give inputs the sizes that their axes have not, in place.

    An axis that has the name of one that is fixed so gets its size, too.

    Parameters
    ----------
    shapes
        By input; "" names the only one.

    Raises
    ------
    OptionError
        If there is no such input, or a shape contradicts the model or another one.
    """
    inputs = {value.name: value for value in data_inputs(graph)}
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        value = _named(name, inputs)
        _check(value, shape)
        dims = value.type.tensor_type.shape.dim
        if not dims:  # neither has the model any rank
            dims.extend(onnx.TensorShapeProto.Dimension() for _ in shape)
        for dim, size in zip(dims, shape, strict=True):
            if dim.dim_param and sizes.setdefault(dim.dim_param, size) != size:
                raise OptionError(
                    f"Option input_shape makes axis '{dim.dim_param}' of the model both "
                    f"{sizes[dim.dim_param]} and {size} long; axes of one name have one size"
                )
            dim.dim_value = size
    for value in inputs.values():
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]


def _named(name: str, inputs: Mapping[str, onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    if name in inputs:
        return inputs[name]
    if not name and len(inputs) == 1:
        return next(iter(inputs.values()))
    known = ", ".join(f"'{known}'" for known in inputs)
    what = f"names input '{name}'" if name else "does not say which input it means"
    raise OptionError(f"Option input_shape {what}; the model's inputs are {known}")


def _check(value: onnx.ValueInfoProto, shape: Shape) -> None:
    dims = value.type.tensor_type.shape.dim
    fits = not dims or (
        len(dims) == len(shape)
        and all(dim.dim_value in (0, size) for dim, size in zip(dims, shape, strict=True))
    )
    if not fits:
        raise OptionError(
            f"Option input_shape gives input '{value.name}' the shape {'x'.join(map(str, shape))}, "
            f"but in the model it is {shape_text(value)}; only axes of open size can be chosen, "
            "with batch and channels where the model has them"
        )

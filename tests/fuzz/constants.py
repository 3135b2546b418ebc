"""Mutations of the constants of an ONNX model."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from .draw import Draw
from .odd_values import FLOATS, INTEGERS, TYPES


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
            array = (array * draw.choice([0.001, 1000.0, 1e12, 1e-12])).astype(array.dtype)
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

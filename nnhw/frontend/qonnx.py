"""QONNX, the format of Brevitas and FINN, as the QDQ form of the same.

QONNX rounds real values by single nodes, Quant and BipolarQuant, of any bit width; see Pappalardo
et al., "QONNX: Representing Arbitrary-Precision Quantized Neural Networks", 2022. An activation's
Quant becomes QuantizeLinear and DequantizeLinear, with a Clip before them where the range is not
that of an 8-bit type. A constant is rounded at once and becomes DequantizeLinear of integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..ir import IntegerRangeError, as_integers
from .fold import evaluate_node
from .fold_cost import FoldMeter
from .problems import NodeError
from .read import opset_of

_DOMAINS = frozenset({"finn.custom_op.general", "onnx.brevitas", "qonnx.custom_op.general"})
_OPERATORS = frozenset({"BipolarQuant", "IntQuant", "Quant"})
_OPSET = 13
"""The first in which QuantizeLinear and DequantizeLinear have an axis."""


def expand_quant_nodes(
    model: onnx.ModelProto, meter: FoldMeter
) -> tuple[onnx.ModelProto, list[str]]:
    """Replace Quant (alias IntQuant) and BipolarQuant.

    Returns
    -------
    tuple
        The model, of opset 13 at least, and one line for each node that cannot be replaced; it is
        left out, so that the rest of the model can be looked at.
    """
    if not any(_is_quant(node) for node in model.graph.node):
        return model, []
    if opset_of(model) < _OPSET:
        model = onnx.version_converter.convert_version(model, _OPSET)
    opset = opset_of(model)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    problems: list[str] = []
    for node in model.graph.node:
        if _is_quant(node):
            try:
                nodes += _expand(node, constants)
            except NodeError as error:
                name = node.name or f"{node.op_type}_{node.output[0]}"
                problems.append(f"{node.op_type} '{name}': {error.text}")
                nodes.append(helper.make_node("Identity", node.input[:1], node.output))
            continue
        nodes.append(node)
        if node.domain == "" and all(name in constants for name in node.input if name):
            feeds = {name: constants[name] for name in node.input if name}
            constants |= evaluate_node(node, feeds, opset, meter) or {}
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model, problems


def _is_quant(node: onnx.NodeProto) -> bool:
    return node.domain in _DOMAINS and node.op_type in _OPERATORS


def _expand(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    x = constants.get(node.input[0])
    names = list(node.input[1:])
    expected = 1 if node.op_type == "BipolarQuant" else 3
    if len(names) != expected:
        raise NodeError(f"it has {len(names)} parameters, not {expected}; export the model again")
    if not all(name in constants for name in names):
        raise NodeError(
            "the network computes its scale, zero point or bit width; export the model with its "
            "parameters as constants"
        )
    parameters = [constants[name] for name in names]
    if not (np.isfinite(parameters[0]).all() and (parameters[0] > 0).all()):
        raise NodeError("its scale is not a positive number; train or export the model again")
    if node.op_type == "BipolarQuant":
        if x is None:
            raise NodeError(
                "activations of two values, -1 and 1, are not supported; use at least 2 bits"
            )
        return _constant(node, np.where(x >= 0, 1, -1), parameters[0])
    scale, zero_point, bits = parameters
    attributes = _attributes(node)
    lo, hi = _range(attributes, bits)
    if (zero_point != np.rint(zero_point)).any():
        raise NodeError("its zero point is not an integer; train with an integer zero point")
    if x is None:
        return _activation(node, scale, zero_point, lo, hi, bool(attributes["signed"]))
    q = np.clip(np.rint(x.astype(np.float32) / scale + zero_point), lo, hi)
    return _constant(node, q - zero_point, scale)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    attributes = {"signed": 1, "narrow": 0, "rounding_mode": b"ROUND"} | given
    if unknown := sorted(set(attributes) - {"signed", "narrow", "rounding_mode"}):
        raise NodeError(f"attributes {unknown} are not known; remove them")
    mode = attributes["rounding_mode"].decode()
    if mode.upper() not in ("ROUND", "HALF_EVEN"):
        raise NodeError(f"rounding_mode={mode!r}; only 'ROUND' is supported: train with it")
    return attributes


def _range(attributes: dict[str, Any], bits: np.ndarray) -> tuple[int, int]:
    """Smallest and largest q."""
    if bits.size != 1 or bits != np.rint(bits) or not 1 <= bits <= 32:
        raise NodeError(f"its bit width is {bits.tolist()}; quantize with one integer from 2 to 8")
    width, narrow = int(bits.reshape(())), bool(attributes["narrow"])
    if attributes["signed"]:
        return narrow - (1 << (width - 1)), (1 << (width - 1)) - 1
    return 0, (1 << width) - 1 - narrow


def _constant(node: onnx.NodeProto, q: np.ndarray, scale: np.ndarray) -> list[onnx.NodeProto]:
    """DequantizeLinear of integers that are centred already; int32 holds every width."""
    wide = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if len(wide) > 1:
        raise NodeError(
            f"its scale has shape {scale.shape}; one scale, or one for each output channel is "
            "supported: quantize weights per output channel and activations per tensor"
        )
    # The axis counted from the innermost, as NumPy broadcasts.
    axis = wide[0] - scale.ndim if wide else -1
    flat = scale.reshape(-1) if wide else scale.reshape(())
    name, output = node.name or node.output[0], node.output[0]
    integers, scales = f"{output}_integers", f"{output}_scale"
    return [
        _constant_node(integers, _integers(q, "value", np.int32)),
        _constant_node(scales, flat.astype(np.float32)),
        helper.make_node("DequantizeLinear", [integers, scales], [output], name, axis=axis),
    ]


def _activation(
    node: onnx.NodeProto, scale: np.ndarray, zero_point: np.ndarray, lo: int, hi: int, signed: bool
) -> list[onnx.NodeProto]:
    if scale.size != 1 or zero_point.size != 1:
        raise NodeError(
            f"it quantizes an activation by {scale.size} scales; only weights can have more than "
            "one: quantize activations per tensor"
        )
    dtype = np.int8 if signed else np.uint8
    type_lo, type_hi = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    zero = int(_integers(zero_point, "zero point", np.int64).reshape(()))
    if hi - lo < 2 or lo < type_lo or hi > type_hi or not type_lo <= zero <= type_hi:
        raise NodeError(
            f"it quantizes an activation to q from {lo} to {hi} with zero point {zero}; "
            "quantize activations with 2 to 8 bits and a zero point among their integers"
        )
    name, output = node.name or node.output[0], node.output[0]
    step = np.float32(scale.reshape(()))
    names = {part: f"{output}_{part}" for part in ("scale", "zero_point", "lo", "hi")}
    nodes = [
        _constant_node(names["scale"], np.array(step)),
        _constant_node(names["zero_point"], np.array(zero, dtype)),
    ]
    source = node.input[0]
    if (lo, hi) != (type_lo, type_hi):
        nodes += [
            _constant_node(names["lo"], np.array(step * np.float32(lo - zero))),
            _constant_node(names["hi"], np.array(step * np.float32(hi - zero))),
        ]
        clipped = f"{output}_clipped"
        inputs = [source, names["lo"], names["hi"]]
        nodes.append(helper.make_node("Clip", inputs, [clipped], f"{name}_clip"))
        source = clipped
    parameters, quantized = [names["scale"], names["zero_point"]], f"{output}_quantized"
    return [
        *nodes,
        helper.make_node("QuantizeLinear", [source, *parameters], [quantized], name),
        helper.make_node("DequantizeLinear", [quantized, *parameters], [output], f"{name}_real"),
    ]


def _integers(values: np.ndarray, what: str, dtype: type[np.integer]) -> np.ndarray:
    try:
        return as_integers(values, dtype)
    except IntegerRangeError as error:
        raise NodeError(f"a {what} would be {error}; train or export the model again") from error


def _constant_node(name: str, value: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))

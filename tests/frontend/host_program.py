"""What a host does with a design's outputs, written as `Port.host_postprocess` says it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from nnhw.ir import Port

Runner = Callable[[onnx.ModelProto, dict[str, np.ndarray]], list[np.ndarray]]


def by_onnx(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The operators as ONNX's reference computes them."""
    with np.errstate(all="ignore"):  # it divides by zero and then puts that right
        return ReferenceEvaluator(model).run(None, feeds)


def by_onnxruntime(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The operators as onnxruntime computes them."""
    import onnxruntime as ort

    return ort.InferenceSession(model.SerializeToString()).run(None, feeds)


def run_host(
    ports: Sequence[Port], values: Mapping[str, np.ndarray], run: Runner = by_onnx
) -> dict[str, np.ndarray]:
    """The model's outputs by the names of their ports.

    Parameters
    ----------
    ports
        All outputs of the graph.
    values
        (1, *Port.onnx_shape) by `Port.onnx_name`.
    run
        Runs a model of one operator.
    """
    results: dict[str, np.ndarray] = {}

    def result(name: str) -> np.ndarray:
        if name not in results:
            port = next(port for port in ports if port.onnx_name == name)
            value = values[name]
            for step in port.host_postprocess:
                operator, given = _parsed(step)
                names = given.pop("inputs", [name])
                inputs = [value if other == name else result(other) for other in names]
                value = _step(operator, inputs, given, run)
            results[name] = value
        return results[name]

    return {port.onnx_name: result(port.onnx_name) for port in ports if not port.is_operand}


def _parsed(step: str) -> tuple[str, dict[str, Any]]:
    """Operator and arguments of a step such as "Cast(to=float)"; words stand for themselves."""
    call = ast.parse(step, mode="eval").body
    if isinstance(call, ast.Name):
        return call.id, {}
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    arguments = {
        word.arg: word.value.id
        if isinstance(word.value, ast.Name)
        else ast.literal_eval(word.value)
        for word in call.keywords
    }
    return call.func.id, arguments


def _step(
    operator: str, inputs: list[np.ndarray], given: dict[str, Any], run: Runner
) -> np.ndarray:
    outputs, place = 1, 0
    if operator == "Reshape":
        return inputs[0].reshape(given["shape"])
    if operator == "Cast":
        given["to"] = TensorProto.DataType.Value(given["to"].upper())
    if operator in ("QuantizeLinear", "DequantizeLinear"):
        kind = np.dtype(given.pop("dtype", inputs[0].dtype.name))
        inputs += [np.float32(given.pop("scale")), np.array(given.pop("zero_point"), kind)]
    if operator == "TopK":
        inputs.append(np.array([given.pop("k")]))
        outputs, place = 2, ["Values", "Indices"].index(given.pop("output"))
    if operator == "NonMaxSuppression":
        inputs.append(np.array([given.pop("max_output_boxes_per_class", 0)], np.int64))
        for name in ("iou_threshold", "score_threshold"):
            if name in given:
                inputs.append(np.array([given.pop(name)], np.float32))
    names, results = [f"x{i}" for i in range(len(inputs))], [f"y{i}" for i in range(outputs)]
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node(operator, names, results, **given)],
            "step",
            [
                helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                for n, x in zip(names, inputs, strict=True)
            ],
            [onnx.ValueInfoProto(name=result) for result in results],
        ),
        opset_imports=[helper.make_opsetid("", 21)],
        ir_version=10,
    )
    return run(model, dict(zip(names, inputs, strict=True)))[place]

"""Models that arrive quantized: the golden model against onnxruntime, operator by operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import save
from qdq_reference import channels_last
from quantized_models import Qdq

from nnhw import golden
from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.frontend.exact_products import make_products_exact
from nnhw.ir import Graph, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize


def integer_graph(path: Path, calibration: np.ndarray | None = None) -> Graph:
    """The integer graph of a quantized model."""
    return quantize(simplify_graph(load_model(path)), calibration)


def refusal(model: onnx.ModelProto, folder: Path) -> str:
    """The message with which a model is refused."""
    with pytest.raises(UnsupportedError) as caught:
        integer_graph(save(model, folder))
    return str(caught.value)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Differences in steps from the unfused onnxruntime, by tensor.

    `apart` is with every operator fed the golden model's integers, `chained` with the same real
    input, from where single differences may grow from layer to layer.
    """

    apart: dict[str, np.ndarray]
    chained: dict[str, np.ndarray]

    def check(self) -> None:
        """Operators apart: at most one step off, in at most one of 1000 elements."""
        assert self.apart
        for name, steps in self.apart.items():
            assert np.abs(steps).max() <= 1, name
            assert np.count_nonzero(steps) <= max(1, 0.001 * steps.size), name

    def shares(self) -> tuple[float, float]:
        """Share of elements that differ: apart, chained."""
        return tuple(
            sum(np.count_nonzero(steps) for steps in side.values())
            / sum(steps.size for steps in side.values())
            for side in (self.apart, self.chained)
        )


def output_steps(model: onnx.ModelProto, graph: Graph, x: np.ndarray) -> np.ndarray:
    """Differences from onnxruntime, in steps, at the end of the integer graph."""
    (port,) = graph.outputs
    found = from_ports(graph, x)
    inputs = {graph.inputs[0].onnx_name: x}
    expected = run_reference(model, inputs, [port.onnx_name])[port.onnx_name]
    return np.rint((found - expected) / graph.tensors[port.tensor].q.scale)


def compare(path: Path, graph: Graph, x: np.ndarray) -> Comparison:
    """Compare all results of QuantizeLinear, and of operators of the QOperator format, that are
    tensors of the integer graph.

    Parameters
    ----------
    path
        A quantized model whose tensors keep their names.
    x
        (N, ...), in ONNX's order.
    """
    model = onnx.load(path)
    (source,) = graph.inputs
    images = to_channels_last(x.astype(np.float32), source, graph.tensors[source.tensor])
    found = golden.run(graph, golden.quantize_inputs(graph, images), keep=graph.tensors)
    names = [
        node.output[0]
        for node in model.graph.node
        if node.op_type.startswith(_QUANTIZERS) and node.output[0] in graph.tensors
    ]
    types = _types(model, names)
    names = list(types)
    fed = {}
    for name in names:
        tensor = graph.tensors[name]
        onnx_order = found[name].transpose(0, 3, 1, 2).reshape(len(x), *types[name].shape[1:])
        shift = 0 if tensor.q.signed == types[name].signed else 1 << (tensor.q.bits - 1)
        fed[name] = (onnx_order.astype(np.int16) + shift).astype(types[name].dtype)
    chained = run_reference(model, {source.onnx_name: x.astype(np.float32)}, names)
    cut = _cut(model, types)
    apart = run_reference(
        cut,
        {source.onnx_name: x.astype(np.float32)} | {f"{n}_fed": v for n, v in fed.items()},
        names,
    )

    def steps(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: channels_last(values[name].astype(int), graph.tensors[name].shape)
            - channels_last(fed[name].astype(int), graph.tensors[name].shape)
            for name in names
        }

    return Comparison(apart=steps(apart), chained=steps(chained))


@dataclass(frozen=True)
class _Type:
    shape: tuple[int, ...]
    dtype: type[np.integer]
    signed: bool


_QUANTIZERS = ("QuantizeLinear", "QLinear", "QGemm", "Resize")
"""Operators whose results are integers of their own, if they are integers."""

_TYPES = {"tensor(int8)": np.int8, "tensor(uint8)": np.uint8}


def _types(model: onnx.ModelProto, names: list[str]) -> dict[str, _Type]:
    """Of the tensors, as onnxruntime has them: ONNX does not know all operators."""
    session = _session(_with_outputs(model, names))
    return {
        value.name: _Type(
            tuple(value.shape),
            _TYPES[value.type],
            value.type == "tensor(int8)",
        )
        for value in session.get_outputs()
        if value.name in names and value.type in _TYPES
    }


def _cut(model: onnx.ModelProto, types: dict[str, _Type]) -> onnx.ModelProto:
    """The model in which all readers of these tensors read inputs instead."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    for node in cut.graph.node:
        for index, name in enumerate(node.input):
            if name in types:
                node.input[index] = f"{name}_fed"
    for name in types:
        elem_type = helper.np_dtype_to_tensor_dtype(np.dtype(types[name].dtype))
        cut.graph.input.append(
            helper.make_tensor_value_info(f"{name}_fed", elem_type, types[name].shape)
        )
    return cut


def run_reference(
    model: onnx.ModelProto, inputs: dict[str, np.ndarray], names: list[str]
) -> dict[str, np.ndarray]:
    """Any tensors, without the runtime's own rewrites, sample by sample."""
    session = _session(_with_outputs(model, names))
    known = {value.name for value in session.get_inputs()}
    count = len(next(iter(inputs.values())))
    rows = [
        session.run(names, {n: v[i : i + 1] for n, v in inputs.items() if n in known})
        for i in range(count)
    ]
    return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(names)}


def _with_outputs(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for name in set(names) - {value.name for value in copy.graph.output}:
        copy.graph.output.append(helper.make_empty_tensor_value_info(name))
    return copy


def _session(model: onnx.ModelProto):
    """In which onnxruntime runs the operators as they are."""
    ort = pytest.importorskip("onnxruntime")
    model = onnx.ModelProto.FromString(model.SerializeToString())
    make_products_exact(model)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def from_ports(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Real outputs of the golden model, in ONNX's order, for inputs in ONNX's order."""
    (source,), (sink,) = graph.inputs, graph.outputs
    images = to_channels_last(x.astype(np.float32), source, graph.tensors[source.tensor])
    q = golden.quantize_input(images, graph.tensors[source.tensor].q)
    y = golden.run(graph, q)[sink.tensor]
    return from_channels_last(golden.dequantize(y, graph.tensors[sink.tensor].q), sink)


def kinds(graph: Graph) -> list[str]:
    """Names of the operators."""
    return [type(node).__name__ for node in graph.nodes]


def checked(b: Qdq, folder: Path, *, at_most: float | None = None) -> Graph:
    """The integer graph of a model that ends in "y", compared with onnxruntime."""
    path = save(b.model(), folder)
    graph = integer_graph(path)
    comparison = compare(path, graph, b.samples())
    if at_most is None:
        comparison.check()
    else:
        assert all(np.abs(steps).max() <= 1 for steps in comparison.apart.values())
        assert comparison.shares()[0] < at_most
    return graph

"""What a TFLite file answers by LiteRT's interpreter, and what nnhw makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from nnhw.conversion import convert, read_samples
from nnhw.data import load_data
from nnhw.frontend import expose_tensors, load_model
from nnhw.frontend.read import read_model
from nnhw.golden import dequantize, quantize_inputs, run
from nnhw.ir import from_channels_last
from nnhw.options import BuildOptions


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or an output of a file."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def is_quantized(self) -> bool:
        return bool(self.scale)

    def real(self, q: np.ndarray) -> np.ndarray:
        if not self.is_quantized:
            return q
        return np.float32(self.scale) * (q.astype(np.float32) - self.zero_point)

    def steps(self, real: np.ndarray) -> np.ndarray:
        """Real values as the file's integers, not rounded."""
        return real.astype(np.float64) / np.float64(np.float32(self.scale)) + self.zero_point


class LiteRt:
    """A file in LiteRT's interpreter, with its default delegate or without."""

    def __init__(self, content: bytes, *, delegate: bool = True) -> None:
        interpreter = pytest.importorskip("ai_edge_litert.interpreter")
        kinds = interpreter.OpResolverType
        self._model = interpreter.Interpreter(
            model_content=content,
            experimental_op_resolver_type=(
                kinds.AUTO if delegate else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        self._model.allocate_tensors()
        self.inputs = [_port(detail) for detail in self._model.get_input_details()]
        self.outputs = [_port(detail) for detail in self._model.get_output_details()]

    def samples(self, count: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Random samples (N, shape without the batch axis) of the file's own types."""
        generator = np.random.default_rng(seed)
        drawn = {}
        for port in self.inputs:
            shape = (count, *port.shape[1:])
            if port.dtype.kind == "f":
                drawn[port.name] = generator.normal(0, 2, shape).astype(np.float32)
            else:
                info = np.iinfo(port.dtype)
                drawn[port.name] = generator.integers(
                    info.min, info.max, shape, port.dtype, endpoint=True
                )
        return drawn

    def answers(self, samples: dict[str, np.ndarray]) -> list[np.ndarray]:
        """For each output (N, its shape), of the file's own types."""
        found = []
        inputs = self._model.get_input_details()
        outputs = self._model.get_output_details()
        for sample in zip(*samples.values(), strict=True):
            for detail, x in zip(inputs, sample, strict=True):
                self._model.set_tensor(detail["index"], x[None])
            self._model.invoke()
            found.append([self._model.get_tensor(detail["index"]) for detail in outputs])
        return [np.stack(answers) for answers in zip(*found, strict=True)]


def _port(detail: dict) -> Port:
    scale, zero_point = detail["quantization"]
    return Port(
        name=detail["name"],
        dtype=np.dtype(detail["dtype"]),
        shape=tuple(detail["shape"]),
        scale=scale,
        zero_point=zero_point,
    )


def translated(path: Path, file: LiteRt, samples: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The translation's answers (N, elements), by unfused onnxruntime, before they are rounded."""
    model = read_model(path)
    writers = {name: node for node in model.graph.node for name in node.output}
    names = []
    for value in list(model.graph.output):
        name, integers = value.name, writers.get(value.name)
        if integers is not None and integers.op_type == "DequantizeLinear":
            rounding = writers.get(integers.input[0])
            if rounding is not None and rounding.op_type == "QuantizeLinear":
                name = rounding.input[0]
                if all(name != output.name for output in model.graph.output):
                    model.graph.output.append(onnx.ValueInfoProto(name=name))
        names.append(name)
    inputs = expose_tensors(path, ()).dtypes
    given = {
        name: port.real(x).astype(inputs[name])
        for (name, x), port in zip(samples.items(), file.inputs, strict=True)
    }
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    answers = [
        session.run(names, {name: x[None] for name, x in zip(given, sample, strict=True)})
        for sample in zip(*given.values(), strict=True)
    ]
    return [np.stack(found).reshape(len(found), -1) for found in zip(*answers, strict=True)]


def integer_answers(path: Path, samples: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The golden model's answers (N, elements), real, in the order of the file's outputs."""
    data = samples if len(samples) > 1 else next(iter(samples.values()))
    options = BuildOptions()
    network = load_model(path)
    graph = convert(network, read_samples(data, network, options), options).graph
    x = load_data(data, graph).x
    found = run(graph, quantize_inputs(graph, x[:]))
    ports = graph.outputs
    real = [dequantize(found[port.tensor], graph.tensors[port.tensor].q) for port in ports]
    return [
        from_channels_last(y, port).reshape(len(y), -1) for y, port in zip(real, ports, strict=True)
    ]

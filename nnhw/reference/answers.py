"""A network's exact answers: the model file's own, or those of our reading of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike

import numpy as np

from ..data import SampleSource, parts
from ..errors import ModelError, ToolError
from ..frontend import ExposedModel, expose_tensors
from ..ir import (
    Batch,
    Concat,
    DepthToSpace,
    FakeQuantize,
    Graph,
    MaxPool,
    Port,
    Quantization,
    Reshape,
    Resize,
    Slice,
    Transpose,
    as_batch,
    from_channels_last,
    to_channels_last,
)
from ..quantize import run_float
from .process import run_model

_MOVES = (Concat, DepthToSpace, MaxPool, Reshape, Resize, Slice, Transpose)
"""Operators that keep the quantization of what they read."""

_HOST_FUNCTIONS = (
    *("ArgMax", "Concat", "LogSoftmax", "LpNormalization", "NonMaxSuppression", "ReduceL2"),
    *("Sigmoid", "Softmax", "TopK"),
)
"""Host steps after which a tensor holds other values."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a network answers to samples.

    Parameters
    ----------
    outputs
        Real values (N, *Port.onnx_shape) by `Port.onnx_name`, before what stays with the host.
    by
        What has computed them: onnxruntime with its version, or our own reading.
    reason
        Why it is not onnxruntime; else "".
    from_file
        Names of the outputs that are the model file's own answers.
    compared_samples
        Number of samples for which our own reading is known to give the same, up to rounding.
    """

    outputs: Mapping[str, np.ndarray]
    by: str
    reason: str = ""
    from_file: frozenset[str] = field(default_factory=frozenset)
    compared_samples: int = 0


def ask_reading(network: Graph, x: SampleSource, reason: str = "") -> Answers:
    """What our own reading of a model answers, in float32."""
    found = [run_float(network, part) for part in parts(x, network)]
    outputs = {
        port.onnx_name: np.concatenate(
            [from_channels_last(part[port.tensor], port) for part in found]
        )
        for port in network.outputs
    }
    return Answers(outputs=outputs, by="nnhw's own reading of the file", reason=reason)


def ask_file(path: str | PathLike[str], network: Graph, x: SampleSource) -> Answers:
    """What the model file answers in onnxruntime; where that cannot be had, our own reading.

    Outputs without a counterpart in the file are those of our own reading, too.

    Parameters
    ----------
    path
        The ONNX file.
    network
        As it was loaded from it.
    x
        N samples; of an only input the array (N, H, W, C).
    """
    names = [port.onnx_name for port in network.outputs]
    try:
        exposed = expose_tensors(path, names)
        outputs, version = file_tensors(exposed, network, x, names)
    except (ModelError, ToolError) as error:
        return ask_reading(network, x, str(error).splitlines()[0])
    found: dict[str, np.ndarray] = {}
    for port in network.outputs:
        if port.onnx_name in outputs and not _is_behind_tail(port, exposed):
            real = real_values(outputs[port.onnx_name], network, port.tensor)
            if real is not None and real[0].size == network.tensors[port.tensor].size:
                found[port.onnx_name] = real.reshape(len(real), *port.onnx_shape)
    for port in network.outputs:  # an output of the file may be made of another one's tensor
        twins = [p for p in network.outputs if (p.tensor, p.layout) == (port.tensor, port.layout)]
        for twin in twins:
            if twin.onnx_name in found and port.onnx_name not in found:
                found[port.onnx_name] = found[twin.onnx_name].reshape(-1, *port.onnx_shape)
    missing = [name for name in names if name not in found]
    if missing:
        found |= {name: ask_reading(network, x).outputs[name] for name in missing}
    reason = f"the file has no tensor of the values of {', '.join(missing)}" if missing else ""
    return Answers(
        outputs={name: found[name] for name in names},
        by=f"the file itself, run by onnxruntime {version}",
        reason=reason,
        from_file=frozenset(names) - frozenset(missing),
    )


def file_tensors(
    exposed: ExposedModel, network: Graph, x: SampleSource, names: Iterable[str]
) -> tuple[dict[str, np.ndarray], str]:
    """Tensors of a file (N, elements) by name, as far as there are any; onnxruntime's version.

    Raises
    ------
    ModelError, ToolError
        See `ExposedModel.to_bytes` and `run_model`.
    """
    names = [name for name in names if name in exposed.exposed]
    model = exposed.to_bytes()
    answers: list[dict[str, np.ndarray]] = []
    for batch in parts(x, network):
        samples = {
            port.onnx_name: cast(
                from_channels_last(batch.arrays[port.tensor], port),
                exposed.dtypes[port.onnx_name],
            )
            for port in network.inputs
        }
        part, version = run_model(model, samples, names)
        answers.append(part)
    return {name: np.concatenate([part[name] for part in answers]) for name in names}, version


def cast_samples(exposed: ExposedModel, network: Graph, x: Batch | np.ndarray) -> Batch:
    """The samples as the file's inputs hold them, in float32."""

    def held(name: str, array: np.ndarray) -> np.ndarray:
        port = next(port for port in network.inputs if port.tensor == name)
        values = cast(from_channels_last(array, port), exposed.dtypes[port.onnx_name])
        return to_channels_last(values.astype(np.float32), port, network.tensors[name])

    return as_batch(network, x).map(held)


def cast(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Real values in another type; to integers rounded and saturated."""
    if dtype.kind not in "iu":
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(x.astype(dtype))
    info = np.iinfo(dtype)
    # The largest 64-bit integers are no float64.
    highest = float(info.max) if dtype.itemsize < 8 else np.nextafter(float(info.max), 0)
    rounded = np.clip(np.rint(x.astype(np.float64)), float(info.min), highest)
    return np.ascontiguousarray(rounded.astype(dtype))


def real_values(values: np.ndarray, network: Graph, tensor: str) -> np.ndarray | None:
    """A tensor of the file as real values: integers by the quantization that the reading gives it.

    None if they are integers of which the reading knows no quantization.
    """
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    quantization = _quantization(network, tensor)
    if quantization is None:
        return None
    shift = 0
    if values.dtype.kind == "u" and quantization.signed:
        shift = 1 << (quantization.bits - 1)
    return quantization.scale * (values.astype(np.float64) - (quantization.zero_point + shift))


def _quantization(network: Graph, tensor: str) -> Quantization | None:
    """By what a tensor is quantized that holds the results of a FakeQuantize, perhaps moved."""
    node = network.writer(tensor)
    while isinstance(node, _MOVES):
        node = network.writer(node.inputs[0])
    return node.quantization if isinstance(node, FakeQuantize) else None


def _is_behind_tail(port: Port, exposed: ExposedModel) -> bool:
    """Whether the file's tensor of that name holds what the host makes of the port.

    So it is where the tensor before has the name of another port.
    """
    on_host = any(step.startswith(_HOST_FUNCTIONS) for step in port.host_postprocess)
    return on_host and port.onnx_name in exposed.outputs

"""What `inspect_model` tells about a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TensorSummary:
    """An input or output of the model.

    Parameters
    ----------
    name
        ONNX name.
    shape
        ONNX shape at batch size 1; None where a size is not fixed.
    dtype
        ONNX element type, such as "float".
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: str


@dataclass(frozen=True, kw_only=True)
class NodeSummary:
    """One ONNX node, after constants are computed and operators without effect are removed.

    Parameters
    ----------
    name, op_type
        As in ONNX; a node without a name is named after operator and output.
    output_shape
        ONNX shape of the first output; None if it cannot be told.
    supported
        Whether nnhw can build it.
    reason
        Why not, and what to do; empty if supported.
    macs
        Multiplications of a weight with an activation, with those on padding; 0 where not
        supported.
    parameters
        Elements of the floating-point constants that it reads, and of those that arrived
        quantized; scales do not count.
    """

    name: str
    op_type: str
    output_shape: tuple[int, ...] | None
    supported: bool
    reason: str
    macs: int
    parameters: int


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    """A model at a glance.

    Parameters
    ----------
    file
        Name of the file, without its folder.
    producer
        Name and version of the program that wrote it; may be empty.
    opset
        Version of the standard operator set.
    inputs, outputs
        As in ONNX.
    nodes
        In execution order.
    problems
        One line for everything that nnhw cannot build; empty if the model can be built.
    host_postprocess
        What would stay with the host; of several outputs each step names its own.
    macs, parameters
        Totals; a constant that several nodes read counts once.
    weight_bytes
        Weights of the supported convolutions and matrix products at 8 bits each, without biases.
    peak_activation_bytes
        Largest sum, over all nodes, of the tensors that have to be kept while one is computed, at
        8 bits an element. Activation functions, normalizations and reshapes work in place.
    weight_bits, activation_bits
        Where the model arrived quantized: bits of the largest weight and of the widest activation;
        None where they are real numbers.
    tried_with
        What the steps after translation were tried with: "data", or "random samples" where a
        network has to be calibrated and there were no data; None if they need none, or were not
        reached.
    notes
        What depends on the samples, and that no device is large enough, one line each.
    """

    file: str
    producer: str
    opset: int
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    nodes: tuple[NodeSummary, ...]
    problems: tuple[str, ...]
    host_postprocess: tuple[str, ...]
    macs: int
    parameters: int
    weight_bytes: int
    peak_activation_bytes: int
    weight_bits: int | None
    activation_bits: int | None
    tried_with: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether nnhw can build the model."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The summary as plain lists and dictionaries."""
        return {"supported": self.supported, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value

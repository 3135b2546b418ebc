"""What a test of one operator is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx_models import model, node


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model from "x" to "y", and what is expected of it.

    Parameters
    ----------
    nodes
        Of the model.
    shape
        Of the input, with the batch axis.
    constants
        By name.
    low, high
        Range of the input data.
    decibels
        Least ratio of signal to quantization noise at the output, with 8 bits.
    """

    nodes: list[onnx.NodeProto]
    shape: tuple[int, ...] = (1, 4, 5, 6)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    opset: int = 22
    low: float = -3.0
    high: float = 3.0
    decibels: float = 30.0

    def model(self) -> onnx.ModelProto:
        return model(self.nodes, self.shape, self.constants, opset=self.opset)

    def data(self, count: int, seed: int = 5) -> np.ndarray:
        """Inputs (count, *shape[1:])."""
        rng = np.random.default_rng(seed)
        values = rng.uniform(self.low, self.high, (count, *self.shape[1:]))
        return values.astype(np.float32)


def one(op_type: str, inputs: str = "x", **settings) -> Case:
    """A single node; what is not a field of `Case` is an attribute."""
    fields = {key: settings.pop(key) for key in list(settings) if key in Case.__dataclass_fields__}
    return Case(nodes=[node(op_type, inputs, **settings)], **fields)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)

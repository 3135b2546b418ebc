"""A copy of a model file that gives away tensors from its inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike

import numpy as np
import onnx
from google.protobuf.message import EncodeError
from onnx import TensorProto

from ..errors import ModelError
from .boundary import data_inputs
from .exact_products import make_products_exact
from .read import read_model


@dataclass(frozen=True, kw_only=True, eq=False)
class ExposedModel:
    """A model as it is in its file, but for more outputs, and products that are exact everywhere.

    Parameters
    ----------
    model
        The model, with all data in it.
    outputs
        Names of the model's own outputs.
    exposed
        Those of the tensors asked for that there are.
    dtypes
        NumPy types of the inputs by name.
    half_precision
        Whether any of it computes in float16.
    """

    model: onnx.ModelProto
    outputs: frozenset[str]
    exposed: frozenset[str]
    dtypes: dict[str, np.dtype]
    half_precision: bool

    def to_bytes(self) -> bytes:
        """The ONNX file.

        Raises
        ------
        ModelError
            If it has more bytes than a message may.
        """
        try:
            return self.model.SerializeToString()
        except (EncodeError, ValueError):
            raise ModelError(
                "The model has more than 2 GiB, which no ONNX message can hold"
            ) from None


def expose_tensors(path: str | PathLike[str], names: Iterable[str]) -> ExposedModel:
    """Read a model file and make tensors inside of it outputs, next to its own ones.

    Raises
    ------
    ModelError
        If the file cannot be read; see `read_model`.
    """
    model = read_model(path)
    graph = model.graph
    make_products_exact(model)
    written = {name for node in graph.node for name in node.output}
    outputs = frozenset(value.name for value in graph.output)
    exposed = frozenset(names) & (written | outputs)
    for name in sorted(exposed - outputs):
        graph.output.append(onnx.ValueInfoProto(name=name))  # runtimes find out its type
    types = {value.name: value.type.tensor_type.elem_type for value in data_inputs(graph)}
    half = any(
        value.type.tensor_type.elem_type == TensorProto.FLOAT16
        for value in (*graph.input, *graph.value_info, *graph.output)
    ) or any(tensor.data_type == TensorProto.FLOAT16 for tensor in graph.initializer)
    return ExposedModel(
        model=model,
        outputs=outputs,
        exposed=exposed,
        dtypes={name: onnx.helper.tensor_dtype_to_np_dtype(kind) for name, kind in types.items()},
        half_precision=half,
    )

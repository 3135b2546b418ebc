"""A model as a file, which is what everything reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import onnx

from ..errors import ModelError, first_line
from .identifier import verilog_identifier

Model = str | PathLike[str] | onnx.ModelProto
"""A model: its file, or the model itself."""


@contextmanager
def model_file(model: Model) -> Iterator[Path]:
    """The file of a model; one that is in memory is in a file as long as the block runs.

    That file has the name of the model's graph, and the same bytes whenever the model is the same.

    Raises
    ------
    ModelError
        If `model` is something else, or is too large to be one file.
    """
    if isinstance(model, str | PathLike):
        yield Path(model)
        return
    if not isinstance(model, onnx.ModelProto):
        raise ModelError(
            "A model must be the path of an ONNX or TFLite file or an onnx.ModelProto, not "
            f"{type(model).__name__}"
        )
    name = verilog_identifier(model.graph.name or "model")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.onnx")
        try:
            path.write_bytes(model.SerializeToString(deterministic=True))
        except Exception as error:  # protobuf's own, of models that exceed two gigabytes
            raise ModelError(
                f"Model '{name}' cannot be written as one file ({first_line(error)}); save it with "
                "onnx.save_model(save_as_external_data=True), and give the path"
            ) from error
        yield path

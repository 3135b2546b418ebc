"""Reads a model file as ONNX and makes sure that it is a whole and valid one."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from ..budget import need_memory
from ..errors import ModelError, first_line
from .external_data import load_external_data
from .order import sort_nodes
from .other_formats import export_advice, saved_model_advice
from .structure import check_structure, tensors
from .tflite import is_tflite, translate_tflite

OLDEST_OPSET = 7
"""Before opset 7 the arithmetic operators broadcast by other rules."""


def read_model(path: str | PathLike[str]) -> onnx.ModelProto:
    """Read and check an ONNX file with its external data, or a TFLite file as ONNX.

    Raises
    ------
    ToolError, UnsupportedError
        Of TFLite files; see `translate_tflite`.
    ModelError
        If the file or its external data is missing, unreadable, not ONNX or not valid by
        `onnx.checker`, but for the order of nodes, which is mended, and for shapes of outputs; if
        external data lies outside the model's folder; if the model describes training; if its
        opset is below 7 or newer than the installed onnx package.
    BudgetError
        If its constants take more memory than the budget.
    """
    path = Path(path)
    model = _parse(path)
    _check_training(model, path)
    _check_opset(model, path)
    check_structure(model, path)
    load_external_data(tensors(model), path)
    sort_nodes(model.graph)
    _complete_types(model.graph)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"'{path}' is not a valid ONNX model: {first_line(error)}; export it again"
        ) from error
    _check_sizes(model, path)
    return model


def _parse(path: Path) -> onnx.ModelProto:
    if not path.exists():
        raise ModelError(f"Model file '{path}' does not exist")
    if path.is_dir():
        if advice := saved_model_advice(path):
            raise ModelError(f"'{path}' is {advice}")
        raise ModelError(f"'{path}' is a folder; give the .onnx file in it")
    if not path.is_file():
        raise ModelError(f"'{path}' is not a file that can be read as a whole")
    if (advice := export_advice(path)) and not _is_onnx(path):
        raise ModelError(f"'{path}' is {advice}")
    try:
        need_memory(f"Model file '{path}'", 3 * path.stat().st_size)
        if is_tflite(path):
            return translate_tflite(path)
        model = onnx.load(str(path), format="protobuf", load_external_data=False)
    except OSError as error:
        raise ModelError(f"Model file '{path}' cannot be read: {error.strerror}") from error
    except DecodeError as error:
        raise ModelError(
            f"'{path}' is not an ONNX model, or is damaged: it cannot be decoded"
        ) from error
    if not model.HasField("graph") or not model.ir_version:
        raise ModelError(f"'{path}' is not an ONNX model: it holds no graph")
    return model


def _is_onnx(path: Path) -> bool:
    """Whether a file whose name says otherwise is ONNX nevertheless."""
    try:
        return bool(onnx.load(str(path), format="protobuf", load_external_data=False).ir_version)
    except (OSError, DecodeError):
        return False


def _check_training(model: onnx.ModelProto, path: Path) -> None:
    if model.training_info:
        raise ModelError(f"'{path}' holds training information; export the model for inference")


def opset_of(model: onnx.ModelProto) -> int:
    """Version of the standard operator set that the model imports; 0 if it imports none."""
    return max(
        (entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")),
        default=0,
    )


def _check_opset(model: onnx.ModelProto, path: Path) -> None:
    """Refuse operator sets whose definitions are not known.

    Raises
    ------
    ModelError
        If the model's opset is below 7 or above the newest of the installed onnx package.
    """
    opset, newest = opset_of(model), onnx.defs.onnx_opset_version()
    if not opset:
        raise ModelError(
            f"'{path}' imports no version of ONNX's standard operators (it has "
            f"{', '.join(sorted(entry.domain for entry in model.opset_import)) or 'none at all'}); "
            "export a network of standard operators"
        )
    if not OLDEST_OPSET <= opset <= newest:
        advice = (
            "install a newer onnx package, or export for an older opset"
            if opset > newest
            else "export it again, or convert it with onnx.version_converter"
        )
        raise ModelError(
            f"'{path}' uses opset {opset}; opsets {OLDEST_OPSET} to {newest} are supported: "
            f"{advice}"
        )


def _complete_types(graph: onnx.GraphProto) -> None:
    """Enter a shape where there is none, which is allowed but for `onnx.checker`."""
    for value in (*graph.input, *graph.output):
        if value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape"):
            value.type.tensor_type.shape.SetInParent()


def _check_sizes(model: onnx.ModelProto, path: Path) -> None:
    for tensor in tensors(model):
        try:
            numpy_helper.to_array(tensor)
        except Exception as error:  # whatever the data and their type make of each other
            raise ModelError(
                f"Tensor '{tensor.name}' of '{path}' is damaged: its data do not fit its shape "
                f"{list(tensor.dims)} and type {tensor.data_type}"
            ) from error

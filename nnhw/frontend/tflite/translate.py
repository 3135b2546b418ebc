"""Translates a TFLite file to an ONNX model that computes the same."""

from __future__ import annotations

from pathlib import Path

import onnx

from ...errors import ModelError, UnsupportedError, reading
from .dilation import fold_dilations
from .file import read_network
from .network import Network, Operator
from .operators import TRANSLATORS
from .writer import DOMAIN, Refusal, Writer


def translate_tflite(path: Path) -> onnx.ModelProto:
    """Read a TFLite file as an ONNX model in the QDQ form, with the file's own names.

    Inputs and outputs that are quantized are real numbers: what the file's integers stand for.
    Operators that have no counterpart are of the domain "tflite".

    Parameters
    ----------
    path
        The file. It has one main subgraph; others are only there for control flow.

    Raises
    ------
    ToolError
        If the package `tflite` is not installed.
    ModelError
        If the file is damaged.
    UnsupportedError
        If operators with a counterpart are used as ONNX cannot say; it lists all of them.
    BudgetError
        If it takes more memory than the budget.
    """
    with reading(f"Model '{path}'", ModelError, "convert it again"):
        return _translated(fold_dilations(read_network(path)))


def _translated(network: Network) -> onnx.ModelProto:
    writer = Writer(network)
    problems = []
    for index in dict.fromkeys(network.inputs):
        try:
            writer.declare_input(index)
        except Refusal as refusal:
            problems.append(f"Input '{network.tensors[index].name}': {refusal}")
    for operator in network.operators:
        writer.begin(operator)
        with reading(operator.title, ModelError, "convert the model again"):
            try:
                _translate(operator, writer)
            except Refusal as refusal:
                problems.append(f"{operator.title}: {refusal}")
    if problems:
        raise UnsupportedError(problems)
    return writer.model(network.outputs)


def _translate(operator: Operator, writer: Writer) -> None:
    translator = TRANSLATORS.get(operator.kind)
    if translator is None:
        op_type = operator.kind.replace(" ", "_")
        inputs = [writer.real(index) for index in operator.inputs]
        results = writer.node_of_many(
            op_type, inputs, len(operator.outputs), main=True, domain=DOMAIN
        )
    else:
        result = translator.translate(operator, writer)
        results = [result] if isinstance(result, str) else result
    activation = operator.options.get("FusedActivationFunction", "NONE")
    keeps_values = translator is not None and translator.keeps_values and activation == "NONE"
    for index, value in zip(operator.outputs, results, strict=True):
        writer.define(index, value, keeps_values=keeps_values)

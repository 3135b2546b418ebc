"""Loads an ONNX model as a float graph."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

from ..errors import UnsupportedError
from ..ir import Graph
from .identifier import verilog_identifier
from .input_shapes import Shape
from .prepare import PreparedModel, prepare
from .translate import translate
from .translation import Translation


def load_model(path: str | PathLike[str], input_shapes: Mapping[str, Shape] | None = None) -> Graph:
    """Load an ONNX model of opset 7 or newer as a float graph of batch size 1, channels last.

    The graph is named after the file. Nodes and tensors keep their ONNX names. Weights are
    float64. Layout operators are absorbed; what may stay with the host at the end of the network
    is listed in `Port.host_postprocess`.

    A model that arrives quantized (QDQ, QOperator or QONNX format) is a float graph as well: its
    activations are rounded by `FakeQuantize`, its weights are integers of `Conv.weight_scale`.
    Unsigned activations become signed by subtracting half of their range from q and zero point.

    Parameters
    ----------
    path
        The file.
    input_shapes
        Shapes of inputs with axes of open size, in ONNX's order, by name; "" is the only input.

    Raises
    ------
    ModelError
        If the file or its external data is missing, damaged or not valid ONNX, or a constant
        holds NaN or infinity.
    UnsupportedError
        If anything in the model cannot be built; it lists all such things.
    BudgetError
        If the model is larger than the budget allows; see `nnhw.budget`.
    OptionError
        If shapes of inputs do not fit the model.
    """
    model = prepare(path, input_shapes)
    return graph_of(model, translate(model))


def graph_of(model: PreparedModel, translation: Translation) -> Graph:
    """The graph of a translated model.

    Raises
    ------
    UnsupportedError
        If there are problems.
    """
    if translation.problems:
        raise UnsupportedError(list(translation.problems))
    return Graph(
        name=verilog_identifier(model.path.stem),
        nodes=translation.nodes,
        tensors=translation.tensors,
        inputs=translation.inputs,
        outputs=translation.outputs,
    )

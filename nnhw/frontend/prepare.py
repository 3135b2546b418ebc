"""From the file to a list of nodes of which everything that can be constant is constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
import onnx.inliner
from onnx import numpy_helper

from ..errors import ModelError, UnsupportedError, reading
from ..ir import Quantization
from .batch_search import FirstAxes, find_first_axes
from .boundary import boundary_problems, data_inputs, forget_shapes, set_first_axis
from .cast_like import replace_cast_like
from .dynamic import expand_dynamic_operators
from .external_data import element_count
from .fold import fold_constants, static_shapes
from .fold_cost import FoldMeter
from .infinite_pads import merge_infinite_pads
from .input_shapes import Shape, fix_input_shapes
from .integer_types import activation_quantization
from .qonnx import expand_quant_nodes
from .qoperator import expand_quantized_operators
from .quantized_constants import compute_quantized_constants
from .read import opset_of, read_model
from .scikit_learn import cut_classifier, expand_scalers
from .slim import slim
from .softplus import drop_softplus_guards
from .structure import tensors
from .tflite import TFLITE, tflite_kind
from .uneven_pools import replace_uneven_pools


@dataclass(frozen=True, kw_only=True)
class PreparedModel:
    """An ONNX model for one sample, simplified, ready for translation.

    Parameters
    ----------
    path
        The file.
    producer
        Name and version of the program that wrote it; may be empty.
    opset
        Version of the standard operator set that `nodes` are of.
    nodes
        In execution order.
    constants
        All constants by name; those that arrived quantized as real values in float64.
    steps
        Of the constants that arrived quantized, by name: the `STEP` of each element, of the
        constant's shape.
    shapes
        Shapes of the tensors all of whose sizes are known.
    elem_types
        Element types (`onnx.TensorProto.DataType`) of the tensors for which they are known.
    inputs, outputs
        Names.
    tail
        What the host makes of the output, one line each, beyond what follows from the nodes.
    first_axis_reasons
        Why the first axis of an input is not taken for a batch, one line for each node that says
        so.
    problems
        What cannot be built about inputs, outputs and nodes that are no longer there, one line
        each.
    elements_in_file
        Elements of all constants in the file.
    channels_last
        Whether the file's format has images channels-last.
    kinds
        Of the nodes that stand for operators of another format, by name: these.
    integers
        Of the inputs that the file takes as quantized integers, by name: what these stand for.
    """

    path: Path
    producer: str
    opset: int
    nodes: tuple[onnx.NodeProto, ...]
    constants: dict[str, np.ndarray]
    steps: dict[str, np.ndarray]
    shapes: dict[str, tuple[int, ...]]
    elem_types: dict[str, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tail: tuple[str, ...]
    problems: tuple[str, ...]
    elements_in_file: int
    first_axis_reasons: tuple[str, ...] = ()
    channels_last: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)
    integers: Mapping[str, Quantization] = field(default_factory=dict)


def prepare(
    path: str | PathLike[str], input_shapes: Mapping[str, Shape] | None = None
) -> PreparedModel:
    """Read, check and simplify a model file.

    Parameters
    ----------
    path
        The file.
    input_shapes
        Of inputs with axes of open size; see `fix_input_shapes`.

    Raises
    ------
    ModelError
        See `read_model`, `fold_constants` and `slim`.
    UnsupportedError
        If inputs or outputs cannot be built and the rest cannot be looked at.
    BudgetError
        If anything in it is larger than the budget allows.
    OptionError
        See `fix_input_shapes`.
    """
    with reading(f"Model '{path}'", ModelError, "export it again"):
        return _prepare(path, input_shapes or {})


def _prepare(path: str | PathLike[str], input_shapes: Mapping[str, Shape]) -> PreparedModel:
    meter = FoldMeter()
    model = read_model(path)
    fix_input_shapes(model.graph, input_shapes)
    elements_in_file = sum(map(element_count, tensors(model)))
    producer = f"{model.producer_name} {model.producer_version}".strip()
    channels_last = model.producer_name == TFLITE
    integers = _input_integers(model.graph) if channels_last else {}
    kinds = {node.name: kind for node in model.graph.node if (kind := tflite_kind(node))}
    expand_scalers(model)
    tail = cut_classifier(model)
    inputs = tuple(value.name for value in data_inputs(model.graph))
    outputs = tuple(value.name for value in model.graph.output)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    replace_cast_like(model)
    problems = boundary_problems(model.graph)
    first_axes = _fix_first_axes(model, problems)
    forget_shapes(model)
    expand_quantized_operators(model)
    expand_dynamic_operators(model)
    model, quant_problems = expand_quant_nodes(model, meter)
    try:
        # Without operators that have no effect, more is constant.
        model = fold_constants(slim(fold_constants(model, meter)), meter)
    except ModelError as error:
        if problems:  # of which this may be a consequence
            raise UnsupportedError(problems) from error
        raise
    graph = model.graph
    drop_softplus_guards(graph)
    merge_infinite_pads(graph, opset_of(model))
    replace_uneven_pools(graph, opset_of(model), static_shapes(graph))
    computed = compute_quantized_constants(
        graph.node,
        {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer},
        opset_of(model),
        meter,
    )
    return PreparedModel(
        path=Path(path),
        producer=producer,
        opset=opset_of(model),
        nodes=tuple(computed.nodes),
        constants=computed.constants,
        steps=computed.steps,
        shapes=static_shapes(graph),
        elem_types={
            value.name: value.type.tensor_type.elem_type
            for value in (*graph.input, *graph.value_info, *graph.output)
        },
        inputs=inputs,
        outputs=outputs,
        tail=tail,
        problems=(*problems, *first_axes.problems, *quant_problems),
        elements_in_file=elements_in_file,
        first_axis_reasons=first_axes.reasons,
        channels_last=channels_last,
        kinds=kinds,
        integers=integers,
    )


def _input_integers(graph: onnx.GraphProto) -> dict[str, Quantization]:
    """What the graph's annotations say that integers in place of its real inputs stand for."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = {}
    for annotation in graph.quantization_annotation:
        names = {entry.key: entry.value for entry in annotation.quant_parameter_tensor_names}
        scale, zero_point = (
            numpy_helper.to_array(constants[names[key]])
            for key in ("SCALE_TENSOR", "ZERO_POINT_TENSOR")
        )
        found[annotation.tensor_name] = activation_quantization(
            scale, zero_point, zero_point.dtype.name
        )
    return found


def _fix_first_axes(model: onnx.ModelProto, problems: list[str]) -> FirstAxes:
    """Set the number of samples to 1, in place, where the first axis of an input counts them."""
    inputs = [v for v in data_inputs(model.graph) if v.type.tensor_type.shape.dim]
    found = FirstAxes(samples=frozenset(value.name for value in inputs))
    if not problems:
        found = find_first_axes(model)
    for value in inputs:
        if value.name in found.samples:
            set_first_axis(value, 1)
    return found

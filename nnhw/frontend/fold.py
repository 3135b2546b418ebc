"""Computes the operators whose inputs are all constants, by onnx's reference implementation.

Exporters compute shapes, and sometimes weights, by operators. With all sizes fixed, Shape and
what follows from it is constant too. The reference implementation comes with onnx itself, so that
the constants do not depend on which inference engines are installed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from ..budget import need_memory
from ..errors import BudgetError, ModelError, first_line
from .branches import take_branch, tensor_names
from .fold_cost import FoldMeter, one_node_model
from .loops import unroll_loop
from .read import opset_of

TENSOR_BYTES = 80
"""Of an element of a tensor: it is computed in float64, of inputs in several copies."""

_NOT_FOLDED = frozenset(
    {
        # Folding would hide that the model is quantized.
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "QuantizeLinear",
        # A result that differs from run to run is not a constant.
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)


FOLLOWED_BYTES = 1000
"""Of a constant whose value shape inference follows."""

_FOLLOWED = frozenset(
    "Add Cast Concat Gather Identity Mul Slice Squeeze Sub Unsqueeze".split()  # noqa: SIM905
)
"""The operators through which it does."""


def infer_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the shape of every tensor for which ONNX can tell it.

    Raises
    ------
    ModelError
        If the model's shapes or types contradict each other.
    BudgetError
        If ONNX would follow more constants than the budget allows.
    """
    _check_followed(model.graph)
    try:
        return onnx.shape_inference.infer_shapes(
            model, check_type=True, strict_mode=True, data_prop=True
        )
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        reason = first_line(error).replace("[ShapeInferenceError] ", "").rstrip(".")
        if "unsupported type" in reason:
            raise ModelError(
                f"ONNX does not define an operator for the type it is used with: {reason}; "
                "export the model in float32"
            ) from error
        raise ModelError(
            f"The model's shapes contradict each other: {reason}; "
            "if it was exported with another batch size, export it with batch size 1"
        ) from error


def _check_followed(graph: onnx.GraphProto) -> None:
    """Refuse constants that are too many for ONNX, which follows their values to know shapes.

    It does so before it knows how many they become: each Concat may double them.
    """
    counts = {t.name: math.prod(t.dims) for t in graph.initializer if len(t.dims) < 2}
    for node in graph.node:
        if node.op_type in ("Constant", "Shape", "Size"):
            counts[node.output[0]] = 1
        elif node.op_type in _FOLLOWED and all(name in counts for name in node.input if name):
            read = [counts[name] for name in node.input if name]
            counts[node.output[0]] = sum(read) if node.op_type == "Concat" else max(read)
            what = f"{node.op_type} '{node.name or node.output[0]}' of constants"
            need_memory(what, FOLLOWED_BYTES * counts[node.output[0]])


def static_shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors all of whose sizes are known, by name."""
    shapes = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor_type = value.type.tensor_type
        if tensor_type.HasField("shape") and all(
            dim.HasField("dim_value") for dim in tensor_type.shape.dim
        ):
            shapes[value.name] = tuple(dim.dim_value for dim in tensor_type.shape.dim)
    return shapes


def check_shapes(graph: onnx.GraphProto) -> None:
    """Refuse a tensor that is too large to compute with.

    Raises
    ------
    BudgetError
        It names the tensor and the node that writes it.
    """
    writers = {name: node for node in graph.node for name in node.output}
    for name, shape in static_shapes(graph).items():
        writer = writers.get(name)
        what = f"{writer.op_type} '{writer.name or name}'" if writer else f"Input '{name}'"
        need_memory(
            f"{what} with a tensor of shape {shape}", TENSOR_BYTES * max(0, math.prod(shape))
        )


def fold_constants(model: onnx.ModelProto, meter: FoldMeter) -> onnx.ModelProto:
    """Replace every operator of constant result by an initializer; infers all shapes.

    Nodes that cannot be computed stay where they are. Of an If on a constant, the branch that is
    taken stays, and of a Loop of constant trips all of them do.

    Raises
    ------
    ModelError
        If the model's shapes contradict each other.
    BudgetError
        If a tensor, or what is to be computed, is larger than the budget allows.
    """
    while True:
        model = infer_shapes(model)
        graph = model.graph
        check_shapes(graph)
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        shapes = static_shapes(graph)
        taken = tensor_names(graph)
        kept, folded = [], False
        for node in graph.node:
            if node.op_type == "If" and node.domain == "" and node.input[0] in constants:
                kept += take_branch(node, constants[node.input[0]], graph, taken)
                folded = True
                continue
            if node.op_type == "Loop" and node.domain == "":
                trips = unroll_loop(node, constants, graph, taken, opset_of(model), meter)
                kept += [node] if trips is None else trips
                folded |= trips is not None
                continue
            results = _evaluate(node, constants, shapes, model, meter)
            if results is None:
                kept.append(node)
                continue
            folded = True
            constants.update(results)
            graph.initializer.extend(
                numpy_helper.from_array(value, name) for name, value in results.items()
            )
        if not folded:
            return model
        del graph.node[:]
        graph.node.extend(kept)


def _evaluate(
    node: onnx.NodeProto,
    constants: dict[str, np.ndarray],
    shapes: dict[str, tuple[int, ...]],
    model: onnx.ModelProto,
    meter: FoldMeter,
) -> dict[str, np.ndarray] | None:
    """The node's results by name; None if they are not constant or cannot be computed."""
    if node.domain not in ("", "ai.onnx") or node.op_type in _NOT_FOLDED:
        return None
    names = [name for name in node.input if name]
    if node.op_type in ("Shape", "Size") and names[0] in shapes:
        # Only its shape counts: an array of no memory of its own.
        feeds = {names[0]: np.broadcast_to(np.float32(0), shapes[names[0]])}
    elif all(name in constants for name in names):
        feeds = {name: constants[name] for name in names}
    else:
        return None
    return evaluate_node(node, feeds, opset_of(model), meter)


def evaluate_node(
    node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], opset: int, meter: FoldMeter
) -> dict[str, np.ndarray] | None:
    """The results of a node of the standard operator set; None if they cannot be computed.

    Parameters
    ----------
    feeds
        All of its inputs, by name.
    opset
        Version of the operator set.
    meter
        Is told what it takes.

    Raises
    ------
    BudgetError
        If it takes more than the budget allows.
    """
    outputs = [name for name in node.output if name]
    try:
        if not meter.admit(node, feeds, opset):
            return None
        evaluator = ReferenceEvaluator(one_node_model(node, feeds, opset))
        with np.errstate(all="ignore"):  # infinity and NaN are refused where they are used
            results = evaluator.run(None, dict(feeds))
    except BudgetError:
        raise
    except Exception:  # whatever an operator's implementation raises: the node just stays
        return None
    if not all(isinstance(value, np.ndarray | np.generic) for value in results):
        return None
    return {name: np.asarray(value) for name, value in zip(outputs, results, strict=True)}

"""Summarizes a model, whether or not it can be built."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

import numpy as np
import onnx

from ..ir import (
    ChannelAffine,
    Clip,
    Conv,
    FakeQuantize,
    Graph,
    Port,
    Reshape,
    Tensor,
    postprocess_steps,
    signed_width,
)
from .boundary import type_name
from .load import graph_of
from .prepare import PreparedModel, prepare
from .summary import ModelSummary, NodeSummary, TensorSummary
from .translate import translate
from .translation import TranslatedNode, Translation


def read_summary(path: str | PathLike[str]) -> tuple[ModelSummary, Graph | None]:
    """Summarize an ONNX model; unlike `load_model`, it accepts unsupported operators.

    Returns
    -------
    tuple
        The summary, and the graph that `load_model` gives; where there are problems, the part of
        it that is known. In its place of nodes that cannot be built there are further inputs, and
        its outputs are whatever they may read; None if there is no such part.

    Raises
    ------
    ModelError
        If the file or its external data is missing, damaged or not valid ONNX.
    BudgetError
        If the model is larger than the budget allows; see `nnhw.budget`.
    """
    model = prepare(path)
    translation = translate(model)
    graph = _known_part(translation) if translation.problems else graph_of(model, translation)
    return _summary(model, translation), graph


def _known_part(translation: Translation) -> Graph | None:
    if not translation.nodes:
        return None
    written = {node.output for node in translation.nodes}
    read = {name for node in translation.nodes for name in node.inputs}
    # What emits no node may be refused, follow a refusal, or hand on what it reads.
    silent = [entry.node for entry in translation.translated if not entry.emitted]
    handed_on = {value.tensor for node in silent for value in node.values}
    return Graph(
        name="part",
        nodes=translation.nodes,
        tensors={name: translation.tensors[name] for name in written | read},
        inputs=tuple(_port(translation.tensors[name]) for name in sorted(read - written)),
        outputs=tuple(
            _port(translation.tensors[name])
            for name in sorted((written & handed_on) | (written - read))
        ),
    )


def _port(tensor: Tensor) -> Port:
    return Port(tensor=tensor.name, onnx_name=tensor.name, onnx_shape=tensor.shape, layout="HWC")


def _summary(model: PreparedModel, translation: Translation) -> ModelSummary:
    nodes = tuple(_node(entry, model, translation) for entry in translation.translated)
    read = {name for proto in model.nodes for name in _parameter_names(proto)}
    convs = [node for node in translation.nodes if isinstance(node, Conv)]
    return ModelSummary(
        file=model.path.name,
        producer=model.producer,
        opset=model.opset,
        inputs=tuple(_tensor(name, model) for name in model.inputs),
        outputs=tuple(_tensor(name, model) for name in model.outputs),
        nodes=nodes,
        problems=translation.problems,
        host_postprocess=postprocess_steps(translation.outputs),
        macs=sum(node.macs for node in nodes),
        parameters=_parameters(read, model),
        weight_bytes=sum(conv.weight.size for conv in convs),
        peak_activation_bytes=_peak_activation_bytes(translation),
        weight_bits=max(map(_weight_bits, filter(_is_quantized, convs)), default=None),
        activation_bits=max(
            (n.quantization.bits for n in translation.nodes if isinstance(n, FakeQuantize)),
            default=None,
        ),
    )


def _is_quantized(conv: Conv) -> bool:
    return conv.weight_scale is not None


def _weight_bits(conv: Conv) -> int:
    assert conv.weight_scale is not None, "only quantized ones are asked for"
    return signed_width(np.rint(conv.weight / conv.weight_scale[:, None, None, None]))


def _tensor(name: str, model: PreparedModel) -> TensorSummary:
    elem_type = model.elem_types.get(name, onnx.TensorProto.UNDEFINED)
    return TensorSummary(name=name, shape=model.shapes.get(name), dtype=type_name(elem_type))


def _node(entry: TranslatedNode, model: PreparedModel, translation: Translation) -> NodeSummary:
    node = entry.node
    return NodeSummary(
        name=node.name,
        op_type=node.op_type,
        output_shape=node.output_shape,
        supported=not entry.problems,
        reason="; ".join(line.removeprefix(f"{node.title}: ") for line in entry.problems),
        macs=_macs(entry, translation),
        parameters=_parameters(_parameter_names(node.proto), model),
    )


def _macs(entry: TranslatedNode, translation: Translation) -> int:
    macs = 0
    for node in entry.emitted:
        if isinstance(node, Conv):
            rows, cols, _ = translation.tensors[node.output].shape
            macs += rows * cols * node.weight.size
    return macs


def _parameter_names(proto: onnx.NodeProto) -> Iterable[str]:
    return () if proto.op_type in ("QuantizeLinear", "DequantizeLinear") else proto.input


def _parameters(names: Iterable[str], model: PreparedModel) -> int:
    constants = (model.constants[name] for name in names if name in model.constants)
    return sum(array.size for array in constants if not np.issubdtype(array.dtype, np.integer))


def _peak_activation_bytes(translation: Translation) -> int:
    """Largest number of elements that are alive at one node.

    A tensor lives from the node that writes it to the last one that reads it. One that no node
    writes, an input or the result of a node that cannot be built, lives from its first reader on.
    """
    nodes = translation.nodes
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for step, node in enumerate(nodes):
        for name in (*node.inputs, node.output):
            first.setdefault(name, step)
            last[name] = step
    for port in (*translation.inputs, *translation.outputs):
        first.setdefault(port.tensor, 0)
        last.setdefault(port.tensor, 0)
    for port in translation.outputs:
        last[port.tensor] = max(0, len(nodes) - 1)
    for step, node in enumerate(nodes):
        # Written over its input, if that is not needed any more.
        if (
            isinstance(node, ChannelAffine | Clip | FakeQuantize | Reshape)
            and last[node.inputs[0]] == step
        ):
            last[node.inputs[0]] = step - 1
    return max(
        sum(translation.tensors[name].size for name in first if first[name] <= step <= last[name])
        for step in range(max(1, len(nodes)))
    )

"""The conversion of a float graph to an integer graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from ..errors import DataError, QuantizationError, UnsupportedError
from ..ir import Batch, Conv, Draft, Graph, Node, Quantization, as_batch, draft
from .activations import quantize_activations
from .chosen_weights import draft_conv
from .constants import given_constants, network_constants
from .given_weights import brings_weights, draft_given_conv
from .options import QuantizeOptions
from .roundings import is_quantized, unrounded, without_roundings
from .statistics import channel_means


def quantize(
    graph: Graph,
    calibration: Batch | np.ndarray | None = None,
    options: QuantizeOptions | None = None,
) -> Graph:
    """Quantize a trained network.

    Every tensor and every weight of the network keeps the numbers that it brings along
    (`FakeQuantize`, `Conv.weight_scale`, the quantization of an input); where there are none,
    they are calibrated.

    Parameters
    ----------
    graph
        Float graph, simplified: of `Conv` (groups 1, or depthwise with one output per input
        channel), `MaxPool`, `AveragePool`, `Add`, `Multiply`, `Extremum`, `Concat`, `Function`,
        `Move` and `FakeQuantize`.
    calibration
        N typical samples, N at least 1; of an only input the array (N, H, W, C). None if there is
        nothing to calibrate: see `needs_calibration`.
    options
        Of what is calibrated; the defaults if None. Powers of two only for networks that bring
        nothing along.

    Returns
    -------
    Graph
        The same network and ports, in the operators of `nnhw.ir.integer_nodes`. Tensors have the
        names of the float graph's; those that it rounds, of the rounded ones.

    Raises
    ------
    DataError
        If the calibration data do not have the shapes of the network's inputs, or there are none
        for a network that brings nothing along.
    UnsupportedError
        If there are none for a network that brings along some of its numbers only, or numbers that
        it brings along do not fit their types; it lists all such operators.
    QuantizationError
        If a node has no integer form, a weight or an activation is not finite, or an option names
        a layer that is not there.
    """
    options = options or QuantizeOptions()
    samples = None if calibration is None else _checked(graph, calibration)
    bare, known = without_roundings(graph)
    given = is_quantized(graph)
    if samples is None and not given:
        raise DataError("The network brings along no numbers: calibration data are needed")
    if given and options.power_of_two:
        raise QuantizationError("Option power_of_two is for models that are not quantized yet")
    chosen = _weights_to_choose(bare, known)
    _check_layers(chosen, options.layer_bits)
    quantizations, means = known, {}
    if samples is not None:
        quantizations = quantize_activations(graph, bare, known, samples, options)
        means = channel_means(graph, samples, {node.inputs[0] for node in chosen})
    problems = [] if samples is not None else missing_numbers(graph)
    drafts = _drafts(bare, quantizations, means, chosen, options, problems)
    factors = [item.factors for item in drafts if isinstance(item, Draft)]
    constants_of = given_constants if given else network_constants
    constants = iter(constants_of(factors, options))
    nodes = [item.finish(next(constants)) if isinstance(item, Draft) else item for item in drafts]
    tensors = {
        name: replace(tensor, quantization=quantizations[name])
        for name, tensor in bare.tensors.items()
    }
    return replace(bare, nodes=tuple(nodes), tensors=tensors)


def missing_numbers(graph: Graph) -> list[str]:
    """One line for each tensor and weight of a simplified graph that has to be calibrated.

    It says so of a model that brings along other numbers; one that has none is not meant.
    """
    bare, known = without_roundings(graph)
    return [
        *unrounded(bare, known),
        *(
            f"Node '{node.name}': its activations are quantized, but its weights are not; quantize "
            "weights too (DequantizeLinear of int8), give data (--data) to calibrate with, or give "
            "the float model"
            for node in _weights_to_choose(bare, known)
            if node.inputs[0] in known
        ),
    ]


def certain_refusals(part: Graph) -> list[str]:
    """What `quantize` refuses of single nodes by the numbers that they and their neighbours bring.

    Parameters
    ----------
    part
        Of a simplified graph: what is to come before its inputs and behind its outputs is open.
    """
    bare, known = without_roundings(part)
    problems: list[str] = []
    for node in bare.nodes:
        if isinstance(node, Conv) and node.weight_scale is not None:
            source, target = known.get(node.inputs[0]), known.get(node.output)
            if source is not None and target is not None:
                try:
                    draft_given_conv(node, source, target)
                except UnsupportedError as error:
                    problems += error.problems
    return problems


def open_numbers(graph: Graph) -> tuple[list[str], list[str]]:
    """What has to be calibrated of a simplified graph.

    Returns
    -------
    tuple
        Names of tensors, and of nodes with weights.
    """
    bare, known = without_roundings(graph)
    tensors = [name for name in bare.tensors if name not in known]
    return tensors, [node.name for node in _weights_to_choose(bare, known)]


def _checked(graph: Graph, calibration: Batch | np.ndarray) -> Batch:
    """Samples that fit the network's inputs."""
    try:
        batch = as_batch(graph, calibration)
    except ValueError as error:
        raise DataError(f"Calibration data, channels last, do not fit: {error}") from error
    if not len(batch):
        raise DataError("Calibration data must hold at least one sample")
    return batch


def _weights_to_choose(bare: Graph, known: Mapping[str, Quantization]) -> list[Conv]:
    """The convolutions whose weights the model does not bring along as integers."""
    return [
        node
        for node in bare.nodes
        if isinstance(node, Conv) and not brings_weights(node, known.keys())
    ]


def _drafts(
    bare: Graph,
    quantizations: Mapping[str, Quantization],
    means: Mapping[str, np.ndarray],
    chosen: Sequence[Conv],
    options: QuantizeOptions,
    problems: Sequence[str],
) -> list[Draft | Node]:
    """The integer forms of all nodes.

    Parameters
    ----------
    problems
        Found before.

    Raises
    ------
    UnsupportedError
        With these problems, and those of all nodes that have no integer form by the numbers that
        they bring along.
    """
    drafts: list[Draft | Node] = []
    problems = list(problems)
    for node in bare.nodes:
        if problems and (node in chosen or not {*node.inputs, node.output} <= quantizations.keys()):
            continue
        try:
            sources = [quantizations[name] for name in node.inputs]
            target = quantizations[node.output]
            if not isinstance(node, Conv):
                drafts.append(draft(node, sources, target))
            elif node not in chosen:
                drafts.append(
                    draft_given_conv(
                        node, sources[0], target, follows=options.scale_bits is not None
                    )
                )
            else:
                drafts.append(
                    draft_conv(
                        node,
                        sources[0],
                        target,
                        input_mean=means[node.inputs[0]],
                        weight_bits=options.bits_of(node.name),
                        power_of_two=options.power_of_two,
                    )
                )
        except UnsupportedError as error:
            problems += error.problems
    if problems:
        raise UnsupportedError(problems)
    return drafts


def _check_layers(chosen: Iterable[Conv], layers: Iterable[str]) -> None:
    """Refuse names that are none of layers whose weights are quantized here."""
    known = list(dict.fromkeys(node.name for node in chosen))
    for layer in layers:
        if layer in known:
            continue
        similar = [name for name in known if name.endswith(f"/{layer}")]
        similar = similar or get_close_matches(layer, known, n=3)
        advice = (
            f"did you mean {_quoted(similar)}?"
            if similar
            else f"the layers with weights are {_quoted(known)}"
        )
        raise QuantizationError(
            f"Option bits names '{layer}', which is no layer with weights; {advice}"
        )


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

"""The quantization of every activation tensor.

Max pooling and operators that move elements only pick values, so that their output has the
quantization of their input. Tensors joined by them form a group. Its quantization is calibrated on
those tensors of the group that other operators read, or that leave the network: what a max pool
drops needs no representation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ..ir import Add, Batch, Extremum, Graph, MaxPool, Move, Quantization
from .alignment import align_scales
from .options import QuantizeOptions
from .power_of_two import power_of_two_quantizations
from .ranges import choose_quantization, with_scale
from .statistics import gather


def quantize_activations(
    graph: Graph,
    bare: Graph,
    known: Mapping[str, Quantization],
    calibration: Batch | np.ndarray,
    options: QuantizeOptions,
) -> dict[str, Quantization]:
    """Quantization of every tensor: the one that it brings along, or one calibrated.

    Parameters
    ----------
    graph
        Float graph, which computes what is seen.
    bare
        The same without roundings; its tensors are to be quantized.
    known
        Quantizations that stay, by tensor of `bare`. They are those of what is picked from the
        tensor, too.
    calibration
        Typical inputs.

    Raises
    ------
    QuantizationError
        If a tensor takes a value that is not finite.
    """
    group_of, members = scale_groups(bare)
    settled = {group_of[name]: q for name, q in known.items()}
    missing = {group: names for group, names in members.items() if group not in settled}
    if not missing:
        return {tensor: settled[group_of[tensor]] for tensor in bare.tensors}
    distributions = gather(graph, calibration, missing)
    quantizations = settled | {
        group: choose_quantization(
            distribution, options.activation_bits, options.calibration_method
        )
        for group, distribution in distributions.items()
    }
    silent = {
        group
        for group, distribution in distributions.items()
        if distribution.lo == distribution.hi == 0
    }
    quantizations = _scaled_like_others(bare, group_of, quantizations, silent)
    if options.power_of_two:
        quantizations = power_of_two_quantizations(
            bare,
            group_of,
            quantizations,
            distributions,
            options.calibration_method,
            fixed=settled.keys(),
        )
        return {tensor: quantizations[group_of[tensor]] for tensor in bare.tensors}
    scales = {group: q.scale for group, q in quantizations.items()}
    scales = align_scales(bare, group_of, scales, options.chosen_bits, fixed=settled.keys())
    quantizations = {group: with_scale(q, scales[group]) for group, q in quantizations.items()}
    return {tensor: quantizations[group_of[tensor]] for tensor in bare.tensors}


def _scaled_like_others(
    graph: Graph,
    group_of: Mapping[str, str],
    quantizations: Mapping[str, Quantization],
    silent: Collection[str],
) -> dict[str, Quantization]:
    """Quantizations, where operands of additions that are always zero have the other one's scale.

    Any scale suits them; but the two multipliers of an addition share a shift, and where one is far
    larger, the other one has few bits.
    """
    result = dict(quantizations)
    for node in graph.nodes:
        if not isinstance(node, Add | Extremum):
            continue
        first, second = (group_of[name] for name in node.inputs)
        for group, other in ((first, second), (second, first)):
            if group in silent and other not in silent:
                scale = min(result[group].scale, result[other].scale)
                result[group] = replace(result[group], scale=scale)
    return result


def scale_groups(graph: Graph) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Tensors that share a quantization.

    Returns
    -------
    tuple
        For every tensor the first tensor of its group, and by that one the tensors of the group
        that have to be represented.
    """
    group_of = {tensor: tensor for tensor in graph.tensors}
    consumed = {port.tensor for port in graph.outputs}
    for node in graph.nodes:
        if isinstance(node, MaxPool | Move):
            group_of[node.output] = group_of[node.inputs[0]]
        else:
            consumed.update(node.inputs)
    members = {
        group: [t for t in graph.tensors if group_of[t] == group and t in consumed] or [group]
        for group in dict.fromkeys(group_of.values())
    }
    return group_of, members

"""How convolutions do without channels that no input changes.

A dense one adds what a constant channel would have given it to its bias, unless the channel differs
from its padding. A depthwise one has a channel of its result for each one of its operand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from ...graph import Graph
from ...integer import Channel, ChannelRules, Interval, Link, Requantize, links, requantize
from ...integers import as_integers
from .node import QConv


def _links(node: QConv, graph: Graph) -> Iterable[Link]:
    return () if node.groups == 1 else links(node, graph)


def _needed(node: QConv, graph: Graph, intervals: Mapping[str, Interval]) -> Iterator[Channel]:
    (name,) = node.inputs
    if node.groups not in (1, len(node.weight)):
        yield from ((name, number) for number in range(graph.tensors[name].shape[2]))
    elif node.groups == 1 and any(node.window.pads):
        differs = intervals[name].lo != graph.tensors[name].q.zero_point
        yield from ((name, int(number)) for number in np.flatnonzero(differs))


def _keep(
    node: QConv,
    graph: Graph,
    kept: Mapping[str, np.ndarray],
    intervals: Mapping[str, Interval],
) -> QConv:
    source, outputs = node.inputs[0], kept[node.output]
    weight, bias, groups = node.weight[outputs], node.bias[outputs], node.groups
    zero_point = node.weight_zero_point
    if groups == 1:
        inputs = kept[source]
        absent = np.setdiff1d(np.arange(node.weight.shape[3]), inputs)
        constant = intervals[source].lo[absent] - graph.tensors[source].q.zero_point
        bias = bias + (weight[..., absent].astype(np.int64).sum(axis=(1, 2)) @ constant)
        weight = weight[..., inputs]
    else:
        groups = len(outputs)
    trimmed = replace(
        node,
        weight=weight,
        bias=bias,
        groups=groups,
        weight_scale=node.weight_scale[outputs],
        requantize=_select(node.requantize, outputs),
        weight_zero_point=None if zero_point is None else zero_point[outputs],
    )
    result = intervals[node.output]
    constant = np.where(result.is_constant, result.lo, np.iinfo(np.int64).max)[outputs]
    return _silence(trimmed, constant, graph.tensors[node.output].q.zero_point)


def _select(constants: Requantize, channels: np.ndarray) -> Requantize:
    return replace(
        constants, multiplier=constants.multiplier[channels], shift=constants.shift[channels]
    )


def _silence(node: QConv, constant: np.ndarray, zero_point: int) -> QConv:
    """A convolution whose constant channels have weights of zero, and a bias that makes their
    value.

    They take the factor of the channel whose results vary most, so that they ask for neither wider
    operands nor other shifts than those that vary.

    Parameters
    ----------
    constant
        Each channel's value; the largest int64 where it varies.
    """
    is_constant = constant != np.iinfo(np.int64).max
    if not is_constant.any() or is_constant.all():
        return node
    factors = node.requantize
    share = factors.multiplier / 2.0**factors.shift
    donor = int(np.argmax(np.where(is_constant, 0, share)))
    bias = as_integers((constant[is_constant] - zero_point) / share[donor])
    lent = replace(
        factors,
        multiplier=np.where(is_constant, factors.multiplier[donor], factors.multiplier),
        shift=np.where(is_constant, factors.shift[donor], factors.shift),
    )
    # a factor above one may step over a value: then the channel stays as it is
    exact = (
        requantize(bias * factors.multiplier[donor], lent, zero_point, factors.shift[donor])
        == constant[is_constant]
    )
    silent = np.flatnonzero(is_constant)[exact]
    is_silent = np.zeros(len(constant), bool)
    is_silent[silent] = True
    biases = node.bias.copy()
    biases[silent] = bias[exact]
    return replace(
        node,
        weight=np.where(is_silent[:, None, None, None], 0, node.weight).astype(node.weight.dtype),
        bias=biases,
        weight_scale=np.where(is_silent, node.weight_scale[donor], node.weight_scale),
        requantize=replace(
            factors,
            multiplier=np.where(is_silent, lent.multiplier, factors.multiplier),
            shift=np.where(is_silent, lent.shift, factors.shift),
        ),
    )


CHANNELS: ChannelRules[QConv] = ChannelRules(links=_links, needed=_needed, keep=_keep)

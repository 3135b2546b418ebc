"""Chooses what the host does to the inputs of a float network before it rounds them to integers.

Integers near enough to each other and to zero stay as they are, but for a constant. Other inputs
are divided by one scale, unless calibration sees that this would waste integers: values far from
zero, or channels of unequal magnitude. Then offsets and scales of single channels are tried, which
the operators behind the input undo. What measures clearly better on calibration samples is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .errors import QuantizationError
from .golden import dequantize, quantize_inputs, run
from .ir import Batch, ChannelAffine, Conv, Graph, Port, as_batch
from .passes import restore_input, simplify_graph
from .quantize import (
    ChannelRanges,
    InputNumbers,
    QuantizeOptions,
    channel_ranges,
    common_width,
    integer_quantization,
    quantize,
    run_float,
    settle,
)

_WORTH_A_TRIAL = 1.6
"""Ranges that one scale covers may be so much larger than that of a channel: 4 dB of its noise."""

_WORTH_THE_HOST = 2.0
_WORTH_MORE_NUMBERS = 1.0
"""Decibels that have to be gained against no work for the host, and against simpler work."""

_SAMPLES = 128
"""Enough to compare by."""

_FEWEST_TO_SPLIT = 20
"""Of fewer samples all are used to find ranges and to compare."""

_NEGLIGIBLE = 1e-3
"""Share of the largest contribution to any output below which a channel's weights do not count."""


def choose_host_preprocess(
    network: Graph, calibration: Batch | np.ndarray, options: QuantizeOptions
) -> Graph:
    """The network with what the host is to do to each of its inputs (`Port.host_preprocess`).

    Parameters
    ----------
    network
        Float graph as it was read: what it does itself to an input can become the host's.
    calibration
        Typical inputs; of an only input the array (N, H, W, C).
    options
        Of the quantization that follows.

    Returns
    -------
    Graph
        Computes the same from the same samples. Inputs that are preprocessed have a quantization;
        the others are to be calibrated. Not simplified.
    """
    samples = as_batch(network, calibration)
    for port in network.inputs:
        network = _choose(network, port, samples, options)
    return network


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A kind of preprocessing.

    Parameters
    ----------
    offset
        "zero", "common" for all channels, "channel" for the middle of each one's range, or "own":
        what the network subtracts itself.
    scale
        "common" for all channels, "own": what the network divides by, "range" for the range of
        each, or "balanced" between that and the weights that read the channel.
    """

    offset: str
    scale: str


_OWN = _Attempt(offset="own", scale="own")
_COMMON = _Attempt(offset="common", scale="common")
_BY_CHANNEL = (
    _Attempt(offset="channel", scale="range"),
    _Attempt(offset="own", scale="range"),
    _Attempt(offset="zero", scale="range"),
)
"""Of the latter, the first that the network can undo for nothing is tried."""


def _choose(network: Graph, port: Port, samples: Batch, options: QuantizeOptions) -> Graph:
    x = samples.arrays[port.tensor]
    exact = integer_quantization(x, options.activation_bits)
    if exact is not None:
        tensor = replace(network.tensors[port.tensor], quantization=exact)
        return replace(network, tensors={**network.tensors, port.tensor: tensor})
    simplified = simplify_graph(network)
    attempts = _Attempts(network, port, options)
    if not attempts.save_a_layer(x, simplified) and not _is_unequal(x, options):
        return network
    some = samples[:_SAMPLES]
    split = len(some) >= _FEWEST_TO_SPLIT
    seen, unseen = (some[::2], some[1::2]) if split else (some, some)
    best, least = None, len(simplified.nodes)
    most = _fidelity(network, simplified, seen, unseen, options)
    for attempt, changed in attempts.of_no_more_nodes(seen.arrays[port.tensor], least):
        count = len(changed.nodes)
        if count > least:
            continue
        fidelity = _fidelity(network, changed, seen, unseen, options)
        gain = _WORTH_THE_HOST if best is None else _WORTH_MORE_NUMBERS
        if fidelity > most + (gain if count == least else -_WORTH_MORE_NUMBERS):
            best, least, most = attempt, count, fidelity
    chosen = None if best is None else attempts.make(best, x)
    return network if chosen is None else chosen


def _is_unequal(x: np.ndarray, options: QuantizeOptions) -> bool:
    """Whether one scale for all channels wastes integers of one of them."""
    widths = np.ptp(x.reshape(-1, x.shape[3]).astype(np.float64), axis=0)
    widths = widths[widths > 0]
    return bool(len(widths)) and common_width(x, options) > _WORTH_A_TRIAL * widths.min()


class _Attempts:
    """What the host can do to an input of a network."""

    def __init__(self, network: Graph, port: Port, options: QuantizeOptions) -> None:
        self._network, self._port, self._options = network, port, options
        self._own = _own_affine(network, port)

    def save_a_layer(self, x: np.ndarray, simplified: Graph) -> bool:
        """Whether what the network begins with takes a layer that it does not on the host."""
        changed = self.make(_OWN, x)
        return changed is not None and len(simplify_graph(changed).nodes) < len(simplified.nodes)

    def of_no_more_nodes(self, x: np.ndarray, size: int) -> Iterator[tuple[_Attempt, Graph]]:
        """What to try, the simplest first, with the networks that it leaves, simplified.

        Only those of at most `size` nodes; by channel, only the first kind of offset that does.
        """
        for attempt in (_OWN, _COMMON):
            if (changed := self._small(attempt, x, size)) is not None:
                yield attempt, changed
        for attempt in _BY_CHANNEL:
            if (changed := self._small(attempt, x, size)) is not None:
                yield attempt, changed
                balanced = replace(attempt, scale="balanced")
                if (changed := self._small(balanced, x, size)) is not None:
                    yield balanced, changed
                return

    def _small(self, attempt: _Attempt, x: np.ndarray, size: int) -> Graph | None:
        changed = self.make(attempt, x)
        if changed is None:
            return None
        changed = simplify_graph(changed)
        return changed if len(changed.nodes) <= size else None

    def make(self, attempt: _Attempt, x: np.ndarray) -> Graph | None:
        """The network with an input preprocessed, by ranges of samples `x`; None if it cannot be.

        It is not simplified.
        """
        if self._own is None and "own" in (attempt.offset, attempt.scale):
            return None
        ranges = channel_ranges(x, self._options)
        offset = self._offset(attempt.offset, ranges)
        scale = self._scale(attempt.scale, ranges, offset)
        numbers = None if scale is None else settle(x, offset, scale, self._options)
        return None if numbers is None else _preprocessed(self._network, self._port, numbers)

    def _offset(self, kind: str, ranges: ChannelRanges) -> np.ndarray:
        match kind:
            case "channel":
                return ranges.offset
            case "common":
                return ranges.common_offset
            case "own":
                assert self._own is not None, "there are no such attempts"
                return self._own.offset
        return np.zeros(len(ranges.center))

    def _scale(self, kind: str, ranges: ChannelRanges, offset: np.ndarray) -> np.ndarray | None:
        if kind == "common":
            return np.ones(len(offset))
        if kind == "own":
            assert self._own is not None, "there are no such attempts"
            return self._own.scale
        reach = ranges.reach(offset)
        reading = _contributions(
            simplify_graph(restore_input(self._network, self._port.tensor, reach, offset)),
            self._port.tensor,
            ~ranges.is_constant,
        )
        if reading is None:
            return None if kind == "balanced" else reach
        # The weights of what calibration knows nothing about shall not be the largest.
        constant = reach / np.maximum(reading, 1)
        if kind == "balanced":
            reach = reach / np.sqrt(np.maximum(reading, _NEGLIGIBLE))
        return np.where(ranges.is_constant, constant, reach)


def _preprocessed(network: Graph, port: Port, numbers: InputNumbers) -> Graph:
    """The network for an input that the host has preprocessed."""
    channels = network.tensors[port.tensor].shape[2]
    scale, offset = (
        np.broadcast_to(array.astype(np.float64), channels)
        for array in (numbers.divisor, numbers.offset)
    )
    graph = restore_input(network, port.tensor, scale, offset)
    tensor = replace(graph.tensors[port.tensor], quantization=numbers.quantization)
    taken = replace(port, host_preprocess=numbers.steps)
    inputs = tuple(taken if other.tensor == port.tensor else other for other in graph.inputs)
    return replace(graph, inputs=inputs, tensors={**graph.tensors, tensor.name: tensor})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Affine:
    """(x - offset) / scale: float64 (C,) each."""

    offset: np.ndarray
    scale: np.ndarray


def _own_affine(network: Graph, port: Port) -> _Affine | None:
    """What the network does to an input before anything else; None if that is nothing."""
    channels = network.tensors[port.tensor].shape[2]
    scale, offset, tensor = np.ones(channels), np.zeros(channels), port.tensor
    outputs = {output.tensor for output in network.outputs}
    while tensor not in outputs:
        readers = network.readers(tensor)
        node = readers[0] if len(readers) == 1 else None
        if not isinstance(node, ChannelAffine):
            break
        scale, offset = scale * node.scale, offset * node.scale + node.offset
        tensor = node.output
    if tensor == port.tensor or not scale.all():
        return None
    return _Affine(offset=-offset / scale, scale=1 / np.abs(scale))


def _contributions(graph: Graph, tensor: str, counted: np.ndarray) -> np.ndarray | None:
    """Largest weight of each channel against the largest one, among the channels that count.

    For the output channel where that is most; (C,). None if others than convolutions read the
    tensor.
    """
    channels = graph.tensors[tensor].shape[2]
    largest = np.zeros(channels)
    for node in graph.readers(tensor):
        if not isinstance(node, Conv):
            return None
        weight = np.abs(node.weight).max(axis=(1, 2))
        if node.groups != 1:  # depthwise: the scale of weights suits the channel anyway
            largest = np.maximum(largest, weight[:, 0] > 0)
            continue
        most = weight[:, counted].max(axis=1, keepdims=True, initial=0)
        share = np.divide(weight, most, out=np.zeros_like(weight), where=most > 0)
        largest = np.maximum(largest, share.max(axis=0))
    return largest


def _fidelity(
    network: Graph, simplified: Graph, seen: Batch, unseen: Batch, options: QuantizeOptions
) -> float:
    """How well a simplified network, quantized, does what another one does that is not, in dB.

    The mean over the outputs of the ratio of an output's deviation from its mean to the noise.

    Parameters
    ----------
    seen, unseen
        Samples to calibrate with and to compare on.
    """
    try:
        integer = quantize(simplified, seen, options)
    except QuantizationError:  # which the build will tell, if it is the network's
        return -math.inf
    found = run(integer, quantize_inputs(integer, unseen))
    exact = run_float(network, unseen)
    ratios = []
    for before, after in zip(network.outputs, integer.outputs, strict=True):
        expected = exact[before.tensor].astype(np.float64)
        expected = expected.reshape(len(expected), -1)
        real = dequantize(found[after.tensor], integer.tensors[after.tensor].q)
        signal = np.sum(np.square(expected - expected.mean(axis=0)))
        noise = np.sum(np.square(expected - real.reshape(expected.shape)))
        if signal > 0:
            ratios.append(10 * math.log10(signal / max(float(noise), 1e-20 * signal)))
    return float(np.mean(ratios)) if ratios else 0.0

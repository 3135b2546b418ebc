"""What the host can do to an input of a network: kinds of offsets and scales."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..ir import ChannelAffine, Conv, Graph, Port
from ..passes import restore_input, simplify_graph
from ..quantize import ChannelRanges, InputNumbers, QuantizeOptions, channel_ranges, settle

_NEGLIGIBLE = 1e-3
"""Share of the largest contribution to any output below which a channel's weights do not count."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
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


_OWN = Attempt(offset="own", scale="own")
_COMMON = Attempt(offset="common", scale="common")
_BY_CHANNEL = (
    Attempt(offset="channel", scale="range"),
    Attempt(offset="own", scale="range"),
    Attempt(offset="zero", scale="range"),
)
"""Of the latter, the first that the network can undo for nothing is tried."""


class Attempts:
    """What the host can do to an input of a network."""

    def __init__(self, network: Graph, port: Port, options: QuantizeOptions) -> None:
        self._network, self._port, self._options = network, port, options
        self._own = _own_affine(network, port)

    def save_a_layer(self, x: np.ndarray, simplified: Graph) -> bool:
        """Whether what the network begins with takes a layer that it does not on the host."""
        changed = self.make(_OWN, x)
        return changed is not None and len(simplify_graph(changed).nodes) < len(simplified.nodes)

    def of_no_more_nodes(self, x: np.ndarray, size: int) -> Iterator[tuple[Attempt, Graph]]:
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

    def _small(self, attempt: Attempt, x: np.ndarray, size: int) -> Graph | None:
        changed = self.make(attempt, x)
        if changed is None:
            return None
        changed = simplify_graph(changed)
        return changed if len(changed.nodes) <= size else None

    def make(self, attempt: Attempt, x: np.ndarray) -> Graph | None:
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

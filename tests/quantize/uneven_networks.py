"""Networks whose channels have unequal ranges, through every operator that keeps their ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from random_graphs import NONE, Builder, Clamp

from nnhw.golden import dequantize, quantize_inputs
from nnhw.golden import run as run_integer
from nnhw.ir import DepthToSpace, Graph, Resize
from nnhw.quantize import run_float
from nnhw.quantize.statistics import channel_statistics

CHANNELS = 8


class UnevenBuilder(Builder):
    """A builder whose convolutions to 8 channels have half of them smaller by `ratio`."""

    def __init__(self, ratio: float, seed: int = 0) -> None:
        super().__init__((6, 6, 4), seed)
        self.factors = np.where(np.arange(CHANNELS) % 2 == 1, 1 / ratio, 1.0)

    def uneven(self, x: str, *, clamp: Clamp = NONE) -> str:
        result = self.conv(x, CHANNELS, kernel=(1, 1), clamp=clamp)
        node = self.nodes[-1]
        weight = node.weight * self.factors[:, None, None, None]
        self.nodes[-1] = replace(node, weight=weight, bias=0 * node.bias)
        return result

    def gate(self) -> str:
        return self.function(self.conv("x", CHANNELS), "sigmoid")

    def resize(self, x: str, factor: tuple[int, int]) -> str:
        height, width, channels = self.shape(x)
        shape = (height * factor[0], width * factor[1], channels)
        return self.append(Resize(**self._names(x), factor=factor), shape)

    def depth_to_space(self, x: str, block: int) -> str:
        height, width, channels = self.shape(x)
        shape = (height * block, width * block, channels // block**2)
        return self.append(DepthToSpace(**self._names(x), block=block), shape)

    def depthwise(self, x: str) -> str:
        result = self.conv(x, CHANNELS, groups=CHANNELS, kernel=(3, 3))
        self.nodes[-1] = replace(self.nodes[-1], bias=np.zeros(CHANNELS))
        return result

    def finish(self, x: str) -> Graph:
        """Two convolutions that read `x`, to which all of its channels matter alike."""
        self.conv(x, 3)
        self.conv(x, 2)
        graph = self.graph(*(node.output for node in self.nodes[-2:]))
        deviation = np.sqrt(channel_statistics(graph, self.uniform())[x].variance)
        nodes = list(graph.nodes)
        for i in (-2, -1):
            nodes[i] = replace(nodes[i], weight=nodes[i].weight / deviation)
        return replace(graph, nodes=tuple(nodes))

    def uniform(self) -> np.ndarray:
        """60 samples between -1 and 1, always the same."""
        rng = np.random.default_rng(1)
        return rng.uniform(-1, 1, (60, *self.shape("x"))).astype(np.float32)


OPERATORS: dict[str, Callable[[UnevenBuilder, str], str]] = {
    "nothing": lambda b, x: x,
    "max pool": lambda b, x: b.max_pool(x, kernel=(2, 2)),
    "average pool": lambda b, x: b.average_pool(x, kernel=(2, 2), pads=(1, 1, 1, 1)),
    "leaky relu": lambda b, x: b.function(x, "leaky_relu", 0.1),
    "absolute value": lambda b, x: b.function(x, "abs"),
    "resize": lambda b, x: b.resize(x, (2, 2)),
    "depth to space": lambda b, x: b.depth_to_space(x, 2),
    "slice": lambda b, x: b.slice(x, (1, 1, 1), 4, 4, 5),
    "flatten": lambda b, x: b.reshape(x, (1, 1, 36 * CHANNELS)),
    "depthwise": lambda b, x: b.depthwise(x),
    "addition": lambda b, x: b.add(x, b.uneven("x")),
    "addition and relu": lambda b, x: b.add(b.uneven("x"), x, clamp=Clamp(lo=0.0)),
    "concatenation": lambda b, x: b.concat(x, b.conv("x", 3)),
    "concatenation with an input": lambda b, x: b.concat("x", x),
    "product": lambda b, x: b.multiply(x, b.gate()),
    "product, exchanged": lambda b, x: b.multiply(b.gate(), x),
}
"""What stands between the convolution that writes unequal channels and those that read them."""

CLAMPS = {"none": NONE, "relu": Clamp(lo=0.0), "bounds": Clamp(lo=0.0, hi=2.0)}


def uneven_network(
    operator: str, clamp: str, ratio: float, seed: int = 0
) -> tuple[Graph, np.ndarray]:
    """A network with unequal channels, and samples for it."""
    b = UnevenBuilder(ratio, seed)
    graph = b.finish(OPERATORS[operator](b, b.uneven("x", clamp=CLAMPS[clamp])))
    return graph, b.uniform()


def noise_db(graph: Graph, integer: Graph, x: np.ndarray) -> float:
    """Deviation of the outputs from their means over the noise, in dB: that of the worst output."""
    exact, found = run_float(graph, x), run_integer(integer, quantize_inputs(integer, x))
    ratios = []
    for name, wanted in exact.items():
        noise = dequantize(found[name], integer.tensors[name].q) - wanted
        ratios.append(np.var(wanted, axis=0).mean() / np.mean(np.square(noise)))
    return float(10 * np.log10(min(ratios)))

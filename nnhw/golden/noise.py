"""What an integer network answers where its hardware errs.

Analog arithmetic holds weights inexactly and reads sums with noise; memories at a voltage that is
too low lose bits. How far accuracy falls says what precision such hardware must keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..errors import DataError
from ..ir import (
    Batch,
    Graph,
    Node,
    QConv,
    Quantization,
    Requantize,
    Tensor,
    as_batch,
    requantize,
)
from ..ir.execute import execute
from .affine import integer_type
from .conv import sum_of_products
from .executions import execution

_MOST_BITS = 61
"""Of a product with a multiplier that noise has made large."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How much hardware errs.

    Parameters
    ----------
    weights
        Standard deviation of what is added to every weight, once and for all samples, as a share of
        the largest magnitude of a weight in its layer (as Joshi et al., "Accurate deep neural
        network inference using computational phase-change memory", 2020, have it).
    sums
        Standard deviation of what is added to every sum of products, each time, as a share of the
        range of the layer's output: the noise of an analog-digital converter of that range.
    weight_flips
        Probability that a stored bit of a weight is the other one, once and for all samples (bit
        errors of memories at low voltage: Stutz et al., "Bit Error Robustness for Energy-Efficient
        DNN Accelerators", 2021).
    activation_flips
        The same of each bit of each activation, each time that it is written.

    Raises
    ------
    DataError
        If a level is no number from 0 on, or a probability is above one.
    """

    weights: float = 0.0
    sums: float = 0.0
    weight_flips: float = 0.0
    activation_flips: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            level, is_share = getattr(self, field.name), field.name.endswith("_flips")
            if not 0 <= level < float("inf") or (is_share and level > 1):
                wanted = "a probability from 0 to 1" if is_share else "a number from 0 on"
                raise DataError(f"Noise '{field.name}' must be {wanted}, not {level}")


class NoisyModel:
    """An integer graph on a piece of hardware that errs; without noise it gives what `run` gives.

    Only products with weights are analog: biases, requantization constants and all other operators
    are exact. Weights are wrong in the same way for all samples, all else is drawn anew each time.

    Parameters
    ----------
    graph
        Integer graph.
    noise
        How much the hardware errs.
    seed
        Of all that is drawn at random.
    """

    def __init__(self, graph: Graph, noise: Noise, *, seed: int | Sequence[int] = 0):
        seeds = [seed] if isinstance(seed, int) else list(seed)
        self._graph, self._noise = graph, noise
        self._weights = {
            node.output: disturbed_weights(node, noise, np.random.default_rng([*seeds, 0, index]))
            for index, node in enumerate(graph.nodes)
            if isinstance(node, QConv)
        }
        self._rng = np.random.default_rng([*seeds, 1])

    def run(
        self, q: Batch | np.ndarray, keep: Iterable[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Run the graph on a batch; see `nnhw.golden.run`."""
        graph = self._graph
        batch = as_batch(graph, q).map(
            lambda name, array: self._written(array, graph.tensors[name].q)
        )
        return execute(graph, batch, self._operate, keep)

    def _operate(self, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        output = self._graph.tensors[node.output]
        sources = [self._graph.tensors[name].q for name in node.inputs]
        if isinstance(node, QConv):
            y = self._conv(node, inputs[0], sources[0], output)
        else:
            y = execution(node)(node, inputs, sources, output)
        return self._written(y.astype(integer_type(output.q), copy=False), output.q)

    def _conv(self, node: QConv, x: np.ndarray, source: Quantization, output: Tensor) -> np.ndarray:
        total = sum_of_products(node, x, source, self._weights[node.output])
        if self._noise.sums:
            deviation = sum_deviation(node.requantize, output.q, self._noise.sums)
            total = total + self._rng.normal(0, deviation, total.shape)
        most = (1 << _MOST_BITS) // max(1, int(node.requantize.multiplier.max()))
        acc = np.clip(np.rint(total) + node.bias, -most, most).astype(np.int64)
        return requantize(acc * node.requantize.multiplier, node.requantize, output.q.zero_point)

    def _written(self, values: np.ndarray, q: Quantization) -> np.ndarray:
        return flipped(values, q.bits, self._noise.activation_flips, self._rng, signed=q.signed)


def disturbed_weights(node: QConv, noise: Noise, rng: np.random.Generator) -> np.ndarray:
    """Weights as the hardware has them, float64 in steps: bits are flipped, then noise is added."""
    weight = flipped(node.weight, node.weight_bits, noise.weight_flips, rng, signed=True)
    if not noise.weights:
        return weight.astype(np.float64)
    deviation = noise.weights * int(np.abs(node.weight.astype(np.int64)).max())
    return weight + rng.normal(0, deviation, weight.shape)


def flipped(
    values: np.ndarray, bits: int, probability: float, rng: np.random.Generator, *, signed: bool
) -> np.ndarray:
    """Integers of `bits` bits of which each bit is the other one with a probability."""
    if not probability:
        return values
    mask = np.zeros(values.shape, np.int16)
    for bit in range(bits):
        mask |= (rng.random(values.shape, np.float32) < probability).astype(np.int16) << bit
    changed = (values.astype(np.int16) ^ mask) & ((1 << bits) - 1)
    if signed:
        changed -= (changed >> (bits - 1)) << bits
    return changed.astype(values.dtype)


def sum_deviation(constants: Requantize, output: Quantization, sums: float) -> np.ndarray:
    """Standard deviation of the noise of sums by output channel, in units of the accumulator."""
    steps = sums * (1 << output.bits)
    multiplier = np.maximum(constants.multiplier, 1)  # nothing comes of a channel with none
    return np.ldexp(steps / multiplier, constants.shift)

"""Where noise arises: what every layer adds by itself, and what of it reaches the outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..data import SampleSource
from ..golden import dequantize, quantize_input
from ..golden import run as run_integer
from ..ir import Batch, Graph, as_batch
from ..quantize import run_float
from .noise import decibels, deviation, finite, kept_range
from .parts import part_behind, part_between

_SAMPLES = 16
"""Few are enough to tell layers apart, and all tensors of them are kept."""


@dataclass(frozen=True, kw_only=True)
class NoiseSource:
    """What noise of an output comes from.

    Parameters
    ----------
    tensor
        Where it is added: the result of a node, or an input.
    share
        Of the noise power that all sources together cause at the output.
    """

    tensor: str
    share: float


def measure_own_noise(
    float_graph: Graph, integer_graph: Graph, x: SampleSource
) -> dict[str, float]:
    """Ratio of every tensor's deviation to the noise that its own node adds to it, in dB.

    The node gets exact inputs, rounded: what this rounding does counts where they were written.

    Parameters
    ----------
    float_graph
        What was quantized; tensors of the same name are compared.
    integer_graph
        What came of it.
    x
        Samples, of which the first 16 are enough.

    Returns
    -------
    dict
        By tensor, inputs too; without tensors that have no counterpart, no signal or no noise.
    """
    exact = _exact(float_graph, x)
    ratios = {
        tensor: decibels(deviation(exact[tensor]), float(np.mean(np.square(error))))
        for tensor, error in _own_errors(float_graph, integer_graph, exact)
    }
    return {tensor: ratio for tensor, ratio in ratios.items() if ratio is not None}


def find_noise_source(
    float_graph: Graph, integer_graph: Graph, x: SampleSource, output: str
) -> NoiseSource | None:
    """The tensor whose own noise makes up the most of an output's; None if there is no noise.

    It is added to the float network's tensor, the rest of which is then executed.
    """
    exact = _exact(float_graph, x)
    powers: dict[str, float] = {}
    for tensor, error in _own_errors(float_graph, integer_graph, exact):
        disturbed = {**exact, tensor: (exact[tensor] + error).astype(np.float32)}
        found = _evaluate(part_behind(float_graph, tensor, output), output, disturbed)
        powers[tensor] = float(np.mean(np.square(found - exact[output].astype(np.float64))))
    total = sum(powers.values())
    if not total:
        return None
    tensor = max(powers, key=powers.__getitem__)
    return NoiseSource(tensor=tensor, share=powers[tensor] / total)


def _exact(graph: Graph, x: SampleSource) -> dict[str, np.ndarray]:
    """All tensors, finite."""
    found = run_float(graph, as_batch(graph, x[:_SAMPLES]), keep=graph.tensors)
    return {name: finite(array).astype(np.float32) for name, array in found.items()}


def _own_errors(
    float_graph: Graph, integer_graph: Graph, exact: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    """For inputs and nodes in order: the tensor, and what is added to it there."""
    common = set(float_graph.tensors) & set(integer_graph.tensors)

    def rounded(tensor: str) -> np.ndarray:
        q = integer_graph.tensors[tensor].q
        return dequantize(quantize_input(exact[tensor], q), q)

    for port in float_graph.inputs:
        if port.tensor in common:
            yield port.tensor, rounded(port.tensor).astype(np.float64) - exact[port.tensor]
    for node in integer_graph.nodes:
        tensor = node.output
        if tensor not in common:
            continue
        integer = part_between(integer_graph, tensor, common)
        found = run_integer(
            integer,
            Batch(
                {
                    port.tensor: quantize_input(exact[port.tensor], integer.tensors[port.tensor].q)
                    for port in integer.inputs
                }
            ),
        )[tensor]
        real = dequantize(found, integer_graph.tensors[tensor].q).astype(np.float64)
        before = part_between(float_graph, tensor, common)
        values = {port.tensor: rounded(port.tensor) for port in before.inputs}
        kept = kept_range(float_graph, tensor)
        expected = _evaluate(before, tensor, values)
        yield tensor, np.clip(real, kept.lo, kept.hi) - np.clip(expected, kept.lo, kept.hi)


def _evaluate(graph: Graph, tensor: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """A tensor of a part of a float graph."""
    inputs = Batch({port.tensor: values[port.tensor] for port in graph.inputs})
    return finite(run_float(graph, inputs, keep=[tensor])[tensor])

"""Which layer quantization hurts: every tensor of the integer network against the float network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..data import SampleSource
from ..golden import dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Clamp, Graph, MaxPool, Quantization
from ..ir.execute import kept_batch
from ..quantize import run_float

_SAMPLES = 256
_BATCH = 32
"""Samples at a time, as all tensors of both networks are kept."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What quantization has made of a tensor.

    Parameters
    ----------
    sqnr_db
        Mean over the elements of the variance over the samples, over the mean square of the
        difference from the float network, in dB (signal to quantization noise ratio): what stays
        the same for all samples is no signal. None if either is zero.
    cut_off
        Share of the elements that lie beyond what the quantization represents.
    seen
        Least and largest value of the float network; None if that is not known.
    """

    sqnr_db: float | None
    cut_off: float
    seen: tuple[float, float] | None = None


def measure_noise(float_graph: Graph, integer_graph: Graph, x: SampleSource) -> dict[str, Noise]:
    """Compare the result of every node, and the inputs, with the float network.

    Noise is all that has come together from the input on, not what the node alone adds. What none
    but clamping max pools read counts as far as they let it through: quantization does not
    represent the rest.

    Parameters
    ----------
    float_graph
        What was quantized; tensors of the same name are compared.
    integer_graph
        What came of it.
    x
        Samples, of which the first 256 are enough; of an only input the array (N, H, W, C).

    Returns
    -------
    dict
        By tensor; without tensors that have no counterpart.
    """
    names = [name for name in _tensors(integer_graph) if name in float_graph.tensors]
    sums = {
        name: _Sums(integer_graph.tensors[name].q, kept_range(float_graph, name)) for name in names
    }
    size = kept_batch(float_graph, _BATCH)
    for start in range(0, min(len(x), _SAMPLES), size):
        batch = x[start : min(start + size, _SAMPLES)]
        exact = run_float(float_graph, batch, keep=names)
        found = run_integer(integer_graph, quantize_inputs(integer_graph, batch), keep=names)
        for name in names:
            sums[name].add(finite(exact[name]), found[name])
    return {name: sums[name].noise() for name in names}


def _tensors(graph: Graph) -> list[str]:
    return [*(port.tensor for port in graph.inputs), *(node.output for node in graph.nodes)]


class _Sums:
    """Sums over the samples that have been seen of a tensor."""

    def __init__(self, quantization: Quantization, kept: Clamp):
        self._quantization = quantization
        self._kept = kept
        self._origin: np.ndarray | None = None
        self._sum: np.ndarray | float = 0.0  # of the distance from `_origin`, by element
        self._squares: np.ndarray | float = 0.0
        self._noise = 0.0
        self._cut_off = self._samples = 0
        self._lowest, self._highest = math.inf, -math.inf

    def add(self, exact: np.ndarray, found: np.ndarray) -> None:
        q = self._quantization
        wanted = np.clip(exact, self._kept.lo, self._kept.hi)
        real = np.clip(dequantize(found, q), self._kept.lo, self._kept.hi)
        if self._origin is None:
            self._origin = wanted[0]
        distance = wanted - self._origin
        self._sum += distance.sum(axis=0)
        self._squares += np.square(distance).sum(axis=0)
        self._noise += float(np.sum(np.square(wanted - real)))
        lowest, highest = (q.scale * (end - q.zero_point) for end in (q.lo - 1, q.hi + 1))
        self._cut_off += int(np.count_nonzero((wanted < lowest) | (wanted > highest)))
        self._lowest = min(self._lowest, float(wanted.min()))
        self._highest = max(self._highest, float(wanted.max()))
        self._samples += len(wanted)

    def noise(self) -> Noise:
        variance = self._squares / self._samples - np.square(self._sum / self._samples)
        elements = self._samples * np.size(variance)
        return Noise(
            sqnr_db=decibels(float(np.mean(variance)), self._noise / elements),
            cut_off=self._cut_off / elements,
            seen=(self._lowest, self._highest),
        )


def kept_range(graph: Graph, tensor: str) -> Clamp:
    """Bounds of what the readers of a tensor can tell apart."""
    readers = graph.readers(tensor)
    clamps = {reader.clamp for reader in readers if isinstance(reader, MaxPool)}
    leaves = tensor in (port.tensor for port in graph.outputs)
    if leaves or len(clamps) != 1 or not all(isinstance(reader, MaxPool) for reader in readers):
        return Clamp()
    return clamps.pop()


def finite(values: np.ndarray) -> np.ndarray:
    """As float64, with the ends of float32 for infinity and zero for what is undefined."""
    end = float(np.finfo(np.float32).max)
    return np.clip(np.nan_to_num(values.astype(np.float64)), -end, end)


def deviation(values: np.ndarray) -> float:
    """Mean over the elements of their variance over the samples (N, ...)."""
    return float(np.mean(np.var(finite(values), axis=0)))


def decibels(signal: float, noise: float) -> float | None:
    """The ratio of two powers; None if either is zero."""
    return round(10 * math.log10(signal / noise), 2) if signal > 0 and noise > 0 else None

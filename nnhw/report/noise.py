"""Which layer quantization hurts: every tensor of the integer network against the float network."""

from __future__ import annotations

import math

import numpy as np

from ..golden import dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Batch, Clamp, Graph, MaxPool
from ..ir.execute import kept_batch
from ..quantize import run_float

_SAMPLES = 256
_BATCH = 32
"""Samples at a time, as all tensors of both networks are kept."""


def measure_noise(
    float_graph: Graph, integer_graph: Graph, x: Batch | np.ndarray
) -> dict[str, float]:
    """Signal to quantization noise ratio of the result of every node, in dB.

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
        By tensor; without tensors that have no counterpart, no signal or no noise.
    """
    names = [node.output for node in integer_graph.nodes if node.output in float_graph.tensors]
    kept = {name: _kept(float_graph, name) for name in names}
    signal, noise = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    size = kept_batch(float_graph, _BATCH)
    for start in range(0, min(len(x), _SAMPLES), size):
        batch = x[start : min(start + size, _SAMPLES)]
        exact = run_float(float_graph, batch, keep=names)
        found = run_integer(integer_graph, quantize_inputs(integer_graph, batch), keep=names)
        for name in names:
            q = integer_graph.tensors[name].q
            real = np.clip(dequantize(found[name], q), kept[name].lo, kept[name].hi)
            wanted = np.clip(exact[name].astype(np.float64), kept[name].lo, kept[name].hi)
            signal[name] += float(np.sum(np.square(wanted)))
            noise[name] += float(np.sum(np.square(wanted - real)))
    ratios = {name: decibels(signal[name], noise[name]) for name in names}
    return {name: ratio for name, ratio in ratios.items() if ratio is not None}


def _kept(graph: Graph, tensor: str) -> Clamp:
    """Bounds of what the readers of a tensor can tell apart."""
    readers = graph.readers(tensor)
    clamps = {reader.clamp for reader in readers if isinstance(reader, MaxPool)}
    leaves = tensor in (port.tensor for port in graph.outputs)
    if leaves or len(clamps) != 1 or not all(isinstance(reader, MaxPool) for reader in readers):
        return Clamp()
    return clamps.pop()


def decibels(signal: float, noise: float) -> float | None:
    """The ratio of two powers; None if either is zero."""
    return round(10 * math.log10(signal / noise), 2) if signal and noise else None

"""Tries what the host can do to the inputs of a network, and keeps what measures better."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..errors import QuantizationError
from ..golden import dequantize, quantize_inputs, run
from ..ir import Batch, Graph, Port, as_batch
from ..passes import simplify_graph
from ..quantize import QuantizeOptions, common_width, integer_quantization, quantize, run_float
from .attempts import Attempts

_WORTH_A_TRIAL = 1.6
"""Ranges that one scale covers may be so much larger than that of a channel: 4 dB of its noise."""

_WORTH_THE_HOST = 2.0
_WORTH_MORE_NUMBERS = 1.0
"""Decibels that have to be gained against no work for the host, and against simpler work."""

_SAMPLES = 128
"""Enough to compare by."""

_FEWEST_TO_SPLIT = 20
"""Of fewer samples all are used to find ranges and to compare."""


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


def _choose(network: Graph, port: Port, samples: Batch, options: QuantizeOptions) -> Graph:
    x = samples.arrays[port.tensor]
    exact = integer_quantization(x, options.activation_bits)
    if exact is not None:
        tensor = replace(network.tensors[port.tensor], quantization=exact)
        return replace(network, tensors={**network.tensors, port.tensor: tensor})
    simplified = simplify_graph(network)
    attempts = Attempts(network, port, options)
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

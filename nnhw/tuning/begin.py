"""The network that training begins with."""

from __future__ import annotations

import numpy as np

from ..conversion import Samples, quantization_options, quantize_network
from ..data import Dataset
from ..golden import Noise
from ..ir import Batch, Conv, Graph
from ..options import TuneOptions
from ..quantize import run_float, without_roundings
from .network import Network


def begin(graph: Graph, calibration: Dataset, options: TuneOptions) -> Network:
    """A network with the integers of a direct build.

    Parameters
    ----------
    graph
        Simplified float graph, with real weights.
    calibration
        Samples that ranges and means of activations are found with.
    """
    build = options.of_build
    simplified, integer, _ = quantize_network(graph, Samples(calibration=calibration), build)
    bare, _ = without_roundings(simplified)
    return Network(
        bare,
        integer,
        quantization=quantization_options(build),
        means=input_means(bare, calibration.x[:]),
        learn_ranges=options.learn_ranges,
        dropout=options.dropout or 0.0,
        noise=Noise(**options.hardware_noise) if options.hardware_noise else None,
    )


def input_means(graph: Graph, x: Batch | np.ndarray) -> dict[str, np.ndarray]:
    """Means of each channel, float64 (C,), of the tensors that convolutions of a float graph read,
    by tensor, for samples such as `run_float` takes."""
    names = {node.inputs[0] for node in graph.nodes if isinstance(node, Conv)}
    return {
        name: values.mean(axis=(0, 1, 2), dtype=np.float64)
        for name, values in run_float(graph, x, names).items()
    }

"""The network that training begins with."""

from __future__ import annotations

from ..conversion import Samples, quantization_options, quantize_network
from ..golden import Noise
from ..ir import Graph
from ..options import TuneOptions
from ..quantize import without_roundings
from .network import Network


def begin(graph: Graph, samples: Samples, options: TuneOptions) -> Network:
    """A network with the integers of a direct build.

    Parameters
    ----------
    graph
        Simplified float graph, with real weights.
    """
    build = options.of_build
    simplified, integer, _ = quantize_network(graph, samples, build)
    bare, _ = without_roundings(simplified)
    return Network(
        bare,
        integer,
        multiplier_bits=quantization_options(build).multiplier_bits,
        learn_ranges=options.learn_ranges,
        dropout=options.dropout or 0.0,
        noise=Noise(**options.hardware_noise) if options.hardware_noise else None,
    )

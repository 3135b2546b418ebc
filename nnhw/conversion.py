"""From a network and data to integers: calibrated, or by the numbers that the model brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from .data import Dataset, array_names, load_data
from .errors import DataError, QuantizationError
from .golden import quantize_inputs
from .host_preprocess import choose_host_preprocess
from .ir import Batch, Graph
from .options import BuildOptions
from .passes import simplify_graph
from .quantize import (
    QuantizeOptions,
    equalize,
    is_quantized,
    needs_calibration,
    quantize,
    quantize_preset,
)
from .trim import remove_constant_channels

CALIBRATION_SAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Data for a build.

    Parameters
    ----------
    calibration
        What quantization may look at; None if it needs nothing.
    evaluation
        What measures accuracy and feeds the simulation; None without data.
    """

    calibration: Dataset | None = None
    evaluation: Dataset | None = None

    def frames(self, graph: Graph, count: int) -> Batch:
        """The first `count` evaluation samples, quantized for an integer graph."""
        if self.evaluation:
            return quantize_inputs(graph, self.evaluation.x[:count])
        shapes = {port.tensor: graph.tensors[port.tensor].shape for port in graph.inputs}
        none = Batch({name: np.zeros((0, *shape)) for name, shape in shapes.items()})
        return quantize_inputs(graph, none)


def quantization_options(options: BuildOptions) -> QuantizeOptions:
    """What of the options concerns `quantize`."""
    return QuantizeOptions(
        weight_bits=options.weight_bits,
        layer_bits=options.bits,
        activation_bits=options.act_bits,
        calibration_method=options.calibration,
        power_of_two=options.power_of_two,
    )


def check_options(network: Graph, data: str | PathLike[str] | None, options: BuildOptions) -> None:
    """Refuse a build that lacks data, or asks for other numbers than the model brings along.

    Raises
    ------
    DataError
        If there are no data, but quantization has to see some.
    QuantizationError
        If options of quantization are given, but the model is already quantized.
    """
    if data is None and needs_calibration(network):
        raise DataError(_data_advice(network))
    asks = options.equalize or quantization_options(options) != QuantizeOptions()
    if is_quantized(network) and asks:
        raise QuantizationError(
            "The model is already quantized and keeps its own numbers: leave out the options "
            "weight_bits, act_bits, bits, calibration, power_of_two and equalize, or give the "
            "float model"
        )


def read_samples(data: str | PathLike[str] | None, network: Graph, seed: int) -> Samples:
    """Read data and share them out; without a need for calibration all are for evaluation.

    Raises
    ------
    DataError
        If the data do not fit the network.
    """
    if data is None:
        return Samples()
    samples = load_data(Path(data), network)
    if not needs_calibration(network):
        return Samples(evaluation=replace(samples, held_out=True))
    calibration, evaluation = samples.split(seed, CALIBRATION_SAMPLES)
    return Samples(calibration=calibration, evaluation=evaluation)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A network on its way to integers.

    Parameters
    ----------
    simplified
        Float graph that was quantized.
    whole
        Integer graph with all channels.
    graph
        Integer graph that is built.
    """

    simplified: Graph
    whole: Graph
    graph: Graph


def convert(
    network: Graph,
    samples: Samples,
    options: BuildOptions,
    begin: Callable[[str], None] = lambda step: None,
) -> Conversion:
    """Simplify, quantize and trim a network.

    Parameters
    ----------
    begin
        Told the name of each step when it begins.

    Raises
    ------
    NnhwError
        If there is no integer graph of the network.
    """
    begin("Simplify")
    simplified = prepare(network, samples, options)
    begin("Quantize")
    whole = to_integers(simplified, samples, options)
    graph = remove_constant_channels(whole) if options.trim else whole
    return Conversion(simplified=simplified, whole=whole, graph=graph)


def prepare(network: Graph, samples: Samples, options: BuildOptions) -> Graph:
    """The network, simplified, as it is to be quantized.

    What the host does to its inputs is chosen; it is equalized, if that is asked for.
    """
    if samples.calibration is not None and not is_quantized(network):
        network = choose_host_preprocess(
            network, samples.calibration.x, quantization_options(options)
        )
    graph = simplify_graph(network)
    if not options.equalize:
        return graph
    assert samples.calibration is not None, "check_options has made sure of it"
    return equalize(graph, samples.calibration.x)


def to_integers(graph: Graph, samples: Samples, options: BuildOptions) -> Graph:
    """The integer graph of a simplified network.

    Raises
    ------
    NnhwError
        See `quantize` and `quantize_preset`.
    """
    x = samples.calibration.x if samples.calibration else None
    if is_quantized(graph):
        return quantize_preset(graph, x)
    assert x is not None, "check_options has made sure of it"
    return quantize(graph, x, quantization_options(options))


def _data_advice(network: Graph) -> str:
    names = array_names(network)
    arrays = " and ".join(
        f"an array '{name}' of shape ({', '.join(map(str, ('N', *port.onnx_shape)))}), the values "
        f"that the model takes as '{port.onnx_name}'"
        for name, port in zip(names, network.inputs, strict=True)
    )
    return (
        f"Quantization needs samples to calibrate with: give --data FILE.npz (data=) with {arrays}"
        ", and if there are labels an integer array 'y' of shape (N,). A hundred samples or more "
        "are best; numpy.savez('FILE.npz', x=x, y=y) writes such a file"
    )

"""From a network and data to integers: by the numbers that the model brings, or calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .data import Data, Dataset, DataSource, array_names, load_data
from .errors import DataError, QuantizationError
from .golden import dequantize, quantize_inputs
from .golden import run as run_integer
from .host_preprocess import choose_host_preprocess
from .ir import Batch, Graph
from .options import BuildOptions
from .passes import Pass, simplify_graph
from .plugins import PASSES, chosen_plugins, use_plugin
from .quantize import (
    QuantizeOptions,
    equalize,
    find_quantizer,
    is_quantized,
    missing_numbers,
    open_numbers,
    release_weights,
    run_float,
)
from .report import Equalization, decibels, deviation, finite
from .trim import remove_constant_channels

CALIBRATION_SAMPLES = 200

_WORTHWHILE_DB = 1.0
"""Gain on calibration samples from which on channels are equalized; less may be none on others."""


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
        scale_bits=options.scale_bits,
        power_of_two=options.power_of_two,
    )


def needs_calibration(network: Graph, options: BuildOptions) -> bool:
    """Whether quantization has to see typical inputs, as numbers that it needs are missing."""
    return not is_quantized(network) or any(open_numbers(_simplified(network, options)))


def idle_options(network: Graph, options: BuildOptions) -> tuple[str, ...]:
    """Names of the options given that ask for other numbers than the model brings along.

    Widths and calibration concern what the model leaves open, if it does.
    """
    if not is_quantized(network):
        return ()
    tensors, weights = open_numbers(_simplified(network, options))
    default = BuildOptions()
    idle = ["power_of_two", "equalize"]
    if not weights:
        idle += ["weight_bits", "bits"]
    if not tensors:
        idle += ["act_bits", "calibration"]
    given = (name for name in idle if getattr(options, name) != getattr(default, name))
    return tuple(name for name in given if (name, options.equalize) != ("equalize", "off"))


def check_options(network: Graph, data: Data | DataSource | None, options: BuildOptions) -> None:
    """Refuse a build that lacks data, or asks for other numbers than the model brings along.

    Raises
    ------
    DataError
        If there are no data, but quantization has to see some.
    QuantizationError
        If options of quantization are given that concern nothing that has to be quantized.
    """
    if data is None and needs_calibration(network, options):
        raise DataError(_data_advice(network, options))
    idle = idle_options(network, options)
    if idle:
        raise QuantizationError(
            "The model is already quantized and keeps its own numbers: leave out the "
            f"option{'s' if len(idle) > 1 else ''} {', '.join(idle)}, or give the float model"
        )


def read_samples(
    data: Data | DataSource | None,
    network: Graph,
    options: BuildOptions,
    *,
    any_labels: bool = False,
) -> Samples:
    """Read data and share them out; without a need for calibration all are for evaluation.

    Labels may be `any_labels` where metrics know what they mean; see `load_data`.

    Raises
    ------
    DataError
        If the data do not fit the network.
    """
    if data is None:
        return Samples()
    samples = load_data(data, network, any_labels=any_labels)
    if not needs_calibration(network, options):
        return Samples(evaluation=replace(samples, held_out=True))
    calibration, evaluation = samples.split(options.seed, CALIBRATION_SAMPLES)
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
    equalization
        Whether channels were equalized; None where there was no choice, or none to make.
    """

    simplified: Graph
    whole: Graph
    graph: Graph
    equalization: Equalization | None = None


def convert(network: Graph, samples: Samples, options: BuildOptions) -> Conversion:
    """Simplify, quantize and trim a network: three steps of a build in a row.

    Raises
    ------
    NnhwError
        If there is no integer graph of the network.
    """
    simplified = simplify(network, samples, options)
    simplified, whole, equalization = quantize_network(simplified, samples, options)
    graph = leave_out_channels(whole, options)
    return Conversion(simplified=simplified, whole=whole, graph=graph, equalization=equalization)


def simplify(network: Graph, samples: Samples, options: BuildOptions) -> Graph:
    """The network in few operators, with what the host does to its inputs."""
    if samples.calibration is not None and not is_quantized(network):
        network = choose_host_preprocess(
            network, samples.calibration.x[:], quantization_options(options)
        )
    return _simplified(network, options)


def _simplified(network: Graph, options: BuildOptions) -> Graph:
    """The network in few operators, with real weights where other ones are asked for."""
    simple = simplify_graph(network, _added_passes(options))
    return release_weights(simple, quantization_options(options))


def _added_passes(options: BuildOptions) -> list[Pass]:
    """The passes of plug-ins that a build names."""
    added = []
    for plugin, apply in chosen_plugins(options.plugins, PASSES):
        use_plugin(plugin)
        added.append(apply)
    return added


def leave_out_channels(whole: Graph, options: BuildOptions) -> Graph:
    """The integer network without the channels that no input can change, if that is chosen."""
    return remove_constant_channels(whole) if options.trim else whole


def quantize_network(
    graph: Graph, samples: Samples, options: BuildOptions
) -> tuple[Graph, Graph, Equalization | None]:
    """Integers for a simplified network, with its channels equalized or not.

    By the option "auto" both ways are measured on the calibration samples, and channels are
    equalized if that makes less noise, by 1 dB at least. A model that arrived quantized is never
    equalized.

    Returns
    -------
    tuple
        The float graph that was quantized, the integer graph, and whether channels were equalized;
        None where there was no choice, or none to make.

    Raises
    ------
    NnhwError
        If there is no integer graph of the network.
    """
    if is_quantized(graph) or options.equalize == "off":
        return graph, to_integers(graph, samples, options), None
    assert samples.calibration is not None, "check_options has made sure of it"
    x = samples.calibration.x[:]
    even = equalize(graph, x, quantization_options(options))
    if even is graph:
        return graph, to_integers(graph, samples, options), None
    integer = to_integers(even, samples, options)
    if options.equalize == "on":
        return even, integer, Equalization(applied=True)
    plain = to_integers(graph, samples, options)
    exact = run_float(graph, x)
    before, after = (relative_noise(exact, candidate, x) for candidate in (plain, integer))
    worthwhile = before > after * 10 ** (_WORTHWHILE_DB / 10)
    measured = Equalization(applied=worthwhile, gain_db=decibels(before, after))
    return (even, integer, measured) if worthwhile else (graph, plain, measured)


def relative_noise(exact: Mapping[str, np.ndarray], graph: Graph, x: Batch | np.ndarray) -> float:
    """Noise of an integer graph's outputs over their deviations from their means; all summed up."""
    found = run_integer(graph, quantize_inputs(graph, x))
    total = 0.0
    for name, wanted in exact.items():
        error = dequantize(found[name], graph.tensors[name].q) - finite(wanted)
        spread = deviation(wanted)
        total += float(np.mean(np.square(error))) / spread if spread else 0.0
    return total


def to_integers(graph: Graph, samples: Samples, options: BuildOptions) -> Graph:
    """The integer graph of a simplified network.

    Raises
    ------
    NnhwError
        See `quantize`.
    """
    x = samples.calibration.x[:] if samples.calibration else None
    return find_quantizer(options.quantizer)(graph, x, quantization_options(options))


def exact_integers(graph: Graph, samples: Samples, options: BuildOptions) -> Graph | None:
    """The integer graph of a network that arrived quantized, with multipliers as wide as its scales
    ask for; None if the options do not limit them."""
    if options.scale_bits is None or not is_quantized(graph):
        return None
    return to_integers(graph, samples, options.replace(scale_bits=None))


def _data_advice(network: Graph, options: BuildOptions) -> str:
    names = array_names(network)
    arrays = " and ".join(
        f"an array '{name}' of shape ({', '.join(map(str, ('N', *port.onnx_shape)))}), the values "
        f"that the model takes as '{port.onnx_name}'"
        for name, port in zip(names, network.inputs, strict=True)
    )
    advice = (
        f"Quantization needs samples to calibrate with: give --data FILE.npz (data=) with {arrays}"
        ", and if there are labels an integer array 'y' of shape (N,). A hundred samples or more "
        "are best; numpy.savez('FILE.npz', x=x, y=y) writes such a file"
    )
    if not is_quantized(network):
        return advice
    simplified = simplify_graph(network)
    released = set(open_numbers(_simplified(network, options))[1]) - set(
        open_numbers(simplified)[1]
    )
    missing = missing_numbers(simplified) + [
        f"Node '{name}': fewer bits are asked for than its weights have; give data (--data) to "
        "choose narrower ones by, or leave that option out"
        for name in sorted(released)
    ]
    lines = "\n".join(f"  - {line}" for line in missing)
    return f"{advice}. The model is quantized but for this:\n{lines}"

"""What the choices of nnhw.quantize are based on: how much accuracy each of them gains or costs.

    python benchmarks/quantization.py

Needs the extra `dev`, as the reference is onnxruntime, without its optimizations.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
from tables import EXAMPLES, MODELS, ROOT, Table, output_file, write_tables

from nnhw.conversion import convert, read_samples
from nnhw.data import Dataset
from nnhw.frontend import load_model
from nnhw.ir import Graph, as_batch
from nnhw.options import BuildOptions
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, constants, quantize, weights
from nnhw.reference import ask_reading
from nnhw.report import measure_accuracy

sys.path.append(str(ROOT / "tests" / "frontend"))  # where golden model and onnxruntime meet
from qdq_reference import chained, isolated
from quantized_reference import compare, integer_graph

DIGITS = ("digits_mlp", "digits_cnn", "digits_resnet")
MNIST = "mnist_cnn_zoo"
TINY = ("resnet8", "dscnn", "mobilenet_vww", "autoencoder") if MODELS.is_dir() else ()
ALL = (*DIGITS, MNIST, *TINY) if MODELS.is_dir() else DIGITS

SAMPLES = 50
"""That are compared with onnxruntime, where there are as many."""
IMAGES = 200
"""That noise is measured on, where there are as many."""


@dataclass(frozen=True)
class Network:
    """A float network, and its data as a build would use them."""

    graph: Graph
    data: Path

    def quantized(self, **options: object) -> Graph:
        """The integer graph by some options of a build."""
        chosen = BuildOptions().replace(**options)
        samples = read_samples(self.data, self.graph, chosen)
        return convert(self.graph, samples, chosen).whole

    def evaluation(self, count: int) -> Dataset:
        """Samples that were not calibrated on, if there are enough to choose."""
        samples = read_samples(self.data, self.graph, BuildOptions()).evaluation
        assert samples is not None, "there are data"
        return Dataset(x=samples.x[:count])

    def images(self, count: int) -> np.ndarray:
        """The same as an array (N, H, W, C)."""
        (port,) = self.graph.inputs
        return as_batch(self.graph, self.evaluation(count).x).arrays[port.tensor]

    def decibels(self, **options: object) -> float:
        """Signal to quantization noise at the outputs."""
        integer = self.quantized(**options)
        images = self.evaluation(IMAGES)
        accuracy = measure_accuracy(ask_reading(self.graph, images.x).outputs, integer, images)
        assert accuracy.sqnr_db is not None, "8 bits are not exact"
        return accuracy.sqnr_db


@cache
def network(name: str) -> Network:
    """One of the float networks."""
    if name in DIGITS:
        return Network(load_model(EXAMPLES / f"{name}.onnx"), EXAMPLES / "digits.npz")
    if name == MNIST:
        return Network(load_model(MODELS / f"{name}.onnx"), MODELS / "mnist_data.npz")
    return Network(load_model(MODELS / f"{name}_f32.onnx"), MODELS / f"{name}_data.npz")


def with_multipliers(name: str, bits: int) -> Graph:
    """A network that nnhw quantizes, with multipliers of some width."""
    made = network(name)
    samples = read_samples(made.data, made.graph, BuildOptions())
    assert samples.calibration is not None, "a float network has to be calibrated"
    options = QuantizeOptions(multiplier_bits=bits)
    return quantize(simplify_graph(made.graph), samples.calibration.x, options)


def share(differences: Mapping[str, np.ndarray]) -> float:
    """Share of all elements that differ."""
    unequal = sum(np.count_nonzero(steps) for steps in differences.values())
    return unequal / sum(steps.size for steps in differences.values())


def multiplier_rows(
    widths: Sequence[int], compared: Callable[[Graph, np.ndarray, Path], dict[str, np.ndarray]]
) -> Iterator[list[str]]:
    """Networks that nnhw quantizes, by the width of multipliers."""
    for name in ALL:
        x = network(name).images(SAMPLES)
        with tempfile.TemporaryDirectory() as folder:
            found = [
                share(compared(with_multipliers(name, bits), x, Path(folder))) for bits in widths
            ]
        yield [name, *map(percent, found)]


def preset_rows(widths: Sequence[int]) -> Iterator[list[str]]:
    """Networks that arrive quantized, every operator fed the same integers."""
    for name in TINY:
        path = MODELS / f"{name}_int8.onnx"
        x = np.load(MODELS / f"{name}_data.npz")["x"][:SAMPLES].astype(np.float32)
        found = []
        for bits in widths:
            spare = constants.MULTIPLIER_BITS - constants.SIGNIFICANT_BITS
            with patch.multiple(constants, MULTIPLIER_BITS=bits, SIGNIFICANT_BITS=bits - spare):
                found.append(compare(path, integer_graph(path), x).shares()[0])
        yield [name, *map(percent, found)]


def noise_rows(
    names: Sequence[str], choices: Sequence[Mapping[str, object]]
) -> Iterator[list[str]]:
    """Signal to noise of each network by each choice of options."""
    for name in names:
        yield [name, *(f"{network(name).decibels(**options):.1f}" for options in choices)]


def weight_rows(widths: Sequence[int]) -> Iterator[list[str]]:
    """Signal to noise by the power of the error that weights' scales are chosen to minimize."""
    for name in ALL:
        cells = []
        for bits in widths:
            for power in (2, 3):
                with patch.object(weights, "ERROR_POWER", power):
                    cells.append(f"{network(name).decibels(weight_bits=bits):.1f}")
        yield [name, *cells]


def percent(value: float) -> str:
    return f"{100 * value:.4f}%"


def tables() -> Iterator[Table]:
    """All tables; every one is measured while it is written."""
    widths = (10, 12, QuantizeOptions().multiplier_bits, 24)
    titles = [f">{bits} bits" for bits in widths]
    yield Table(
        "Width of multipliers: operators on their own",
        ["network", *titles],
        multiplier_rows(widths, isolated),
        "Share of results that differ from onnxruntime's (by one step), with every operator fed "
        "the same integers.",
    )
    yield Table(
        "Width of multipliers: whole networks",
        ["network", *titles],
        multiplier_rows(widths, chained),
        "The same from the same real input: what differs in one layer may differ in those after "
        "it.",
    )
    widths = (17, 20, constants.MULTIPLIER_BITS, 31)
    yield Table(
        "Width of multipliers: networks that arrive quantized",
        ["network", *(f">{bits} bits" for bits in widths)],
        preset_rows(widths),
        "Operators on their own. All but four bits of a multiplier are significant.",
    )
    methods = ("mse", "minmax", "percentile", "entropy")
    for bits in (8, 4):
        yield Table(
            f"Calibration, activations of {bits} bits",
            ["network", *(f">{method}" for method in methods)],
            noise_rows(ALL, [{"calibration": m, "act_bits": bits} for m in methods]),
            "Signal to noise ratio of the outputs against the float network, in dB.",
        )
    yield Table(
        "Scales that are powers of two",
        ["network", ">free", ">powers of two"],
        noise_rows(ALL, [{"power_of_two": False}, {"power_of_two": True}]),
        "Signal to noise ratio in dB, with 8 bits.",
    )
    widths_of = [(8, 8), (8, 6), (6, 6), (4, 8), (4, 4)]
    yield Table(
        "Equalization",
        ["network", *(f">{w}, {a} {how}" for w, a in widths_of for how in ("without", "with"))],
        noise_rows(
            ALL,
            [
                {"weight_bits": w, "act_bits": a, "equalize": equalize}
                for w, a in widths_of
                for equalize in ("off", "on")
            ],
        ),
        "Signal to noise ratio in dB, by bits of weights and of activations. A build keeps what is "
        "better on its calibration samples.",
    )
    yield Table(
        "Error that the scales of weights minimize",
        ["network", *(f">{bits} bits, {how}" for bits in (3, 4) for how in ("squares", "cubes"))],
        weight_rows((3, 4)),
        "Signal to noise ratio in dB, by bits of weights, with activations of 8 bits.",
    )


if __name__ == "__main__":
    write_tables(
        output_file(__doc__.splitlines()[0], "quantization.md"),
        "What the choices in quantization are based on",
        tables(),
        notes=f"On {SAMPLES} samples against onnxruntime without optimizations, and {IMAGES} for "
        "noise, or as many as there are (10 of resnet8, 12 of dscnn, 4 of mobilenet_vww).",
    )

"""How designs and their builds grow with the array, and with the network.

    python benchmarks/growth.py [--quick]

The networks are made on the spot, with random weights. Each row is a design that is synthesized by
Yosys for an ECP5 and simulated with Verilator against the golden model; one that differs in a byte
or a clock cycle ends the measurement. The larger arrays take minutes each; --quick leaves them out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from synthetic import mnist_like, pyramid, resnet8_like
from tables import Table, argument_parser, processor_seconds, write_tables

from nnhw.design import write_checksums
from nnhw.errors import VerificationError
from nnhw.export import export_design
from nnhw.frontend import load_model
from nnhw.ir import Graph
from nnhw.mapping import choose_engine, map_graph, predict_cycles
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.simulate import install_testbench, run_regression
from nnhw.synth import SynthesisOptions, run_synthesis
from nnhw.vectors import make_vectors

TARGET = "ecp5-85k"
SAMPLES = 8
"""Random images that calibrate the quantization."""


@dataclass(frozen=True)
class Extent:
    """How far a measurement goes.

    Parameters
    ----------
    multipliers
        Sizes of the array.
    largest_synthesis
        Most multipliers that are synthesized.
    pyramids
        Height and channels of networks that grow, on an array of `fixed` multipliers.
    """

    multipliers: tuple[int, ...]
    largest_synthesis: int
    pyramids: tuple[tuple[int, int], ...]
    fixed: int


FULL = Extent((16, 32, 64, 128, 256, 512), 512, ((8, 3), (16, 5), (32, 9), (64, 15), (128, 24)), 64)
QUICK = Extent((16, 64, 256), 64, ((8, 3), (16, 5), (32, 9)), 16)

FIGURES = (
    *("array", ">cycles a frame", ">utilisation", ">LUTs", ">flip-flops", ">DSPs"),
    *(">block RAMs", ">Verilog, s", ">synthesis, s", ">compilation, s", ">cycles/s"),
)


def array_rows(make: Callable[[Path], Path], extent: Extent) -> Iterator[tuple[object, ...]]:
    """A fixed network on arrays of growing size."""
    with tempfile.TemporaryDirectory() as folder:
        graph = quantized(make(Path(folder)))
        for macs in extent.multipliers:
            design = Path(folder) / str(macs)
            yield macs, *_figures(graph, macs, design, synthesis=macs <= extent.largest_synthesis)


def network_rows(extent: Extent) -> Iterator[tuple[object, ...]]:
    """Growing networks on an array of fixed size."""
    with tempfile.TemporaryDirectory() as folder:
        for height, channels in extent.pyramids:
            graph = quantized(pyramid(Path(folder), height, channels))
            plan = map_graph(graph, choose_engine(graph, macs=extent.fixed))
            design = Path(folder) / f"{height}_{channels}"
            yield (
                f"{height} x {height}, {channels} channels",
                f"{plan.macs:,}",
                f"{plan.machine.memory_bits()['weights'] / 8 / 1024:,.1f}",
                *_figures(graph, extent.fixed, design, synthesis=True),
            )


def quantized(model: Path) -> Graph:
    """The integer network of a model, calibrated with random images."""
    network = simplify_graph(load_model(model))
    (port,) = network.inputs
    shape = network.tensors[port.tensor].shape
    images = np.random.default_rng(0).normal(size=(SAMPLES, *shape)).astype(np.float32)
    return quantize(network, images, QuantizeOptions())


def _figures(graph: Graph, macs: int, folder: Path, *, synthesis: bool) -> tuple[object, ...]:
    """Generate, synthesize and simulate a design; the cells of `FIGURES`."""
    config = choose_engine(graph, macs=macs)
    program = map_graph(graph, config)
    cycles = predict_cycles(program)
    folder.mkdir()
    start = processor_seconds()
    export_design(graph, program, cycles, folder, model_sha256="")
    verilog_seconds = processor_seconds() - start
    shape = graph.tensors[graph.inputs[0].tensor].shape
    vectors = make_vectors(
        graph,
        np.zeros((0, *shape), np.int8),
        [layer.tensor for layer in program.layers],
        input_bytes=config.input_bytes,
        output_bytes=config.output_bytes,
    )
    install_testbench(folder)
    vectors.save(folder / "sim" / "vectors.npz")
    write_checksums(folder)
    used, synthesis_seconds = _synthesize(folder) if synthesis else ({}, None)
    compiling_and_running, _ = _simulate(folder)
    running, clock_cycles = _simulate(folder)
    return (
        f"{config.rows} x {config.cols}",
        f"{cycles.interval_cycles:,}",
        f"{100 * cycles.utilisation:.1f}%",
        *(f"{used.get(name, 0):,}" if used else "-" for name in RESOURCES),
        f"{verilog_seconds:.1f}",
        "-" if synthesis_seconds is None else f"{synthesis_seconds:.0f}",
        f"{compiling_and_running - running:.1f}",
        f"{clock_cycles / running:,.0f}",
    )


RESOURCES = ("LUTs", "flip-flops", "DSPs", "block RAMs")


def _synthesize(folder: Path) -> tuple[dict[str, int], float]:
    """Resources of the netlist by name, and the seconds that synthesis took."""
    start = processor_seconds()
    result = run_synthesis(folder, SynthesisOptions(target=TARGET))
    seconds = processor_seconds() - start
    return {usage.resource: usage.used for usage in result.usage}, seconds


def _simulate(folder: Path) -> tuple[float, int]:
    """Seconds and clock cycles of the regression; only the first one compiles.

    In one process, so that speeds can be compared.
    """
    start = processor_seconds()
    result = run_regression(folder, jobs=1)
    if not result.passed:
        raise VerificationError(f"{folder.name} differs: {'; '.join(result.failures)}")
    return processor_seconds() - start, result.cycles


def main() -> None:
    """Command line."""
    parser = argument_parser(__doc__.splitlines()[0], "growth.md")
    parser.add_argument("--quick", action="store_true", help="small arrays and networks only")
    options = parser.parse_args()
    extent = QUICK if options.quick else FULL
    array_columns = (">multipliers", *FIGURES)
    network_columns = ("network", ">MACs a frame", ">weights, KiB", *FIGURES)
    write_tables(
        options.out,
        "Growth",
        (
            Table(
                "The array, for a small convolutional network",
                array_columns,
                array_rows(mnist_like, extent),
                "28 x 28 pixels, two 5 x 5 convolutions, one matrix product.",
            ),
            Table(
                "The array, for a residual network",
                array_columns,
                array_rows(resnet8_like, extent),
                "The shape of MLPerf Tiny's ResNet-8.",
            ),
            Table(
                f"The network, on an array of {extent.fixed} multipliers",
                network_columns,
                network_rows(extent),
                "Three 3 x 3 convolutions, an average and a matrix product.",
            ),
        ),
        notes="`python benchmarks/growth.py"
        + (" --quick" if options.quick else "")
        + "`. Cells of the netlist that Yosys makes for an ECP5, before place and route. Seconds "
        "are processor seconds, of all processes together, which other programs on the machine "
        "change less than wall time. Clock cycles a second are those of the regression in one "
        "process; in short ones, the second that Python takes to start counts most.",
    )


if __name__ == "__main__":
    main()

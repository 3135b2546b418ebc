"""Synthesizes optional hardware of engines, piece by piece.

    python benchmarks/costs.py

Counts of cells come from an empty cache first, then from a full one: both times are in the tables.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tables import EXAMPLES, MODELS, Table, output_file, write_tables

from nnhw.conversion import convert, read_samples
from nnhw.frontend import load_model
from nnhw.mapping import Program, choose_engine, map_graph
from nnhw.options import BuildOptions
from nnhw.report import COLUMNS, cost_rows
from nnhw.synth import measure_costs

NETWORKS = (
    (EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"),
    (MODELS / "resnet8_int8.onnx", None),
    (MODELS / "mobilenet_vww_int8.onnx", None),
)
"""Models and their data; those that arrive quantized need none."""


def map_model(model: Path, data: Path | None) -> Program:
    """The program that a build with default options makes."""
    options = BuildOptions()
    network = load_model(model)
    samples = read_samples(data, network, options)
    graph = convert(network, samples, options).graph
    return map_graph(graph, choose_engine(graph))


def measure(model: Path, data: Path | None) -> Table:
    """What the optional hardware of one network costs."""
    program = map_model(model, data)
    seconds = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        for _ in range(2):
            begin = time.perf_counter()
            costs = measure_costs(program)
            seconds.append(time.perf_counter() - begin)
    config = program.config
    return Table(
        model.stem,
        ("hardware", *(f">{name}" for name in COLUMNS)),
        [
            (f"**{name}**" if is_sum else name, *figures)
            for name, is_sum, figures in cost_rows(costs)
        ],
        notes=f"Array of {config.rows} x {config.cols}, {config.fetch_width} lanes, "
        f"{config.lanes} requantizers. Measured with Yosys {costs.yosys} in {seconds[0]:.0f} s, "
        f"with a full cache in {seconds[1]:.0f} s.",
    )


def tables() -> Iterator[Table]:
    """A table for each network that is there."""
    for model, data in NETWORKS:
        if model.exists():
            yield measure(model, data)


if __name__ == "__main__":
    write_tables(
        output_file(__doc__.splitlines()[0], "costs.md"),
        "What optional hardware costs",
        tables(),
        notes="Cells of 4-input LUTs with carry chains, flip-flops, memory bits and multipliers, "
        "for no particular device. What was kept is taken away one piece after the other, from "
        "top to bottom; what was left out is added likewise. See docs/optional_hardware.md.",
    )

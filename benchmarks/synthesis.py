"""Builds networks for FPGAs, synthesizes, places and routes them.

    python benchmarks/synthesis.py [--measure] [--quick | --only NAME ...] [--full] [--seeds N]

Without --measure, the tables of what is there: benchmarks/synthesis.jsonl has a line for each case
that was measured; of several, the last one counts. With --measure, cases are measured anew (minutes
each): all, or with --quick and --only some, and with --full those with as many multipliers as fit.
Networks of MLPerf Tiny and MNIST are left out where their folder is absent. Designs and logs stay
in rtl_out/synthesis. Needs the extra `synth`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tables import EXAMPLES, MODELS, ROOT, Table, argument_parser, commit, write_tables

from nnhw.families import Resource
from nnhw.pipeline import build
from nnhw.synth import SynthesisOptions, SynthesisResult, run_synthesis

DATA = Path(__file__).parent / "synthesis.jsonl"
COLUMNS = (
    *("network", "target", "array", ">MACs a frame", ">LUTs", ">flip-flops", ">DSPs"),
    *(">block RAMs", ">fmax MHz", ">latency us", ">inferences/s", ">seeds", "commit"),
)


@dataclass(frozen=True)
class Case:
    """A network on a device, with the options of its build."""

    model: Path
    data: Path | None
    target: str
    options: dict[str, Any] = field(default_factory=dict)
    is_quick: bool = False

    @property
    def is_full(self) -> bool:
        """Whether it has as many multipliers as fit."""
        return "macs" not in self.options

    @property
    def name(self) -> str:
        """Of its folder, and of its line in `DATA`."""
        bits = self.options.get("weight_bits")
        parts = (self.model.stem, bits and f"{bits}_bits", self.target, self.is_full and "full")
        return "_".join(filter(None, parts))

    @property
    def title(self) -> str:
        """Of its network, in tables."""
        bits = self.options.get("weight_bits")
        return f"{self.model.stem}, {bits}-bit weights" if bits else self.model.stem


def _digits(name: str, target: str, **options: Any) -> Case:
    model, data = EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz"
    return Case(model, data, target, options, is_quick=True)


def _full(name: str, data: str | None = None, **options: Any) -> Case:
    samples = MODELS / f"{data}_data.npz" if data else None
    return Case(MODELS / f"{name}.onnx", samples, "ecp5-85k", options)


CASES = (
    _digits("digits_mlp", "ice40up5k", macs=4),
    _digits("digits_cnn", "ice40up5k", macs=4),
    _digits("digits_mlp", "gowin-gw1nr9", macs=8),
    _digits("digits_cnn", "gowin-gw1nr9", macs=8),
    _digits("digits_cnn", "ecp5-25k", macs=16),
    Case(MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz", "ecp5-25k", {"macs": 16}),
    *(
        Case(MODELS / f"{name}_int8.onnx", None, "ecp5-85k", {"macs": 128})
        for name in ("resnet8", "dscnn", "mobilenet_vww", "autoencoder")
    ),
    *(
        _full(f"{name}_int8")
        for name in ("resnet8", "dscnn", "mobilenet_vww", "autoencoder", "sww")
    ),
    _full("resnet8_f32", "resnet8", weight_bits=4),
    _full("ic02_int8", "resnet8", weight_bits=4),
)


def measure(case: Case, seeds: int) -> dict[str, Any]:
    """Take a network to its device; its cells in tables, by column."""
    options = {**case.options, "target": case.target, "sim": False}
    folder = ROOT / "rtl_out" / "synthesis" / case.name
    result = build(case.model, data=case.data, out=folder, force=True, **options)
    report = result.report
    placed = run_synthesis(folder, SynthesisOptions(target=case.target, place=True, seeds=seeds))
    cells = (
        case.title,
        case.target,
        f"{report.rows} x {report.cols}",
        f"{report.macs:,}",
        *(_usage(placed, resource) for resource in Resource if resource in _SHOWN),
        *_speed(placed),
        seeds,
        commit(),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def stored() -> dict[str, Mapping[str, Any]]:
    """What was measured, by the names of cases."""
    lines = DATA.read_text(encoding="utf-8").splitlines() if DATA.exists() else []
    return {row["case"]: row["cells"] for row in map(json.loads, lines)}


def store(case: Case, cells: Mapping[str, Any]) -> None:
    """Add what was measured."""
    with DATA.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"case": case.name, "cells": cells}) + "\n")


def rows(cases: Iterable[Case]) -> Iterator[tuple[object, ...]]:
    """Those of cases that were measured."""
    found = stored()
    for case in cases:
        if case.name in found:
            yield tuple(found[case.name][column] for column in COLUMNS)


_SHOWN = (Resource.LUTS, Resource.FLIP_FLOPS, Resource.DSPS, Resource.BLOCK_RAMS)


def _usage(result: SynthesisResult, resource: Resource) -> str:
    usage = next(figures for figures in result.usage if figures.resource == resource)
    return f"{usage.used:,} ({usage.percent:.0f}%)"


def _speed(result: SynthesisResult) -> tuple[str, str, str]:
    if result.speed is None:
        return ("does not fit", "", "")
    speed = result.speed
    return (
        f"{speed.fmax_mhz:.1f}",
        f"{speed.latency_us:,.1f}",
        f"{speed.frames_per_second:,.0f}",
    )


if __name__ == "__main__":
    parser = argument_parser(__doc__.splitlines()[0], "synthesis.md")
    parser.add_argument("--measure", action="store_true", help="measure what is chosen")
    parser.add_argument("--quick", action="store_true", help="digits networks only")
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="models that begin so"
    )
    parser.add_argument("--full", action="store_true", help="as many multipliers as fit")
    parser.add_argument(
        "--seeds", type=int, default=1, help="placements, of which the median counts; default 1"
    )
    arguments = parser.parse_args()
    for case in CASES:
        if (
            arguments.measure
            and case.model.exists()
            and case.is_full == arguments.full
            and (case.is_quick or not arguments.quick)
            and (not arguments.only or case.model.stem.startswith(tuple(arguments.only)))
        ):
            store(case, measure(case, arguments.seeds))
    write_tables(
        arguments.out,
        "Networks on FPGAs",
        [
            Table(
                "With a number of multipliers",
                COLUMNS,
                rows(case for case in CASES if not case.is_full),
            ),
            Table(
                "With as many as fit",
                COLUMNS,
                rows(case for case in CASES if case.is_full),
                notes="The size is what `nnhw build --target` chose at the row's commit: the most "
                "frames a second that fit by its estimates, or as good as the most.",
            ),
        ],
        notes="Built for the device (`nnhw build --target`), activations of 8 bits, weights of 8 "
        "unless said otherwise, slowest speed grade of each device, placed and routed alone by the "
        "defaults (`nnhw synth --pnr`), with as many seeds as said, of which the median counts. "
        "Latency and inferences a second are those of the cycle model at fmax. LUTs are places of "
        "look-up tables, with those of ALUs and distributed RAMs. MACs are those that are "
        "built: mobilenet_vww_int8 has 7,489,664 with the channels that no input can change.",
        at="the commit of each row",
    )

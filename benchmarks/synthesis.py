"""Builds networks for FPGAs, synthesizes, places and routes them.

    python benchmarks/synthesis.py [--quick | --only NAME ...] [--seeds N]

Needs the extra `synth`. The networks of MLPerf Tiny and MNIST are left out where their folder is
absent; with --quick they are left out anyway. Designs and logs stay in rtl_out/synthesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tables import EXAMPLES, MODELS, ROOT, argument_parser, write_table

from nnhw.families import Resource
from nnhw.pipeline import build
from nnhw.synth import SynthesisOptions, SynthesisResult, run_synthesis

COLUMNS = (
    *("network", "target", "array", ">MACs a frame", ">LUTs", ">flip-flops", ">DSPs"),
    *(">block RAMs", ">fmax MHz", ">latency us", ">inferences/s"),
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
    def folder(self) -> Path:
        """Where its design goes."""
        return ROOT / "rtl_out" / "synthesis" / f"{self.model.stem}_{self.target}"


def _digits(name: str, target: str, **options: Any) -> Case:
    model, data = EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz"
    return Case(model, data, target, options, is_quick=True)


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
)


def rows(cases: list[Case], seeds: int) -> Iterator[tuple[object, ...]]:
    """Take every network to its device."""
    for case in cases:
        options = {**case.options, "target": case.target, "sim": False}
        result = build(case.model, data=case.data, out=case.folder, force=True, **options)
        report = result.report
        placed = run_synthesis(
            case.folder, SynthesisOptions(target=case.target, place=True, seeds=seeds)
        )
        yield (
            case.model.stem,
            case.target,
            f"{report.rows} x {report.cols}",
            f"{report.macs:,}",
            *(_usage(placed, resource) for resource in Resource if resource in _SHOWN),
            *_speed(placed),
        )


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
    parser.add_argument("--quick", action="store_true", help="digits networks only")
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="models that begin so"
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="placements, of which the median counts; default 1"
    )
    arguments = parser.parse_args()
    chosen = [
        case
        for case in CASES
        if case.model.exists()
        and (case.is_quick or not arguments.quick)
        and (not arguments.only or case.model.stem.startswith(tuple(arguments.only)))
    ]
    write_table(
        arguments.out,
        "Networks on FPGAs",
        COLUMNS,
        rows(chosen, arguments.seeds),
        notes="Built for the device (`nnhw build --target`), 8-bit weights and activations, "
        "slowest speed grade of each device, placed and routed alone by the defaults, with "
        f"{arguments.seeds} seeds of which the median counts (`nnhw synth --pnr`). Latency "
        "and inferences a second are those of the cycle model at fmax.",
    )

"""Builds networks, and synthesizes them for an open 180 nm library.

    python benchmarks/asic.py

Needs the extra `synth`, and Debian's packages opensta and qflow-tech-osu018; without these the
table is empty. Designs and logs stay in rtl_out/asic.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from tables import EXAMPLES, ROOT, argument_parser, write_table

from nnhw.pipeline import build
from nnhw.synth import PROCESSES, AsicResult, SynthesisOptions, run_synthesis

TARGET = "asic-osu018"
CASES = (("digits_mlp", 4), ("digits_cnn", 4), ("digits_cnn", 16))
"""Networks, and how many multipliers they get at most."""
COLUMNS = (
    *("network", "array", ">MACs a frame", ">mm2", ">gate equivalents", ">flip-flops"),
    *(">macro bits", ">fmax MHz", ">latency us", ">inferences/s", ">nJ an inference"),
    ">mW at 100 MHz",
)


def rows() -> Iterator[tuple[object, ...]]:
    """Take every network to silicon."""
    if shutil.which("sta") is None or not PROCESSES[TARGET].liberty.is_file():
        return
    for network, macs in CASES:
        folder = ROOT / "rtl_out" / "asic" / f"{network}_{macs}"
        report = build(
            EXAMPLES / f"{network}.onnx",
            data=EXAMPLES / "digits.npz",
            out=folder,
            macs=macs,
            force=True,
            sim=False,
        ).report
        result = run_synthesis(folder, SynthesisOptions(target=TARGET))
        assert isinstance(result, AsicResult)
        assert result.succeeded
        assert result.power is not None
        area, speed, power = result.area, result.speed, result.power
        yield (
            network,
            f"{report.rows} x {report.cols}",
            f"{report.macs:,}",
            f"{area.square_mm:.3f}",
            f"{area.gate_equivalents:,}",
            f"{area.flip_flops:,}",
            f"{sum(use.count * use.bits for use in result.memories):,}",
            f"{speed.fmax_mhz:.1f}",
            f"{speed.latency_us:,.1f}",
            f"{speed.frames_per_second:,.0f}",
            f"{power.inference_nj:,.0f}",
            f"{power.dynamic_mw_at_goal:.1f}",
        )


if __name__ == "__main__":
    arguments = argument_parser(__doc__.splitlines()[0], "asic.md").parse_args()
    write_table(
        arguments.out,
        "Networks in silicon, before layout",
        COLUMNS,
        rows(),
        notes=f"`nnhw synth --target {TARGET}`: cells only, without memory macros, wires and clock "
        "tree; 8-bit weights and activations. Every netlist equals the golden model, bit for bit. "
        "Energy is that of the transitions in a simulation of real frames, without glitches; of "
        "intervals of over 20,000 cycles the first 20,000 count, scaled up.",
    )

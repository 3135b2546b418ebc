"""Compares clock cycles with those of Arm's Ethos-U NPUs, of which Arm's compiler Vela tells them.

    python benchmarks/vela.py

Needs the extra `vela`. Vela takes the TFLite files that the QDQ files were made of: networks whose
TFLite file is not in ../shared/models/tflite are left out, and named.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tables import MODELS, output_file, write_table

from nnhw.conversion import convert, read_samples
from nnhw.frontend import load_model
from nnhw.mapping import choose_engine, map_graph, predict_cycles
from nnhw.options import BuildOptions
from nnhw.trim import remove_constant_channels

NETWORKS = {
    "resnet8": "pretrainedResnet_quant",
    "dscnn": "kws_ref_model",
    "mobilenet_vww": "vww_96_int8",
    "autoencoder": "ad01_int8",
    "sww": "strm_ww_int8",
    "ic02": "ic02_int8",
}
"""Of MLPerf Tiny, with the names of their TFLite files."""

MACS = (128, 256)
"""Multiply-accumulates a cycle that there are NPUs with."""

COLUMNS = (
    *("network", ">MACs a cycle", ">Ethos-U55", ">Ethos-U85", ">nnhw, a frame"),
    *(">nnhw, from frame to frame", ">U85 / nnhw, a frame"),
)


def vela_cycles(model: Path, npu: str) -> int:
    """Clock cycles of one inference with all data on the chip, by Vela's model of an NPU."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ethosu.vela", str(model), "--accelerator-config", npu]
        subprocess.run(
            [*command, "--memory-mode", "Sram_Only", "--output-dir", folder],
            check=True,
            capture_output=True,
        )
        (summary,) = Path(folder).glob("*_summary_*.csv")
        with summary.open() as file:
            (figures,) = csv.DictReader(file)
    return round(float(figures["cycles_total"]))


def nnhw_cycles(name: str, macs: int) -> tuple[int, int]:
    """Clock cycles of a frame, its input and output included, and from frame to frame."""
    options = BuildOptions()
    network = load_model(MODELS / f"{name}_int8.onnx")
    graph = remove_constant_channels(
        convert(network, read_samples(None, network, options), options).whole
    )
    cycles = predict_cycles(map_graph(graph, choose_engine(graph, macs=macs)))
    return cycles.latency_cycles, cycles.interval_cycles


def tflite_file(name: str) -> Path:
    """The TFLite file of a network; it may not be there."""
    return MODELS / "tflite" / f"{NETWORKS[name]}.tflite"


def rows() -> Iterator[tuple[object, ...]]:
    """Every network that is there, on NPUs and arrays of the same size."""
    for name in NETWORKS:
        if not tflite_file(name).is_file():
            continue
        for macs in MACS:
            u55, u85 = (
                vela_cycles(tflite_file(name), f"ethos-{npu}-{macs}") for npu in ("u55", "u85")
            )
            latency, interval = nnhw_cycles(name, macs)
            yield (
                *(f"{name}_int8", macs, f"{u55:,}", f"{u85:,}", f"{latency:,}", f"{interval:,}"),
                f"{u85 / latency:.1f}",
            )


def missing_networks() -> list[str]:
    """Networks whose TFLite files are not there."""
    return [name for name in NETWORKS if not tflite_file(name).is_file()]


if __name__ == "__main__":
    missing = missing_networks()
    write_table(
        output_file(__doc__.splitlines()[0], "vela.md"),
        "Clock cycles beside Arm's Ethos-U",
        COLUMNS,
        rows(),
        notes="Cycles of Ethos-U are those that Vela (`--memory-mode Sram_Only`: all data on the "
        "chip) estimates for the TFLite file; those of nnhw are the cycle model's, which every "
        "simulated build equals, for the QDQ file made of it. An NPU of Arm runs any network, an "
        "engine of nnhw one; their clocks differ as well."
        + (f" Left out, since there is no TFLite file: {', '.join(missing)}." if missing else ""),
    )

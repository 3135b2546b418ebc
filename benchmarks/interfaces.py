"""What stands around a core, option by option: the same network, synthesized and packed.

    python benchmarks/interfaces.py

Needs the extras `synth` and `registers`. Designs stay in rtl_out/interfaces.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from tables import EXAMPLES, ROOT, output_file, write_table

from nnhw.families import Resource
from nnhw.pipeline import build
from nnhw.synth import SynthesisOptions, run_synthesis

TARGET = "ecp5-25k"
MACS = 16

OPTIONS = (
    "",
    "--stream-bytes 4,4",
    "--stream-bytes 8,8",
    "--stream-bytes 16,16",
    "--frame-check",
    "--idle",
    "--keep",
    "--tag-bits 8",
    "--clocks two",
    "--bus axi-lite",
    "--bus wishbone",
    "--bus apb",
    "--bus axi-lite --clocks two",
    "--bus wishbone --io mapped",
    "--bus axi-lite --io dma",
    "--programmable",
    "--programmable --bus axi-lite",
    "--programmable --bus axi-lite --clocks two",
    "--programmable --bus axi-lite --protect parity",
    "--programmable --bus axi-lite --banks 2",
    "--programmable --bus axi-lite --io dma",
)
"""As the command line of `nnhw build` has them."""

COUNTED = (Resource.LUTS, Resource.FLIP_FLOPS, Resource.BLOCK_RAMS, Resource.DISTRIBUTED_RAMS)


def read_options(line: str) -> dict[str, Any]:
    """Options of a command line as those of `nnhw.build`."""
    options: dict[str, Any] = {}
    name = ""
    for word in shlex.split(line):
        if word.startswith("--"):
            name = word[2:].replace("-", "_")
            options[name] = True
        else:
            options[name] = int(word) if word.isdigit() else word
    return options


def measure(line: str) -> dict[Resource, int]:
    """What a design with these options occupies."""
    folder = ROOT / "rtl_out" / "interfaces" / (line.replace("--", "").replace(" ", "_") or "none")
    build(
        EXAMPLES / "digits_cnn.onnx",
        data=EXAMPLES / "digits.npz",
        out=folder,
        force=True,
        sim=False,
        macs=MACS,
        target=TARGET,
        **read_options(line),
    )
    usage = run_synthesis(folder, SynthesisOptions(target=TARGET)).usage
    return {figures.resource: figures.used for figures in usage}


def rows() -> Iterator[tuple[object, ...]]:
    """A row for each set of options."""
    for line in OPTIONS:
        used = measure(line)
        counts = (f"{used.get(resource, 0):,}" for resource in COUNTED)
        yield (f"`{line}`" if line else "none", *counts)


if __name__ == "__main__":
    write_table(
        output_file(__doc__.splitlines()[0], "interfaces.md"),
        "What interfaces and protection take",
        ("options", *(f">{resource.value}" for resource in COUNTED)),
        rows(),
        notes=f"digits_cnn with {MACS} multipliers, built with `--target {TARGET}` and synthesized "
        "by `nnhw synth`: cells of the device as they are packed, before place and route. Streams "
        "of the first row have 1 byte in and 2 bytes out. A bus, tags and `--idle` bring the frame "
        "check; `--programmable` has the default headroom.",
    )

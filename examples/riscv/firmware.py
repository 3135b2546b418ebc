"""Firmware that classifies digits: compiled for a system, and compared with the golden model."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import nnhw

HERE = Path(__file__).resolve().parent
GCC = "riscv64-unknown-elf-gcc"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
LINE = re.compile(r"^digit (\d+) is a (\d+), scores((?: -?\d+)+)$", re.MULTILINE)


def read_command_line(description: str, out: str) -> argparse.Namespace:
    """What a system is asked for: folders `design` and `out`, `compiler`, and the first `count`
    samples of `data`; `out` is its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("design", type=Path, help="folder of an exported design")
    parser.add_argument("--data", type=Path, required=True, help="digits: an .npz file with x")
    parser.add_argument("--count", type=int, default=20, help="so many of them")
    parser.add_argument("--compiler", choices=("gcc", "zig"), help="default: the first there is")
    parser.add_argument("--out", type=Path, default=Path(out))
    options = parser.parse_args()
    options.design, options.out = options.design.resolve(), options.out.resolve()
    return options


def read_samples(data: Path, count: int) -> np.ndarray:
    """The first digits of a file, as it has them."""
    with np.load(data) as file:
        return file["x"][:count]


def compilers() -> dict[str, list[str]]:
    """Commands of the compilers that there are, by name, each for rv32i without a library."""
    found = {}
    if path := shutil.which(GCC):
        found["gcc"] = [path, "-march=rv32i", "-mabi=ilp32"]
    if find_spec("ziglang"):
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", "riscv32-freestanding-none"]
        found["zig"] = [*zig, "-mcpu=generic_rv32", "-fno-sanitize=undefined"]
    return found


def choose_compiler(name: str | None) -> list[str]:
    """The command of a compiler, or of the first one that there is."""
    found = compilers()
    if not found or name not in (None, *found):
        raise SystemExit(
            f"The compiler is missing: pip install ziglang, or put {GCC} on PATH (Debian: apt-get "
            "install gcc-riscv64-unknown-elf)"
        )
    return found[name or next(iter(found))]


def compile_firmware(
    compiler: list[str],
    design: Path,
    digits: np.ndarray,
    out: Path,
    *,
    flags: Iterable[str | Path] = (),
) -> Path:
    """Compile main.c with the driver of a design; returns the contents of the memory.

    Parameters
    ----------
    digits
        uint8 (N, pixels), in the order of the input tensor.
    flags
        Further arguments of the compiler.
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
    command = [
        *compiler,
        *flags,
        "-O2",
        "-ffreestanding",
        "-nostdlib",
        "-static",
        "-T",
        HERE / "link.ld",
    ]
    command += [word for folder in folders for word in ("-I", folder)]
    libraries = ["-lgcc"] if compiler[0].endswith("gcc") else ["-rtlib=compiler-rt"]
    run([*command, *WARNINGS, *sources, *libraries, "-o", elf], out)
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


def run(command: list, folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a program; what it prints, or the end of this one if it fails."""
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


def golden_elements(design: Path, samples: np.ndarray) -> np.ndarray:
    """Elements of the first output by the golden model: int64 (N, elements)."""
    output = json.loads((design / "manifest.json").read_text(encoding="utf-8"))["outputs"][0]
    real = nnhw.run_design(design, samples).y.reshape(len(samples), -1)
    return np.rint(real / output["scale"] + output["zero_point"]).astype(np.int64)


def is_golden(printed: str, design: Path, samples: np.ndarray) -> bool:
    """Whether the firmware has printed all classes and scores of the golden model; says so."""
    lines = LINE.findall(printed)
    got = [[int(score) for score in scores.split()] for _, _, scores in lines]
    classes = [int(name) for _, name, _ in lines]
    expected = golden_elements(design, samples)
    is_right = got == expected.tolist() and classes == expected.argmax(axis=1).tolist()
    print("equal to the golden model" if is_right else "different from the golden model")
    return is_right

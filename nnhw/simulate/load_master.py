"""Verilog of what loads a programmable design in its testbenches: a master of its control bus, or
of its load port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registers import control_ports

MODULE = "load_master"

_HEAD = """\
// Writes what a design is loaded with: addresses and words, a pair in each line of FILE.
module load_master #(parameter FILE = "load.hex") (
    input wire clk,
    input wire go,  // high until all is done
    output reg done,
"""
_BODY = """\
);
    integer file = 0;
    integer found;
    reg [31:0] address = 0;
    reg [31:0] word = 0;
    reg writes = 0;
    reg waits = 0;  // for an answer
    initial done = 0;
    always @(posedge clk) begin
        if (!go) done <= 0;
        else if (!writes && !done) begin
            if (file == 0) file = $fopen(FILE, "r");
            if (file == 0) begin
                $display("%s is missing", FILE);
                $finish;
            end
            found = $fscanf(file, "%h %h", address, word);
            if (found == 2) writes <= 1;
            else begin
                $fclose(file);
                file = 0;
                done <= 1;
            end
        end
"""
_STEPS = {
    None: """\
        load_valid <= writes;
        load_address <= address;
        load_data <= word;
        waits <= writes;
        if (writes) writes <= 0;
    end
    initial load_valid = 0;
""",
    "wishbone": """\
        if (s_wb_stb && !s_wb_stall) s_wb_stb <= 0;
        if (writes && !waits) {waits, s_wb_cyc, s_wb_stb} <= 7;
        if (s_wb_ack || s_wb_err) {waits, writes, s_wb_cyc} <= 0;
        s_wb_we <= 1;
        s_wb_sel <= 15;
        s_wb_adr <= address >> 2;
        s_wb_dat_w <= word;
    end
    initial {s_wb_cyc, s_wb_stb} = 0;
""",
    "apb": """\
        if (writes && !waits) {waits, s_apb_psel} <= 3;
        if (s_apb_psel) s_apb_penable <= 1;
        if (s_apb_penable && s_apb_pready) {waits, writes, s_apb_psel, s_apb_penable} <= 0;
        s_apb_pwrite <= 1;
        s_apb_pprot <= 0;
        s_apb_pstrb <= 15;
        s_apb_paddr <= address;
        s_apb_pwdata <= word;
    end
    initial {s_apb_psel, s_apb_penable} = 0;
""",
    "axi-lite": """\
        if (s_axil_awready) s_axil_awvalid <= 0;
        if (s_axil_wready) s_axil_wvalid <= 0;
        if (writes && !waits) {waits, s_axil_awvalid, s_axil_wvalid} <= 7;
        if (s_axil_bvalid) {waits, writes} <= 0;
        {s_axil_awprot, s_axil_arprot, s_axil_araddr, s_axil_arvalid} <= 0;
        {s_axil_bready, s_axil_rready} <= 3;
        s_axil_wstrb <= 15;
        s_axil_awaddr <= address;
        s_axil_wdata <= word;
    end
    initial {s_axil_awvalid, s_axil_wvalid, s_axil_arvalid} = 0;
""",
}
"""What is done in a cycle besides, by the control bus."""


def load_master(manifest: Mapping[str, Any]) -> str:
    """Text of the module; nothing for a design that is not loaded."""
    load = manifest.get("load")
    if not load:
        return ""
    shell = manifest.get("shell", {})
    lines = [
        f"    {'output reg' if direction == 'input' else 'input wire'} [{width}-1:0] {name}"
        for name, (direction, width) in load_ports(manifest).items()
    ]
    return _HEAD + ",\n".join(lines) + "\n" + _BODY + _STEPS[shell.get("bus")] + "endmodule\n"


def load_signals(manifest: Mapping[str, Any], *, file: str) -> str:
    """Declarations in a testbench: load_go and load_done, and an instance of the module, which
    reads `file`."""
    if not manifest.get("load"):
        return "    wire load_done = 0;\n"
    ports = load_ports(manifest)
    lines = [f"    wire [{width}-1:0] {name};" for name, (_, width) in ports.items()]
    clock = manifest.get("stream_clock", "clk") if manifest["shell"].get("bus") else "clk"
    connected = "".join(f", .{name}({name})" for name in ports)
    return "\n".join(
        [
            "    wire load_done /* verilator public_flat_rd */;",
            *lines,
            f'    {MODULE} #(.FILE("{file}")) {MODULE} (',
            f"        .clk({clock}), .go(load_go), .done(load_done){connected}",
            "    );\n",
        ]
    )


def load_ports(manifest: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Direction and bits of the ports that a programmable design is loaded through, by name."""
    if not manifest.get("load"):
        return {}
    ports = control_ports(manifest.get("shell", {}))
    if not ports:
        bits = manifest["load"]["address_bits"]
        return {
            "load_valid": ("input", 1),
            "load_address": ("input", bits),
            "load_data": ("input", 32),
        }
    return {name: place for name, place in ports.items() if name != "irq"}

"""Verilog of what stands for a processor in testbenches: a master of the control bus, or of the
load port, that loads a programmable design, and moves frames where there are no streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registers import BLOCKS, control_ports, memory_ports
from . import memory_model

MODULE = "host"

_HEAD = """\
// Stands for a processor. While `go` is high it writes what a design is loaded with: addresses and
// words, a pair in each line of FILE.{{frames_help}}
module host #(parameter FILE = "load.hex") (
    input wire clk,
    input wire rst,
    input wire go,  // high until all is done
    output reg done,
"""
_BODY = """\
);
    integer file = 0;
    integer found;
    reg [31:0] address = 0;
    reg [31:0] word = 0;
    reg asks = 0;  // an access is to be done
    reg reads = 0;  // it reads
    reg waits = 0;  // for its answer
    reg [31:0] answer = 0;
{{frame_signals}}    initial done = 0;
    always @(posedge clk) begin
        if (!go) done <= 0;
        else if (!asks && !done) begin
            if (file == 0) file = $fopen(FILE, "r");
            if (file == 0) begin
                $display("%s is missing", FILE);
                $finish;
            end
            found = $fscanf(file, "%h %h", address, word);
            reads <= 0;
            if (found == 2) asks <= 1;
            else begin
                $fclose(file);
                file = 0;
                done <= 1;
            end
        end
{{frame_steps}}"""
_STEPS = {
    None: """\
        load_valid <= asks;
        load_address <= address;
        load_data <= word;
        waits <= asks;
        if (asks) asks <= 0;
        if (rst) {waits, asks, load_valid} <= 0;
    end
    initial load_valid = 0;
""",
    "wishbone": """\
        if (s_wb_stb && !s_wb_stall) s_wb_stb <= 0;
        if (asks && !waits) {waits, s_wb_cyc, s_wb_stb} <= 7;
        if (s_wb_ack || s_wb_err) {waits, asks, s_wb_cyc} <= 0;
        if (s_wb_ack && reads) answer <= s_wb_dat_r;
        s_wb_we <= !reads;
        s_wb_sel <= 15;
        s_wb_adr <= address >> 2;
        s_wb_dat_w <= word;
        if (rst) {waits, asks, s_wb_cyc, s_wb_stb} <= 0;
    end
    initial {s_wb_cyc, s_wb_stb} = 0;
""",
    "apb": """\
        if (asks && !waits) {waits, s_apb_psel} <= 3;
        if (s_apb_psel) s_apb_penable <= 1;
        if (s_apb_penable && s_apb_pready) begin
            {waits, asks, s_apb_psel, s_apb_penable} <= 0;
            if (reads) answer <= s_apb_prdata;
        end
        s_apb_pwrite <= !reads;
        s_apb_pprot <= 0;
        s_apb_pstrb <= reads ? 0 : 15;
        s_apb_paddr <= address;
        s_apb_pwdata <= word;
        if (rst) {waits, asks, s_apb_psel, s_apb_penable} <= 0;
    end
    initial {s_apb_psel, s_apb_penable} = 0;
""",
    "axi-lite": """\
        if (s_axil_awready) s_axil_awvalid <= 0;
        if (s_axil_wready) s_axil_wvalid <= 0;
        if (s_axil_arready) s_axil_arvalid <= 0;
        if (asks && !waits) begin
            waits <= 1;
            {s_axil_awvalid, s_axil_wvalid} <= reads ? 0 : 3;
            s_axil_arvalid <= reads;
        end
        if (s_axil_bvalid || s_axil_rvalid) {waits, asks} <= 0;
        if (s_axil_rvalid) answer <= s_axil_rdata;
        {s_axil_awprot, s_axil_arprot} <= 0;
        {s_axil_bready, s_axil_rready} <= 3;
        s_axil_wstrb <= 15;
        s_axil_awaddr <= address;
        s_axil_araddr <= address;
        s_axil_wdata <= word;
        if (rst) {waits, asks, s_axil_awvalid, s_axil_wvalid, s_axil_arvalid} <= 0;
    end
    initial {s_axil_awvalid, s_axil_wvalid, s_axil_arvalid} = 0;
""",
}
"""What is done in a cycle besides, by the control bus."""

_FRAMES_HELP = """
// Otherwise it writes what it is offered on s_axis to the window for input frames, and offers on
// m_axis what it finds in that for output frames."""
_FRAME_SIGNALS = """\
    localparam [2:0] ASK_ROOM = 0, GET_ROOM = 1, WRITE = 2, ASK_WORDS = 3, GET_WORDS = 4,
        READ = 5, GET_WORD = 6;
    reg [2:0] step = ASK_ROOM;
    reg [15:0] room = 0;  // words that can be written without asking
    reg last = 0;  // the word that is read ends its frame
    wire is_free = !rst && !go && !asks;
    assign s_axis_tready = is_free && step == WRITE && room != 0;
    initial m_axis_tvalid = 0;
"""
_FRAME_STEPS = """\
        if (m_axis_tready) m_axis_tvalid <= 0;
        if (is_free) case (step)
            ASK_ROOM: begin
                {asks, reads} <= 3;
                address <= {{input_status}};
                step <= GET_ROOM;
            end
            GET_ROOM: begin
                room <= answer[15:0];
                step <= WRITE;
            end
            WRITE: if (s_axis_tvalid && room != 0) begin
                {asks, reads} <= 2;
                address <= s_axis_tlast ? {{input_last}} : {{input_data}};
                word <= s_axis_tdata;
                room <= room - 1;
            end else step <= m_axis_tvalid ? ASK_ROOM : ASK_WORDS;
            ASK_WORDS: begin
                {asks, reads} <= 3;
                address <= {{output_status}};
                step <= GET_WORDS;
            end
            GET_WORDS: begin
                last <= answer[16];
                step <= answer[15:0] != 0 ? READ : room != 0 ? WRITE : ASK_ROOM;
            end
            READ: begin
                {asks, reads} <= 3;
                address <= {{output_data}};
                step <= GET_WORD;
            end
            default: begin
                m_axis_tvalid <= 1;
                m_axis_tdata <= answer;
                m_axis_tlast <= last;
                step <= room != 0 ? WRITE : ASK_ROOM;
            end
        endcase
        if (rst) begin
            step <= ASK_ROOM;
            room <= 0;
            m_axis_tvalid <= 0;
        end
"""


def stream_ports(manifest: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Those of the host, where the design has none: direction and bits, by name."""
    if not moves_frames(manifest):
        return {}
    bits = 8 * manifest["input"]["stream_bytes"]
    return {
        "s_axis_tdata": ("input", bits),
        "s_axis_tvalid": ("input", 1),
        "s_axis_tready": ("output", 1),
        "s_axis_tlast": ("input", 1),
        "m_axis_tdata": ("output reg", bits),
        "m_axis_tvalid": ("output reg", 1),
        "m_axis_tready": ("input", 1),
        "m_axis_tlast": ("output reg", 1),
    }


def moves_frames(manifest: Mapping[str, Any]) -> bool:
    """Whether a design has no streams, so that its host moves frames."""
    return manifest.get("shell", {}).get("io", "stream") != "stream"


def host_module(manifest: Mapping[str, Any]) -> str:
    """Text of the module; nothing for a design that needs none."""
    ports = host_ports(manifest)
    if not ports:
        return ""
    lines = [
        f"    {'output reg' if direction == 'input' else 'input wire'} [{width}-1:0] {name}"
        for name, (direction, width) in ports.items()
    ]
    frames = dict.fromkeys(("frames_help", "frame_signals", "frame_steps"), "")
    streams = stream_ports(manifest)
    lines = [f"    {d} [{width}-1:0] {n}" for n, (d, width) in streams.items()] + lines
    if manifest.get("shell", {}).get("io") == "dma":
        values = memory_model.memory_values(manifest)
        frames = {
            "frames_help": memory_model.HELP,
            "frame_signals": _filled(memory_model.SIGNALS, values),
            "frame_steps": _filled(memory_model.STEPS, values),
        }
    elif streams:
        frames = {
            "frames_help": _FRAMES_HELP,
            "frame_signals": _FRAME_SIGNALS,
            "frame_steps": _filled(_FRAME_STEPS, _window_addresses()),
        }
    body = _BODY + _STEPS[manifest.get("shell", {}).get("bus")] + "endmodule\n"
    return _filled(_HEAD + ",\n".join(lines) + "\n" + body, frames)


def host_signals(manifest: Mapping[str, Any], *, file: str) -> str:
    """Declarations in a testbench: load_go and load_done, and an instance of the module, which
    reads `file`."""
    ports = host_ports(manifest)
    if not ports:
        return "    wire load_done = 0;\n"
    lines = [f"    wire [{width}-1:0] {name};" for name, (_, width) in ports.items()]
    clock = manifest.get("stream_clock", "clk") if manifest["shell"].get("bus") else "clk"
    names = [*stream_ports(manifest), *ports]
    connected = "".join(f",\n        .{name}({name})" for name in names)
    return "\n".join(
        [
            "    wire load_done /* verilator public_flat_rd */;",
            *lines,
            f'    {MODULE} #(.FILE("{file}")) {MODULE} (',
            f"        .clk({clock}), .rst(rst), .go(load_go), .done(load_done){connected}",
            "    );\n",
        ]
    )


def host_ports(manifest: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Direction and bits of the ports of a design that its host uses, by name."""
    load = manifest.get("load")
    ports = control_ports(manifest.get("shell", {}))
    if load and not ports:
        return {
            "load_valid": ("input", 1),
            "load_address": ("input", load["address_bits"]),
            "load_data": ("input", 32),
        }
    if not (load or moves_frames(manifest)):
        return {}
    ports |= memory_ports(manifest["shell"])
    return {name: place for name, place in ports.items() if name != "irq"}


def _window_addresses() -> dict[str, str]:
    """Addresses of the registers of the windows, by their names."""
    (block,) = (block for block in BLOCKS if block.name == "window")
    return {r.name: f"32'h{block.offset + r.offset:x}" for r in block.registers}


def _filled(text: str, values: Mapping[str, str | int]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    return text

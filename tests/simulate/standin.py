"""A hand-written design that behaves, at its ports and in its trace, like an exported one.

Its network has two layers: the first adds one to every byte of a (3, 4, 5) tensor, the second
negates the first 42 bytes of that, as a (2, 3, 7) tensor. Frames are not overlapped.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nnhw.design import write_checksums
from nnhw.simulate import install_testbench

INPUT_SHAPE, OUTPUT_SHAPE = (3, 4, 5), (2, 3, 7)
INPUT_BYTES, OUTPUT_BYTES = 60, 42
LATENCY_CYCLES, INTERVAL_CYCLES = 44, 45
VERILOG = """
module standin_write_back (
    input [1:0] state, input [6:0] place, input [31:0] read,
    output valid, output [0:0] layer, output [2:0] count, output [31:0] data
);
    localparam LAYER_0 = 1, LAYER_1 = 2;

    wire [6:0] left = (state == LAYER_0 ? 60 : 42) - place;
    wire [7:0] y0 = state == LAYER_0 ? read[7:0] + 8'd1 : -read[7:0];
    wire [7:0] y1 = state == LAYER_0 ? read[15:8] + 8'd1 : -read[15:8];
    wire [7:0] y2 = state == LAYER_0 ? read[23:16] + 8'd1 : -read[23:16];
    wire [7:0] y3 = state == LAYER_0 ? read[31:24] + 8'd1 : -read[31:24];
    assign valid = state == LAYER_0 || state == LAYER_1;
    assign layer = state == LAYER_1;
    assign count = left < 4 ? left[2:0] : 3'd4;
    assign data = {y3, y2, y1, y0};
endmodule

module standin (
    input clk, input rst,
    input [63:0] s_axis_tdata, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
    output [31:0] m_axis_tdata, output m_axis_tvalid, input m_axis_tready, output m_axis_tlast
);
    localparam LOAD = 0, LAYER_0 = 1, LAYER_1 = 2, SEND = 3;

    reg [1:0] state = LOAD;
    reg [6:0] place = 0;
    reg [8*64-1:0] input_memory = 0;
    reg [8*64-1:0] memory_0 = 0;
    reg [8*64-1:0] memory_1 = 0;

    wire [31:0] read = state == LAYER_0 ? input_memory[8*place +: 32] : memory_0[8*place +: 32];
    wire [31:0] write_data;
    standin_write_back write_back (
        .state(state), .place(place), .read(read), .valid(), .layer(), .count(), .data(write_data)
    );

    wire [31:0] sent = memory_1[8*place +: 32];
    assign s_axis_tready = state == LOAD;
    assign m_axis_tvalid = state == SEND;
    assign m_axis_tlast = place == 40;
    assign m_axis_tdata = place == 40 ? {16'd0, sent[15:0]} : sent;

    always @(posedge clk) begin
        if (rst) begin
            state <= LOAD;
            place <= 0;
        end else case (state)
            LOAD: if (s_axis_tvalid) begin
                input_memory[8*place +: 64] <= s_axis_tdata;
                place <= place == 56 ? 7'd0 : place + 7'd8;
                if (place == 56) state <= LAYER_0;
            end
            LAYER_0: begin
                memory_0[8*place +: 32] <= write_data;
                place <= place == 56 ? 7'd0 : place + 7'd4;
                if (place == 56) state <= LAYER_1;
            end
            LAYER_1: begin
                memory_1[8*place +: 32] <= write_data;
                place <= place == 40 ? 7'd0 : place + 7'd4;
                if (place == 40) state <= SEND;
            end
            SEND: if (m_axis_tready) begin
                place <= place == 40 ? 7'd0 : place + 7'd4;
                if (place == 40) state <= LOAD;
            end
        endcase
    end
endmodule
"""


def write_standin(folder: Path, *, changes: dict[str, str] | None = None, **manifest) -> Path:
    """Write the design into `folder`, which is returned.

    Parameters
    ----------
    changes
        Texts that occur once in the Verilog, and what to put in their places.
    manifest
        Entries of manifest.json other than the right ones.
    """
    verilog = VERILOG
    for old, new in (changes or {}).items():
        assert verilog.count(old) == 1, old
        verilog = verilog.replace(old, new)
    (folder / "rtl").mkdir(parents=True)
    (folder / "rtl" / "standin.v").write_text(verilog)
    entries = {
        "name": "standin",
        "top": "standin",
        "clock": "clk",
        "nnhw_version": "0",
        "mac_units": 4,
        "sources": ["rtl/standin.v"],
        "input": {"shape": INPUT_SHAPE, "stream_bytes": 8, "frame_bytes": INPUT_BYTES},
        "output": {"shape": OUTPUT_SHAPE, "stream_bytes": 4, "frame_bytes": OUTPUT_BYTES},
        "inputs": [{"name": "x", "shape": INPUT_SHAPE, "offset": 0}],
        "outputs": [{"name": "y", "shape": OUTPUT_SHAPE, "offset": 0}],
        "latency_cycles": LATENCY_CYCLES,
        "interval_cycles": INTERVAL_CYCLES,
        "layers": [
            {"name": "plus_one", "shape": INPUT_SHAPE},
            {"name": "minus", "shape": OUTPUT_SHAPE},
        ],
        "trace": {
            "valid": "dut.write_back.valid",
            "layer": "dut.write_back.layer",
            "count": "dut.write_back.count",
            "data": "dut.write_back.data",
            "lanes": 4,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(entries | manifest))
    install_testbench(folder)
    frames = np.random.default_rng(0).integers(0, 256, (6, INPUT_BYTES), np.uint8)
    frames[4], frames[5] = 0x80, 0x7F
    layer_0 = frames + np.uint8(1)
    layer_1 = np.negative(layer_0[:, :OUTPUT_BYTES])
    np.savez_compressed(
        folder / "sim" / "vectors.npz",
        input=frames,
        output=layer_1,
        layer_0=layer_0,
        layer_1=layer_1,
        kind=np.array(["real"] * 4 + ["all-minimum", "all-maximum"]),
    )
    write_checksums(folder)
    return folder

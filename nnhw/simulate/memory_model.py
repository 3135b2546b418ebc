"""Verilog of a memory on AXI4 in testbenches, and of the software that has frames there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registers import BLOCKS
from ..registers.descriptor import (
    COUNTS,
    ENTRY_ADDRESS,
    ENTRY_BYTES,
    ENTRY_WORDS,
    HEAD_WORDS,
    OWNED_BIT,
    descriptor_bytes,
)

HELP = """
// Otherwise it keeps what it is offered on s_axis in a memory, has the design fetch it from there,
// and offers on m_axis what the design has written. The memory pauses at random from the first
// moment on in which the sink on m_axis does."""

SIGNALS = """\
    localparam [1:0] TAKE = 0, START = 1, WAIT = 2, SEND = 3;
    reg [1:0] step = TAKE;
    integer place = 0;  // word of a frame
    reg [{{data_bits}}-1:0] memory [0:{{words}}-1];
    wire is_free = !rst && !go && !asks;
    assign s_axis_tready = is_free && step == TAKE;
    initial m_axis_tvalid = 0;
    integer i;
    initial begin
        for (i = 0; i < {{words}}; i = i + 1) memory[i] = 0;
{{descriptor}}    end

    reg pauses = 0;
    reg [15:0] random = 1;
    wire waits_read = pauses && random[0];
    wire waits_write = pauses && random[3];
    reg [31:0] read_row [0:3];
    reg [7:0] read_left [0:3];
    reg [2:0] bursts = 0;  // bursts that were asked for
    reg [31:0] write_row = 0;
    reg writes = 0;  // words of a burst are awaited
    reg answers = 0;
    always @* begin
        {m_axi_rid, m_axi_bid, m_axi_rresp, m_axi_bresp} = 0;
        m_axi_arready = bursts != 4 && !waits_read;
        m_axi_rvalid = bursts != 0 && !waits_read;
        m_axi_rdata = memory[read_row[0]];
        m_axi_rlast = read_left[0] == 0;
        m_axi_awready = !writes && !waits_write;
        m_axi_wready = writes && !answers && !waits_write;
        m_axi_bvalid = answers && !waits_read;
    end
    wire asked = m_axi_arvalid && m_axi_arready;
    wire ended = m_axi_rvalid && m_axi_rlast;
    always @(posedge clk) begin
        random <= {random[14:0], random[15] ^ random[13] ^ random[12] ^ random[10]};
        pauses <= !rst && (pauses || m_axis_tvalid && !m_axis_tready);
        if (m_axi_rvalid) begin
            read_row[0] <= read_row[0] + 1;
            read_left[0] <= read_left[0] - 1;
        end
        if (ended) for (i = 0; i < 3; i = i + 1) begin
            read_row[i] <= read_row[i + 1];
            read_left[i] <= read_left[i + 1];
        end
        if (asked) begin
            read_row[bursts - ended] <= m_axi_araddr / {{word_bytes}};
            read_left[bursts - ended] <= m_axi_arlen;
        end
        bursts <= bursts + asked - ended;
        if (m_axi_awvalid && m_axi_awready) begin
            write_row <= m_axi_awaddr / {{word_bytes}};
            writes <= 1;
        end
        if (m_axi_wvalid && m_axi_wready) begin
            for (i = 0; i < {{word_bytes}}; i = i + 1)
                if (m_axi_wstrb[i]) memory[write_row][8 * i +: 8] <= m_axi_wdata[8 * i +: 8];
            write_row <= write_row + 1;
            if (m_axi_wlast) {writes, answers} <= 1;
        end
        if (m_axi_bvalid) answers <= 0;
        if (is_free && step == TAKE && s_axis_tvalid) begin
            memory[{{input_row}} + place] <= s_axis_tdata;
            if (s_axis_tlast) memory[0][{{owned_bit}}] <= 1;
        end
        if (rst) {bursts, writes, answers} <= 0;
    end
"""

STEPS = """\
        if (m_axis_tready) m_axis_tvalid <= 0;
        if (is_free) case (step)
            TAKE: if (s_axis_tvalid) begin
                place <= s_axis_tlast ? 0 : place + 1;
                if (s_axis_tlast) step <= START;
            end
            START: begin
                {asks, reads} <= 2;
                address <= {{dma_control}};
                word <= 1;  // the descriptor is where descriptor_low is after a reset
                step <= WAIT;
            end
            WAIT: if (!memory[0][{{owned_bit}}]) begin
                if (memory[0][7:0] != 0) begin
                    $display("A frame has ended with the result %d", memory[0][7:0]);
                    $finish;
                end
                step <= SEND;
            end
            default: if (!m_axis_tvalid || m_axis_tready) begin
                m_axis_tvalid <= 1;
                m_axis_tdata <= memory[{{output_row}} + place];
                m_axis_tlast <= place == {{output_beats}} - 1;
                place <= place == {{output_beats}} - 1 ? 0 : place + 1;
                if (place == {{output_beats}} - 1) step <= TAKE;
            end
        endcase
        if (rst) begin
            step <= TAKE;
            place <= 0;
            m_axis_tvalid <= 0;
        end
"""


def memory_values(manifest: Mapping[str, Any]) -> dict[str, str | int]:
    """What the names in double braces stand for."""
    word_bytes = manifest["input"]["stream_bytes"]
    beats = {side: -(-manifest[side]["frame_bytes"] // word_bytes) for side in ("input", "output")}
    tensors = len(manifest["inputs"]) + len(manifest["outputs"])
    entries = manifest["shell"]["descriptor_entries"]
    first = descriptor_bytes(entries) // word_bytes
    rows = {"input": first, "output": first + beats["input"]}
    words = _descriptor(manifest, {side: row * word_bytes for side, row in rows.items()})
    lanes = word_bytes // 4
    packed = [
        sum(word << 32 * lane for lane, word in enumerate(words[index : index + lanes]))
        for index in range(0, len(words), lanes)
    ]
    (block,) = (block for block in BLOCKS if block.name == "dma")
    (control,) = (r.offset for r in block.registers if r.name == "dma_control")
    assert tensors <= entries
    return {
        "data_bits": 8 * word_bytes,
        "word_bytes": word_bytes,
        "words": first + sum(beats.values()),
        "input_row": rows["input"],
        "output_row": rows["output"],
        "output_beats": beats["output"],
        "owned_bit": OWNED_BIT,
        "dma_control": f"32'h{block.offset + control:x}",
        "descriptor": "".join(
            f"        memory[{index}] = {8 * word_bytes}'h{word:x};\n"
            for index, word in enumerate(packed)
            if word
        ),
    }


def _descriptor(manifest: Mapping[str, Any], places: Mapping[str, int]) -> list[int]:
    """Words of the descriptor, which is at address zero and its own successor."""
    ports = [(side, port) for side in places for port in manifest[f"{side}s"]]
    words = [0] * (HEAD_WORDS + ENTRY_WORDS * len(ports))
    words[COUNTS] = len(manifest["inputs"]) | len(manifest["outputs"]) << 8
    for index, (side, port) in enumerate(ports):
        entry = HEAD_WORDS + ENTRY_WORDS * index
        words[entry + ENTRY_ADDRESS] = places[side] + port["offset"]
        words[entry + ENTRY_BYTES] = port["bytes"]
    return words

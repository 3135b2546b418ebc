// Testbench of {{top}}: brings the streams to where cocotb drives them, and writes a trace.
//
// trace.txt has one line an event, all of the same length; numbers are hexadecimal:
//     kind cycle layer count data
//     r   a reset begins
//     i   an input beat `data` is accepted; `count` is tlast
//     w   write-back: the `count` low bytes of `data` are the next results of layer `layer`
//     o   an output beat `data` is accepted; `count` is tlast
//     f   frame_error is high
//     s   the first levels of the input stream after a reset, wherever they change: `layer` is tlast,
//         `count` is tvalid and tready, `data` is tdata; tlast and data are 0 without tvalid
//     m   the same of the output stream
//     e   an output beat changed or went away before it was accepted, which AXI4-Stream forbids
//
// Cycles are those of clk. Where the streams have a clock of their own, i and o are beats of the
// engine's streams, and e is the port's. Where the design has no streams, those of the testbench are
// the host's, which moves frames over the control bus or memory; i and o are beats of the engine's streams.
//
// Plusargs: +waves=FILE +waves_from=CYCLE +waves_to=CYCLE record all signals between two clock
// cycles and end the simulation there.
`timescale 1ns / 1ps

module tb;
    // Driven and read by cocotb; Verilator keeps signals for it only if told so.
    reg clk /* verilator public_flat_rw */ = 0;
    reg rst /* verilator public_flat_rw */ = 1;
    reg [{{input_bits}}-1:0] s_axis_tdata /* verilator public_flat_rw */ = 0;
    reg s_axis_tvalid /* verilator public_flat_rw */ = 0;
    reg s_axis_tlast /* verilator public_flat_rw */ = 0;
    wire s_axis_tready /* verilator public_flat_rd */;
    wire [{{output_bits}}-1:0] m_axis_tdata /* verilator public_flat_rd */;
    wire m_axis_tvalid /* verilator public_flat_rd */;
    wire m_axis_tlast /* verilator public_flat_rd */;
{{stream_signals}}    reg m_axis_tready /* verilator public_flat_rw */ = 0;
    wire frame_error{{frame_error_value}};
    wire idle /* verilator public_flat_rd */{{idle_value}};
    reg load_go /* verilator public_flat_rw */ = 0;  // load what load.hex says, until load_done
{{host_signals}}
    {{top}} dut (
        .clk(clk),{{stream_ports}}
        {{reset}}{{frame_ports}}{{frame_error_port}}{{idle_port}}{{control_ports}}{{host_ports}}
    );

    wire input_taken = {{input_valid}} && {{input_ready}};
    wire [{{input_bits}}-1:0] input_data = {{input_data}};
    wire input_last = {{input_last}};
    wire output_taken = {{output_valid}} && {{output_ready}};
    wire [{{output_bits}}-1:0] output_data = {{output_data}};
    wire output_last = {{output_last}};
    wire write_back_valid = {{write_back_valid}};
    wire [15:0] write_back_layer = {{write_back_layer}};
    wire [15:0] write_back_count = {{write_back_count}};
    wire [{{data_bits}}-1:0] write_back_data = {{write_back_data}};

    reg [39:0] cycle = 0;
    always @(posedge clk) cycle <= cycle + 1;

    integer trace;
    initial trace = $fopen("trace.txt", "w");

    // Automatic: blocks that call it in the same time step do not share its arguments.
    task automatic event_line(
        input [7:0] kind, input [15:0] layer, input [15:0] count, input [{{data_bits}}-1:0] data
    );
        $fwrite(trace, "%c %h %h %h %h\n", kind, cycle, layer, count, data);
    endtask

    reg in_reset = 0;
    always @(posedge clk) begin
        in_reset <= rst;
        if (rst) begin
            if (!in_reset) event_line("r", 0, 0, 0);
        end else begin
            if (input_taken) event_line("i", 0, input_last, input_data);
            if (write_back_valid)
                event_line("w", write_back_layer, write_back_count, write_back_data);
            if (frame_error === 1) event_line("f", 0, 0, 0);
            if (output_taken) event_line("o", 0, output_last, output_data);
        end
    end

    localparam integer LEVELS = 32;  // of each stream after a reset
    integer s_left = 0;
    integer m_left = 0;
    wire [{{input_bits}}:0] s_beat = s_axis_tvalid ? {s_axis_tlast, s_axis_tdata} : 0;
    wire [{{output_bits}}:0] m_beat = m_axis_tvalid ? {m_axis_tlast, m_axis_tdata} : 0;
    reg [{{input_bits}}+2:0] s_levels = 0;
    reg [{{output_bits}}+2:0] m_levels = 0;
    wire [{{offer_bits}}-1:0] offer = {{{offer}}};
    reg [{{offer_bits}}-1:0] stalled_offer = 0;
    reg stalled = 0;
    always @(posedge {{stream_clock}}) begin
        stalled <= !rst && m_axis_tvalid && !m_axis_tready;
        stalled_offer <= offer;
        if (!rst && stalled && (m_axis_tvalid !== 1 || offer !== stalled_offer))
            event_line("e", 0, m_axis_tlast, m_axis_tdata);
        s_levels <= {s_axis_tvalid, s_axis_tready, s_beat};
        m_levels <= {m_axis_tvalid, m_axis_tready, m_beat};
        if (rst) begin
            s_left <= LEVELS;
            m_left <= LEVELS;
        end else begin
            if (s_left == LEVELS || s_left != 0
                && s_levels !== {s_axis_tvalid, s_axis_tready, s_beat}) begin
                event_line("s", s_beat[{{input_bits}}], {s_axis_tvalid, s_axis_tready},
                           s_beat[{{input_bits}}-1:0]);
                s_left <= s_left - 1;
            end
            if (m_left == LEVELS || m_left != 0
                && m_levels !== {m_axis_tvalid, m_axis_tready, m_beat}) begin
                event_line("m", m_beat[{{output_bits}}], {m_axis_tvalid, m_axis_tready},
                           m_beat[{{output_bits}}-1:0]);
                m_left <= m_left - 1;
            end
        end
    end

    reg [8*1024-1:0] waves;
    reg [39:0] waves_from;
    reg [39:0] waves_to;
    initial begin
        if (!$value$plusargs("waves_from=%d", waves_from)) waves_from = {40{1'b1}};
        if (!$value$plusargs("waves_to=%d", waves_to)) waves_to = {40{1'b1}};
        if ($value$plusargs("waves=%s", waves)) $dumpfile(waves);
    end
    always @(posedge clk) begin
        if (cycle == waves_from) $dumpvars(0, tb);
        if (cycle == waves_to) $finish;
    end
endmodule

{{host}}
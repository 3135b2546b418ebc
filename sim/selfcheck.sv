// Self-checking testbench of {{top}} for any simulator of SystemVerilog, without cocotb.
//
// Sends the beats of selfcheck_input.hex, both sides pausing at random, and compares what leaves the
// design with selfcheck_output.hex. A programmable design is loaded with selfcheck_load.hex first, an
// address and a word a line. All files are looked for in the folder that it runs in. Prints PASSED
// and ends, or ends with $fatal. Plusarg: +seed=N of the pauses.

module selfcheck;
    localparam integer INPUT_BEATS = {{input_beats}};    // of a frame
    localparam integer OUTPUT_BEATS = {{output_beats}};
    localparam integer MOST_CYCLES = {{most_cycles}};  // until a beat is given up
    localparam integer QUIET_CYCLES = 100;  // nothing may follow the last beat

    reg clk = 0;
    always #5 clk = ~clk;
    reg rst = 1;
    reg [{{input_bits}}-1:0] s_axis_tdata = 0;
    reg s_axis_tvalid = 0;
    reg s_axis_tlast = 0;
    wire s_axis_tready;
    wire [{{output_bits}}-1:0] m_axis_tdata;
    wire m_axis_tvalid;
    wire m_axis_tlast;
    reg m_axis_tready = 0;
    wire frame_error{{frame_error_value}};
    wire idle{{idle_value}};
    localparam IS_LOADED = 1'b{{is_loaded}};
    reg load_go = 0;  // until load_done
{{selfcheck_host}}{{selfcheck_signals}}
    {{top}} dut (
        .clk(clk),{{selfcheck_ports}}
        {{reset}}{{frame_ports}}{{frame_error_port}}{{idle_port}}{{control_ports}}{{host_ports}}
    );

    integer sent = 0, received = 0, quiet = 0, seed = 1;
    integer input_file, output_file, found;
    reg [{{input_word_bits}}-1:0] next_beat;
    reg [{{output_word_bits}}-1:0] expected;
    wire [{{output_word_bits}}-1:0] offered = {{output_word}};
    reg has_next, has_expected;

    initial begin
        found = $value$plusargs("seed=%d", seed);
        input_file = $fopen("selfcheck_input.hex", "r");
        output_file = $fopen("selfcheck_output.hex", "r");
        if (input_file == 0 || output_file == 0)
            $fatal(1, "selfcheck_input.hex or selfcheck_output.hex is missing");
        has_next = $fscanf(input_file, "%h", next_beat) == 1;
        has_expected = $fscanf(output_file, "%h", expected) == 1;
        if (!has_next || !has_expected) $fatal(1, "there are no beats to send or to expect");
        repeat (4) @(negedge clk);
        rst = 0;
        if (IS_LOADED) begin
            repeat (16) @(negedge clk);  // of two clocks, one leaves the reset later
            load_go = 1;
            @(posedge load_done);
            load_go = 0;
        end
    end

    // Signals change at falling edges, so that nothing is read while it changes.
    reg taken = 0;
    always @(posedge clk) taken <= s_axis_tvalid && s_axis_tready;
    always @(negedge clk) if (!rst) begin
        m_axis_tready = $random(seed) & 1;
        if (taken) s_axis_tvalid = 0;
        if (!s_axis_tvalid && has_next && $random(seed) % 4 != 0) begin
            s_axis_tvalid = 1;
            {{input_word}} = next_beat;
            s_axis_tlast = sent % INPUT_BEATS == INPUT_BEATS - 1;
            sent = sent + 1;
            has_next = $fscanf(input_file, "%h", next_beat) == 1;
        end
    end

    always @(posedge clk) if (!rst) begin
        quiet = load_go ? 0 : quiet + 1;
        if (frame_error !== 1'b0) $fatal(1, "frame_error without a damaged frame");
        if (idle !== 1'b1 && !has_expected && quiet > QUIET_CYCLES)
            $fatal(1, "idle is low behind the last frame");
        if (m_axis_tvalid === 1'bx) $fatal(1, "m_axis_tvalid is unknown");
        if (m_axis_tvalid && m_axis_tready) begin
            quiet = 0;
            if (!has_expected) $fatal(1, "more than the %0d beats expected", received);
            if (offered !== expected)
                $fatal(1, "beat %0d is %h instead of %h", received, offered, expected);
            if (m_axis_tlast !== (received % OUTPUT_BEATS == OUTPUT_BEATS - 1))
                $fatal(1, "tlast of beat %0d is %b", received, m_axis_tlast);
            received = received + 1;
            has_expected = $fscanf(output_file, "%h", expected) == 1;
        end
        if (has_expected && quiet > MOST_CYCLES)
            $fatal(1, "nothing for %0d cycles; beats received: %0d", quiet, received);
        if (!has_expected && quiet > QUIET_CYCLES) begin
            $display("PASSED: %0d frames, %0d beats", received / OUTPUT_BEATS, received);
            $finish;
        end
    end
endmodule

{{host}}
// A block RAM with two ports, as those of several families are, for simulated netlists.
//
// 2048 bytes of BYTE bits (8 or 9). A port's words have 1, 2 or 4 bits, or 1, 2 or 4 bytes. Its
// address counts in eighths of a byte; the low bits that a wide word leaves over enable its bytes
// for writing. What a read gives while the other port writes the same word is undefined in the
// device; here it is the old word.
module nnhw_block_ram #(
    parameter BYTE = 9,
    parameter WIDTH_A = 9,
    parameter WIDTH_B = 9,
    // What a port's output does at a write: 0 stay, 1 show the new word, 2 show the old word.
    parameter ON_WRITE_A = 0,
    parameter ON_WRITE_B = 0,
    // Whether a second register follows the output.
    parameter PIPELINE_A = 0,
    parameter PIPELINE_B = 0,
    parameter [2048 * BYTE - 1:0] INIT = 0
) (
    input clk_a, enable_a, write_a, reset_a, output_enable_a,
    input [13:0] address_a,
    input [4 * BYTE - 1:0] data_a,
    output [4 * BYTE - 1:0] q_a,
    input clk_b, enable_b, write_b, reset_b, output_enable_b,
    input [13:0] address_b,
    input [4 * BYTE - 1:0] data_b,
    output [4 * BYTE - 1:0] q_b
);
    reg [BYTE - 1:0] bytes [0:2047];
    integer row;
    initial for (row = 0; row < 2048; row = row + 1) bytes[row] = INIT[row * BYTE +: BYTE];

    wire [3:0] writes_a, writes_b;
    wire [4 * BYTE - 1:0] old_a, new_a, old_b, new_b;
    wire [10:0] first_a, first_b;
    nnhw_block_ram_port #(
        .BYTE(BYTE), .WIDTH(WIDTH_A), .ON_WRITE(ON_WRITE_A), .PIPELINE(PIPELINE_A)
    ) port_a (
        .clk(clk_a), .enable(enable_a), .write(write_a), .reset(reset_a),
        .output_enable(output_enable_a), .address(address_a), .data(data_a), .q(q_a),
        .first(first_a), .old_word(old_a), .new_word(new_a), .writes(writes_a)
    );
    nnhw_block_ram_port #(
        .BYTE(BYTE), .WIDTH(WIDTH_B), .ON_WRITE(ON_WRITE_B), .PIPELINE(PIPELINE_B)
    ) port_b (
        .clk(clk_b), .enable(enable_b), .write(write_b), .reset(reset_b),
        .output_enable(output_enable_b), .address(address_b), .data(data_b), .q(q_b),
        .first(first_b), .old_word(old_b), .new_word(new_b), .writes(writes_b)
    );

    genvar lane;
    generate
        for (lane = 0; lane < 4; lane = lane + 1) begin : lanes
            assign old_a[lane * BYTE +: BYTE] = bytes[first_a | lane];
            assign old_b[lane * BYTE +: BYTE] = bytes[first_b | lane];
            always @(posedge clk_a)
                if (writes_a[lane]) bytes[first_a | lane] <= new_a[lane * BYTE +: BYTE];
            always @(posedge clk_b)
                if (writes_b[lane]) bytes[first_b | lane] <= new_b[lane * BYTE +: BYTE];
        end
    endgenerate
endmodule

// One port: which bytes it reads and writes, and its output registers.
module nnhw_block_ram_port #(
    parameter BYTE = 9,
    parameter WIDTH = 9,
    parameter ON_WRITE = 0,
    parameter PIPELINE = 0
) (
    input clk, enable, write, reset, output_enable,
    input [13:0] address,
    input [4 * BYTE - 1:0] data,
    output [4 * BYTE - 1:0] q,
    output [10:0] first,
    input [4 * BYTE - 1:0] old_word,
    output [4 * BYTE - 1:0] new_word,
    output [3:0] writes
);
    localparam LANES = WIDTH < BYTE ? 1 : WIDTH / BYTE;
    localparam [4 * BYTE - 1:0] WORD = WIDTH == 4 * BYTE ? ~0 : (1 << WIDTH) - 1;
    assign first = LANES == 4 ? {address[13:5], 2'b00}
        : LANES == 2 ? {address[13:4], 1'b0} : address[13:3];
    wire [2:0] bit_offset = WIDTH < BYTE ? address[2:0] : 3'd0;
    wire [4 * BYTE - 1:0] mask = WORD << bit_offset;
    assign new_word = (old_word & ~mask) | ((data << bit_offset) & mask);
    wire [3:0] byte_enables = LANES == 4 ? address[3:0]
        : LANES == 2 ? {2'b00, address[1:0]} : 4'b0001;
    assign writes = byte_enables & {4{enable && write}};

    wire [4 * BYTE - 1:0] written = {
        byte_enables[3] ? new_word[3 * BYTE +: BYTE] : old_word[3 * BYTE +: BYTE],
        byte_enables[2] ? new_word[2 * BYTE +: BYTE] : old_word[2 * BYTE +: BYTE],
        byte_enables[1] ? new_word[1 * BYTE +: BYTE] : old_word[1 * BYTE +: BYTE],
        byte_enables[0] ? new_word[0 * BYTE +: BYTE] : old_word[0 * BYTE +: BYTE]
    };
    wire [4 * BYTE - 1:0] shown = (write && ON_WRITE == 1) ? written : old_word;
    reg [4 * BYTE - 1:0] fetched = 0;
    reg [4 * BYTE - 1:0] pipeline = 0;
    always @(posedge clk) begin
        if (reset) fetched <= 0;
        else if (enable && !(write && ON_WRITE == 0)) fetched <= (shown >> bit_offset) & WORD;
        if (reset) pipeline <= 0;
        else if (output_enable) pipeline <= fetched;
    end
    assign q = PIPELINE ? pipeline : fetched;
endmodule

// Behaviour of the cells of Lattice iCE40 UltraPlus that nnhw instantiates, for simulation.
//
// Just the modes that nnhw uses; any other one ends the simulation with an error. Written from
// Lattice's technical notes TN1295 (DSP) and FPGA-TN-02002 (memory).

// A multiplier of 16 x 16 bits, or two of 8 x 8 bits, with registers before, within and behind it.
module SB_MAC16 #(
    parameter [0:0] A_SIGNED = 0,
    parameter [0:0] B_SIGNED = 0,
    parameter [0:0] A_REG = 0,
    parameter [0:0] B_REG = 0,
    parameter [0:0] TOP_8x8_MULT_REG = 0,
    parameter [0:0] BOT_8x8_MULT_REG = 0,
    parameter [0:0] PIPELINE_16x16_MULT_REG1 = 0,
    parameter [0:0] PIPELINE_16x16_MULT_REG2 = 0,
    parameter [1:0] TOPOUTPUT_SELECT = 0,
    parameter [1:0] BOTOUTPUT_SELECT = 0,
    parameter [0:0] MODE_8x8 = 0
) (
    input CLK, CE, AHOLD, BHOLD, IRSTTOP, IRSTBOT,
    input [15:0] A, B,
    output [31:0] O
);
    reg [15:0] a_register = 0;
    reg [15:0] b_register = 0;
    wire [15:0] a = A_REG ? a_register : A;
    wire [15:0] b = B_REG ? b_register : B;

    wire signed [8:0] a_high = {A_SIGNED & a[15], a[15:8]};
    wire signed [8:0] b_high = {B_SIGNED & b[15], b[15:8]};
    wire signed [8:0] a_low = {A_SIGNED & a[7], a[7:0]};
    wire signed [8:0] b_low = {B_SIGNED & b[7], b[7:0]};
    wire signed [15:0] high = a_high * b_high;
    wire signed [15:0] low = a_low * b_low;
    wire signed [16:0] a_whole = {A_SIGNED & a[15], a};
    wire signed [16:0] b_whole = {B_SIGNED & b[15], b};
    wire signed [31:0] whole = a_whole * b_whole;

    // The registers of the products of bytes; those of a whole product come before its addition.
    reg [15:0] high_register = 0;
    reg [15:0] low_register = 0;
    reg [31:0] inner_register = 0;
    reg [31:0] output_register = 0;
    wire [31:0] inner = PIPELINE_16x16_MULT_REG1 ? inner_register : whole;
    always @(posedge CLK) begin
        a_register <= A;
        b_register <= B;
        high_register <= high;
        low_register <= low;
        inner_register <= whole;
        output_register <= inner;
    end
    assign O = MODE_8x8 ? {TOP_8x8_MULT_REG ? high_register : high,
                           BOT_8x8_MULT_REG ? low_register : low}
               : PIPELINE_16x16_MULT_REG2 ? output_register : inner;

    always @(posedge CLK)
        if (!CE || AHOLD || BHOLD || IRSTTOP || IRSTBOT) begin
            $display("SB_MAC16: just CE = 1 and neither hold nor reset are simulated");
            $fatal;
        end
    initial
        if (TOPOUTPUT_SELECT != BOTOUTPUT_SELECT || TOPOUTPUT_SELECT != (MODE_8x8 ? 2 : 3)
            || TOP_8x8_MULT_REG != BOT_8x8_MULT_REG
            || (!MODE_8x8 && PIPELINE_16x16_MULT_REG1 != TOP_8x8_MULT_REG)) begin
            $display("SB_MAC16: just products without an addition are simulated");
            $fatal;
        end
endmodule

// A memory of 4 Kbit: 256 words of 16 bits, or up to eight times as many of fewer bits.
//
// A narrow word has every second, fourth or eighth bit of a word of 16. A read of what is being
// written gives the opposite of what is there, which no design may come to depend on.
module SB_RAM40_4K #(
    parameter [255:0] INIT_0 = 256'd0,
    parameter [255:0] INIT_1 = 256'd0,
    parameter [255:0] INIT_2 = 256'd0,
    parameter [255:0] INIT_3 = 256'd0,
    parameter [255:0] INIT_4 = 256'd0,
    parameter [255:0] INIT_5 = 256'd0,
    parameter [255:0] INIT_6 = 256'd0,
    parameter [255:0] INIT_7 = 256'd0,
    parameter [255:0] INIT_8 = 256'd0,
    parameter [255:0] INIT_9 = 256'd0,
    parameter [255:0] INIT_A = 256'd0,
    parameter [255:0] INIT_B = 256'd0,
    parameter [255:0] INIT_C = 256'd0,
    parameter [255:0] INIT_D = 256'd0,
    parameter [255:0] INIT_E = 256'd0,
    parameter [255:0] INIT_F = 256'd0,
    parameter integer READ_MODE = 0,
    parameter integer WRITE_MODE = 0
) (
    input RCLK, RCLKE, RE, WCLK, WCLKE, WE,
    input [10:0] RADDR, WADDR,
    input [15:0] MASK, WDATA,
    output [15:0] RDATA
);
    reg [15:0] words [0:255];
    wire [4095:0] initial_values = {
        INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
        INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0
    };
    integer index;
    initial
        for (index = 0; index < 256; index = index + 1)
            words[index] = initial_values[16 * index +: 16];

    // Bits between those of a narrow word, and the one of the data ports that stands for them all.
    localparam STEP = 1 << WRITE_MODE;
    localparam PLACE = WRITE_MODE == 0 ? 0 : (1 << (WRITE_MODE - 1)) - 1;
    wire [2:0] write_part = WADDR[10:8];
    wire [2:0] read_part = RADDR[10:8];
    wire writes = WE && WCLKE;
    reg [15:0] written;
    reg [15:0] placed;
    reg [15:0] found;
    integer write_bit;
    integer read_bit;
    always @* begin
        written = 0;
        placed = 0;
        for (write_bit = 0; write_bit < 16; write_bit = write_bit + STEP) begin
            written = written | (16'd1 << (write_bit + write_part));
            placed = placed | ({15'd0, WDATA[write_bit + PLACE]} << (write_bit + write_part));
        end
    end
    wire [15:0] collision = writes && WADDR[7:0] == RADDR[7:0] ? written : 16'd0;
    wire [15:0] word = words[RADDR[7:0]] ^ collision;
    always @* begin
        found = 0;
        for (read_bit = 0; read_bit < 16; read_bit = read_bit + STEP)
            found = found | ({15'd0, word[read_bit + read_part]} << (read_bit + PLACE));
    end
    reg [15:0] fetched = 0;
    always @(posedge RCLK) if (RE) fetched <= found;
    always @(posedge WCLK)
        if (writes) words[WADDR[7:0]] <= (words[WADDR[7:0]] & ~written) | (placed & written);
    assign RDATA = fetched;

    always @(posedge RCLK)
        if (!RCLKE || MASK != 0) begin
            $display("SB_RAM40_4K: just RCLKE = 1 and MASK = 0 are simulated");
            $fatal;
        end
    initial
        if (READ_MODE != WRITE_MODE || READ_MODE > 3 || READ_MODE < 0) begin
            $display("SB_RAM40_4K: just the same mode twice is simulated");
            $fatal;
        end
endmodule

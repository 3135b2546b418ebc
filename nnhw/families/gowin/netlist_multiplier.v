// Multipliers of Gowin devices, for simulated netlists; after Gowin's user guide UG287.
// Registers before, within and behind them are optional.
module MULT9X9 (
    input [8:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [17:0] DOUT,
    output [8:0] SOA, SOB
);
    parameter AREG = 0, BREG = 0, OUT_REG = 0, PIPE_REG = 0, ASIGN_REG = 0, BSIGN_REG = 0;
    parameter SOA_REG = 0, MULT_RESET_MODE = "SYNC";
    wire signed [9:0] a, b;
    wire signed [17:0] product = a * b;
    wire [17:0] pipelined;
    nnhw_register #(10, AREG) input_a (CLK, CE, RESET, {ASIGN && A[8], A}, a);
    nnhw_register #(10, BREG) input_b (CLK, CE, RESET, {BSIGN && B[8], B}, b);
    nnhw_register #(18, PIPE_REG) middle (CLK, CE, RESET, product, pipelined);
    nnhw_register #(18, OUT_REG) last (CLK, CE, RESET, pipelined, DOUT);
endmodule

module MULT18X18 (
    input [17:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT,
    output [17:0] SOA, SOB
);
    parameter AREG = 0, BREG = 0, OUT_REG = 0, PIPE_REG = 0, ASIGN_REG = 0, BSIGN_REG = 0;
    parameter SOA_REG = 0, MULT_RESET_MODE = "SYNC";
    wire signed [18:0] a, b;
    wire signed [35:0] product = a * b;
    wire [35:0] pipelined;
    nnhw_register #(19, AREG) input_a (CLK, CE, RESET, {ASIGN && A[17], A}, a);
    nnhw_register #(19, BREG) input_b (CLK, CE, RESET, {BSIGN && B[17], B}, b);
    nnhw_register #(36, PIPE_REG) middle (CLK, CE, RESET, product, pipelined);
    nnhw_register #(36, OUT_REG) last (CLK, CE, RESET, pipelined, DOUT);
endmodule

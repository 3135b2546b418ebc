// Behaviour of the cells of Gowin GW1N and GW2A that nnhw instantiates, for simulation.
//
// Just the modes that nnhw uses; any other one ends the simulation with an error. Written from
// Gowin's "Digital Signal Processing (DSP) User Guide" (UG287).

// A multiplier of 9 x 9 bits with registers before, within and behind it.
module MULT9X9 #(
    parameter [0:0] AREG = 0,
    parameter [0:0] BREG = 0,
    parameter [0:0] PIPE_REG = 0,
    parameter [0:0] OUT_REG = 0,
    parameter [0:0] ASIGN_REG = 0,
    parameter [0:0] BSIGN_REG = 0,
    parameter [0:0] SOA_REG = 0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input CLK, CE, RESET, ASIGN, BSIGN, ASEL, BSEL,
    input [8:0] A, B, SIA, SIB,
    output [17:0] DOUT
);
    gowin_multiplier #(9, AREG, BREG, PIPE_REG, OUT_REG, ASIGN_REG | BSIGN_REG | SOA_REG)
        multiplier (CLK, CE, RESET | ASEL | BSEL, ASIGN, BSIGN, A, B, DOUT);
endmodule

// A multiplier of 18 x 18 bits with registers before, within and behind it.
module MULT18X18 #(
    parameter [0:0] AREG = 0,
    parameter [0:0] BREG = 0,
    parameter [0:0] PIPE_REG = 0,
    parameter [0:0] OUT_REG = 0,
    parameter [0:0] ASIGN_REG = 0,
    parameter [0:0] BSIGN_REG = 0,
    parameter [0:0] SOA_REG = 0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input CLK, CE, RESET, ASIGN, BSIGN, ASEL, BSEL,
    input [17:0] A, B, SIA, SIB,
    output [35:0] DOUT
);
    gowin_multiplier #(18, AREG, BREG, PIPE_REG, OUT_REG, ASIGN_REG | BSIGN_REG | SOA_REG)
        multiplier (CLK, CE, RESET | ASEL | BSEL, ASIGN, BSIGN, A, B, DOUT);
endmodule

// What all multipliers have in common; `unsupported` is whatever is not simulated.
module gowin_multiplier #(
    parameter WIDTH = 9,
    parameter [0:0] AREG = 0,
    parameter [0:0] BREG = 0,
    parameter [0:0] PIPE_REG = 0,
    parameter [0:0] OUT_REG = 0,
    parameter [0:0] UNSUPPORTED = 0
) (
    input CLK, CE, unsupported, ASIGN, BSIGN,
    input [WIDTH-1:0] A, B,
    output [2*WIDTH-1:0] DOUT
);
    wire signed [WIDTH:0] a = {ASIGN & A[WIDTH-1], A};
    wire signed [WIDTH:0] b = {BSIGN & B[WIDTH-1], B};
    reg signed [WIDTH:0] a_register = 0;
    reg signed [WIDTH:0] b_register = 0;
    wire signed [WIDTH:0] a_used = AREG ? a_register : a;
    wire signed [WIDTH:0] b_used = BREG ? b_register : b;
    wire signed [2*WIDTH-1:0] product = a_used * b_used;
    reg [2*WIDTH-1:0] pipeline_register = 0;
    wire [2*WIDTH-1:0] pipeline = PIPE_REG ? pipeline_register : product;
    reg [2*WIDTH-1:0] output_register = 0;
    always @(posedge CLK) begin
        a_register <= a;
        b_register <= b;
        pipeline_register <= product;
        output_register <= pipeline;
        if (!CE || unsupported || UNSUPPORTED) begin
            $display("MULT9X9, MULT18X18: just CE = 1, no reset and no chains are simulated");
            $fatal;
        end
    end
    assign DOUT = OUT_REG ? output_register : pipeline;
endmodule

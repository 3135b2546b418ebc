// Behaviour of the cells of AMD Xilinx 7 series that nnhw instantiates, for simulation.
//
// Just the modes that nnhw uses; any other one ends the simulation with an error. Written from the
// "7 Series DSP48E1 Slice User Guide" (UG479).

// P = (D + A) * B + C, with registers before, within and behind it.
module DSP48E1 #(
    parameter USE_DPORT = "FALSE",
    parameter integer AREG = 1,
    parameter integer ACASCREG = 1,
    parameter integer BREG = 1,
    parameter integer BCASCREG = 1,
    parameter integer CREG = 1,
    parameter integer DREG = 1,
    parameter integer ADREG = 1,
    parameter integer MREG = 1,
    parameter integer PREG = 1,
    parameter integer INMODEREG = 1,
    parameter integer OPMODEREG = 1,
    parameter integer ALUMODEREG = 1,
    parameter integer CARRYINREG = 1,
    parameter integer CARRYINSELREG = 1
) (
    input CLK, CEA1, CEA2, CEB1, CEB2, CED, CEAD, CEM, CEP, RSTA, RSTB, RSTD, RSTM, RSTP,
    input [29:0] A,
    input [17:0] B,
    input [47:0] C,
    input [24:0] D,
    input [4:0] INMODE,
    input [6:0] OPMODE,
    input [3:0] ALUMODE,
    input CARRYIN,
    input [2:0] CARRYINSEL,
    output [47:0] P
);
    reg [24:0] a_register = 0;
    reg [24:0] d_register = 0;
    reg [24:0] sum_register = 0;
    reg [17:0] b_register_1 = 0;
    reg [17:0] b_register_2 = 0;
    reg [42:0] product_register = 0;
    reg [47:0] output_register = 0;

    wire [24:0] a = AREG == 0 ? A[24:0] : a_register;
    wire [24:0] d = DREG == 0 ? D : d_register;
    wire [24:0] sum = a + d;
    wire signed [24:0] multiplier = ADREG == 0 ? sum : sum_register;
    wire signed [17:0] multiplicand = BREG == 0 ? B : BREG == 1 ? b_register_1 : b_register_2;
    wire signed [42:0] product = multiplier * multiplicand;
    wire [42:0] used = MREG == 0 ? product : product_register;
    wire [47:0] result = {{5{used[42]}}, used} + C;
    always @(posedge CLK) begin
        a_register <= A[24:0];
        d_register <= D;
        sum_register <= sum;
        b_register_1 <= B;
        b_register_2 <= b_register_1;
        product_register <= product;
        output_register <= result;
    end
    assign P = PREG == 0 ? result : output_register;

    always @(posedge CLK)
        if (!CEA1 || !CEA2 || !CEB1 || !CEB2 || !CED || !CEAD || !CEM || !CEP
            || RSTA || RSTB || RSTD || RSTM || RSTP || CARRYIN || CARRYINSEL != 0
            || INMODE != 5'b00100 || OPMODE != 7'b0110101 || ALUMODE != 0) begin
            $display("DSP48E1: just (D + A) * B + C without resets is simulated");
            $fatal;
        end
    initial
        if (USE_DPORT != "TRUE" || AREG > 1 || ACASCREG != AREG || BCASCREG != BREG || CREG != 0
            || INMODEREG != 0 || OPMODEREG != 0 || ALUMODEREG != 0 || CARRYINREG != 0
            || CARRYINSELREG != 0) begin
            $display("DSP48E1: just registers of A, B, D, AD, M and P are simulated, and of A one");
            $fatal;
        end
endmodule

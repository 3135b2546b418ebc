// Behaviour of the cells of the made-up FPGA, for simulation.

// A signed multiplier of 18 x 18 bits with one or two registers behind it.
module FABRIC_MULT #(
    parameter STAGES = 1
) (
    input CLK,
    input signed [17:0] A, B,
    output signed [35:0] P
);
    reg signed [35:0] first = 0;
    reg signed [35:0] second = 0;
    always @(posedge CLK) begin
        first <= A * B;
        second <= first;
    end
    assign P = STAGES == 2 ? second : first;
endmodule

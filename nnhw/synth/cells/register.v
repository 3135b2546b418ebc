// A register that is there or not, as multipliers have them, for simulated netlists.
module nnhw_register #(
    parameter WIDTH = 1,
    parameter PRESENT = 1
) (
    input clk, enable, reset,
    input [WIDTH - 1:0] d,
    output [WIDTH - 1:0] q
);
    reg [WIDTH - 1:0] value = 0;
    always @(posedge clk)
        if (reset) value <= 0;
        else if (enable) value <= d;
    assign q = PRESENT ? value : d;
endmodule

// Carry chains of any FPGA: a bit of an adder, subtractor or comparator is one 4-input LUT.
//
// Yosys's `alumacc` makes $alu cells of all of these; see `help $alu` in Yosys. Additions of one or
// two bits fit into LUTs without a carry chain.

(* techmap_celltype = "$alu" *)
module _80_carry_chain (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;

  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  wire _TECHMAP_FAIL_ = Y_WIDTH <= 2;

  (* force_downto *) wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));

  (* force_downto *) wire [Y_WIDTH-1:0] carry = {CO, CI};
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      \$__CARRY_LUT cell (.A(a[i]), .B(b[i]), .INVERT(BI), .CI(carry[i]), .Y(Y[i]), .CO(CO[i]));
    end
  endgenerate
  assign X = a ^ b ^ {Y_WIDTH{BI}};
endmodule

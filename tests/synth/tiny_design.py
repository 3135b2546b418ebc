"""An exported design that is synthesized in a second."""

from pathlib import Path

from exported_folder import write_folder

SUM_OF_PRODUCTS = """
module tiny (
    input clk, input rst, input [31:0] in, input enable, output reg [16:0] sum, output reg valid
);
  reg signed [15:0] p, q;
  wire signed [15:0] ab = $signed(in[7:0]) * $signed(in[15:8]);
  wire signed [15:0] cd = $signed(in[23:16]) * $signed(in[31:24]);
  reg pending;
  always @(posedge clk) begin
    p <= ab;
    q <= cd;
    sum <= p + q;
    pending <= enable;
    valid <= rst ? 1'b0 : pending;
  end
endmodule
"""
"""Two registered products, added: what an array of multipliers is made of."""


def write_design(folder: Path, verilog: str = SUM_OF_PRODUCTS, **changes) -> Path:
    """Write a folder that `nnhw synth` takes; its top module is "tiny"."""
    entries = {"name": "tiny", "top": "tiny", "sources": ["rtl/tiny.v"]}
    return write_folder(folder, {"rtl/tiny.v": verilog}, **(entries | changes))

// Stands in for an accelerator: 8 bytes in two beats in, 4 bytes in two beats out, after a while. Byte
// i of the output is the sum of bytes i and i + 4 of the input.
module standin (
    input wire clk,
    input wire rst,
    input wire [31:0] s_axis_tdata,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [15:0] m_axis_tdata,
    output wire m_axis_tvalid,
    input wire m_axis_tready,
    output wire m_axis_tlast
);
    reg [7:0] state = 0;  // beats taken, then cycles of work, then beats given
    reg [31:0] sums = 0;
    integer lane;

    assign s_axis_tready = state < 2;
    assign m_axis_tvalid = state >= 100;
    assign m_axis_tlast = state == 101;
    assign m_axis_tdata = sums[15:0];

    always @(posedge clk) begin
        if (rst) begin
            state <= 0;
            sums <= 0;
        end else if (s_axis_tready) begin
            if (s_axis_tvalid) begin
                state <= state + 1;
                for (lane = 0; lane < 4; lane = lane + 1)
                    sums[8*lane +: 8] <= sums[8*lane +: 8] + s_axis_tdata[8*lane +: 8];
            end
        end else if (!m_axis_tvalid) state <= state + 1;
        else if (m_axis_tready) begin
            state <= m_axis_tlast ? 0 : state + 1;
            sums <= m_axis_tlast ? 0 : sums >> 16;
        end
    end
endmodule

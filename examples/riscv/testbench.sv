// Receives what the system sends over its UART and prints it, until a byte 4 (end of transmission).
`timescale 1ns / 1ps

module testbench;
    localparam DIVISOR = 16;
    reg clk = 0;
    reg rst = 1;
    always #5 clk = ~clk;
    initial begin
        repeat (8) @(negedge clk);
        rst = 0;
    end

    wire tx;
    system #(.DIVISOR(DIVISOR)) dut (.clk(clk), .rst(rst), .tx(tx));

    reg [7:0] received;
    initial forever begin
        @(negedge tx);
        repeat (DIVISOR / 2) @(posedge clk);  // the middle of the start bit
        repeat (8) begin
            repeat (DIVISOR) @(posedge clk);
            received = {tx, received[7:1]};
        end
        repeat (DIVISOR) @(posedge clk);
        if (received == 8'h04) begin
            $display("clock cycles: %0d", $time / 10);
            $finish;
        end
        $write("%c", received);
    end

    initial begin
        repeat (100_000_000) @(posedge clk);
        $display("the firmware has not come to its end");
        $finish;
    end
endmodule

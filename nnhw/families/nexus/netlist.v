// Cells of Lattice Nexus of which Yosys has no simulation model, for simulated netlists.
// After Lattice's technical note FPGA-TN-02094.

// A block RAM of 18 Kbit with a port that writes and one that reads.
module PDPSC16K (
    input CLK, CEW, CER, RST,
    input [2:0] CSW, CSR,
    input [13:0] ADW, ADR,
    input [35:0] DI,
    output [35:0] DO,
    output ONEBITERR, TWOBITERR
);
    parameter DATA_WIDTH_W = "X36", DATA_WIDTH_R = "X36", OUTREG = "BYPASSED";
    parameter RESETMODE = "SYNC", ASYNC_RST_RELEASE = "SYNC", GSR = "ENABLED", ECC = "DISABLED";
    parameter CSDECODE_W = "000", CSDECODE_R = "000", INIT_DATA = "STATIC";
    parameter
        INITVAL_00 = 320'd0, INITVAL_01 = 320'd0, INITVAL_02 = 320'd0, INITVAL_03 = 320'd0,
        INITVAL_04 = 320'd0, INITVAL_05 = 320'd0, INITVAL_06 = 320'd0, INITVAL_07 = 320'd0,
        INITVAL_08 = 320'd0, INITVAL_09 = 320'd0, INITVAL_0A = 320'd0, INITVAL_0B = 320'd0,
        INITVAL_0C = 320'd0, INITVAL_0D = 320'd0, INITVAL_0E = 320'd0, INITVAL_0F = 320'd0,
        INITVAL_10 = 320'd0, INITVAL_11 = 320'd0, INITVAL_12 = 320'd0, INITVAL_13 = 320'd0,
        INITVAL_14 = 320'd0, INITVAL_15 = 320'd0, INITVAL_16 = 320'd0, INITVAL_17 = 320'd0,
        INITVAL_18 = 320'd0, INITVAL_19 = 320'd0, INITVAL_1A = 320'd0, INITVAL_1B = 320'd0,
        INITVAL_1C = 320'd0, INITVAL_1D = 320'd0, INITVAL_1E = 320'd0, INITVAL_1F = 320'd0,
        INITVAL_20 = 320'd0, INITVAL_21 = 320'd0, INITVAL_22 = 320'd0, INITVAL_23 = 320'd0,
        INITVAL_24 = 320'd0, INITVAL_25 = 320'd0, INITVAL_26 = 320'd0, INITVAL_27 = 320'd0,
        INITVAL_28 = 320'd0, INITVAL_29 = 320'd0, INITVAL_2A = 320'd0, INITVAL_2B = 320'd0,
        INITVAL_2C = 320'd0, INITVAL_2D = 320'd0, INITVAL_2E = 320'd0, INITVAL_2F = 320'd0,
        INITVAL_30 = 320'd0, INITVAL_31 = 320'd0, INITVAL_32 = 320'd0, INITVAL_33 = 320'd0,
        INITVAL_34 = 320'd0, INITVAL_35 = 320'd0, INITVAL_36 = 320'd0, INITVAL_37 = 320'd0,
        INITVAL_38 = 320'd0, INITVAL_39 = 320'd0, INITVAL_3A = 320'd0, INITVAL_3B = 320'd0,
        INITVAL_3C = 320'd0, INITVAL_3D = 320'd0, INITVAL_3E = 320'd0, INITVAL_3F = 320'd0;

    // Yosys writes these values as texts of hexadecimal digits, nnhw as numbers.
    function [319:0] decoded(input [655:0] value);
        integer digit;
        if (value[655:640] == "0x")
            for (digit = 0; digit < 80; digit = digit + 1)
                decoded[digit * 4 +: 4] = value[digit * 8 +: 4] + (value[digit * 8 + 6] ? 9 : 0);
        else decoded = value[319:0];
    endfunction
    // Of every 10 bits, 9 are used.
    function [18431:0] without_gaps(input [20479:0] values);
        integer byte_;
        for (byte_ = 0; byte_ < 2048; byte_ = byte_ + 1)
            without_gaps[byte_ * 9 +: 9] = values[byte_ * 10 +: 9];
    endfunction
    localparam [18431:0] INIT = without_gaps({
        decoded(INITVAL_3F), decoded(INITVAL_3E), decoded(INITVAL_3D), decoded(INITVAL_3C),
        decoded(INITVAL_3B), decoded(INITVAL_3A), decoded(INITVAL_39), decoded(INITVAL_38),
        decoded(INITVAL_37), decoded(INITVAL_36), decoded(INITVAL_35), decoded(INITVAL_34),
        decoded(INITVAL_33), decoded(INITVAL_32), decoded(INITVAL_31), decoded(INITVAL_30),
        decoded(INITVAL_2F), decoded(INITVAL_2E), decoded(INITVAL_2D), decoded(INITVAL_2C),
        decoded(INITVAL_2B), decoded(INITVAL_2A), decoded(INITVAL_29), decoded(INITVAL_28),
        decoded(INITVAL_27), decoded(INITVAL_26), decoded(INITVAL_25), decoded(INITVAL_24),
        decoded(INITVAL_23), decoded(INITVAL_22), decoded(INITVAL_21), decoded(INITVAL_20),
        decoded(INITVAL_1F), decoded(INITVAL_1E), decoded(INITVAL_1D), decoded(INITVAL_1C),
        decoded(INITVAL_1B), decoded(INITVAL_1A), decoded(INITVAL_19), decoded(INITVAL_18),
        decoded(INITVAL_17), decoded(INITVAL_16), decoded(INITVAL_15), decoded(INITVAL_14),
        decoded(INITVAL_13), decoded(INITVAL_12), decoded(INITVAL_11), decoded(INITVAL_10),
        decoded(INITVAL_0F), decoded(INITVAL_0E), decoded(INITVAL_0D), decoded(INITVAL_0C),
        decoded(INITVAL_0B), decoded(INITVAL_0A), decoded(INITVAL_09), decoded(INITVAL_08),
        decoded(INITVAL_07), decoded(INITVAL_06), decoded(INITVAL_05), decoded(INITVAL_04),
        decoded(INITVAL_03), decoded(INITVAL_02), decoded(INITVAL_01), decoded(INITVAL_00)
    });
    function integer bits(input [23:0] width);
        bits = width == "X36" ? 36 : width == "X18" ? 18 : width == "X9" ? 9 : width == "X4" ? 4
            : width == "X2" ? 2 : 1;
    endfunction
    // The address bits below a word that are all one, unless they enable bytes.
    function [13:0] unused(input [23:0] width);
        unused = width == "X4" ? 3 : width == "X2" ? 1 : 0;
    endfunction
    wire [35:0] unread;
    nnhw_block_ram #(
        .BYTE(9), .INIT(INIT), .WIDTH_A(bits(DATA_WIDTH_W)), .WIDTH_B(bits(DATA_WIDTH_R)),
        .ON_WRITE_A(0), .ON_WRITE_B(0), .PIPELINE_A(0), .PIPELINE_B(OUTREG == "USED")
    ) ram (
        .clk_a(CLK), .enable_a(CEW), .write_a(1'b1), .reset_a(1'b0), .output_enable_a(1'b1),
        .address_a(ADW & ~unused(DATA_WIDTH_W)), .data_a(DI), .q_a(unread),
        .clk_b(CLK), .enable_b(CER), .write_b(1'b0), .reset_b(RST), .output_enable_b(CER),
        .address_b(ADR & ~unused(DATA_WIDTH_R)), .data_b(36'd0), .q_b(DO)
    );
endmodule

// The same with two clocks.
module PDP16K (
    input CLKW, CLKR, CEW, CER, RST,
    input [2:0] CSW, CSR,
    input [13:0] ADW, ADR,
    input [35:0] DI,
    output [35:0] DO,
    output ONEBITERR, TWOBITERR
);
    parameter DATA_WIDTH_W = "X36", DATA_WIDTH_R = "X36", OUTREG = "BYPASSED";
    parameter RESETMODE = "SYNC", ASYNC_RST_RELEASE = "SYNC", GSR = "ENABLED", ECC = "DISABLED";
    parameter CSDECODE_W = "000", CSDECODE_R = "000", INIT_DATA = "STATIC";
    parameter
        INITVAL_00 = 320'd0, INITVAL_01 = 320'd0, INITVAL_02 = 320'd0, INITVAL_03 = 320'd0,
        INITVAL_04 = 320'd0, INITVAL_05 = 320'd0, INITVAL_06 = 320'd0, INITVAL_07 = 320'd0,
        INITVAL_08 = 320'd0, INITVAL_09 = 320'd0, INITVAL_0A = 320'd0, INITVAL_0B = 320'd0,
        INITVAL_0C = 320'd0, INITVAL_0D = 320'd0, INITVAL_0E = 320'd0, INITVAL_0F = 320'd0,
        INITVAL_10 = 320'd0, INITVAL_11 = 320'd0, INITVAL_12 = 320'd0, INITVAL_13 = 320'd0,
        INITVAL_14 = 320'd0, INITVAL_15 = 320'd0, INITVAL_16 = 320'd0, INITVAL_17 = 320'd0,
        INITVAL_18 = 320'd0, INITVAL_19 = 320'd0, INITVAL_1A = 320'd0, INITVAL_1B = 320'd0,
        INITVAL_1C = 320'd0, INITVAL_1D = 320'd0, INITVAL_1E = 320'd0, INITVAL_1F = 320'd0,
        INITVAL_20 = 320'd0, INITVAL_21 = 320'd0, INITVAL_22 = 320'd0, INITVAL_23 = 320'd0,
        INITVAL_24 = 320'd0, INITVAL_25 = 320'd0, INITVAL_26 = 320'd0, INITVAL_27 = 320'd0,
        INITVAL_28 = 320'd0, INITVAL_29 = 320'd0, INITVAL_2A = 320'd0, INITVAL_2B = 320'd0,
        INITVAL_2C = 320'd0, INITVAL_2D = 320'd0, INITVAL_2E = 320'd0, INITVAL_2F = 320'd0,
        INITVAL_30 = 320'd0, INITVAL_31 = 320'd0, INITVAL_32 = 320'd0, INITVAL_33 = 320'd0,
        INITVAL_34 = 320'd0, INITVAL_35 = 320'd0, INITVAL_36 = 320'd0, INITVAL_37 = 320'd0,
        INITVAL_38 = 320'd0, INITVAL_39 = 320'd0, INITVAL_3A = 320'd0, INITVAL_3B = 320'd0,
        INITVAL_3C = 320'd0, INITVAL_3D = 320'd0, INITVAL_3E = 320'd0, INITVAL_3F = 320'd0;

    // Yosys writes these values as texts of hexadecimal digits, nnhw as numbers.
    function [319:0] decoded(input [655:0] value);
        integer digit;
        if (value[655:640] == "0x")
            for (digit = 0; digit < 80; digit = digit + 1)
                decoded[digit * 4 +: 4] = value[digit * 8 +: 4] + (value[digit * 8 + 6] ? 9 : 0);
        else decoded = value[319:0];
    endfunction
    // Of every 10 bits, 9 are used.
    function [18431:0] without_gaps(input [20479:0] values);
        integer byte_;
        for (byte_ = 0; byte_ < 2048; byte_ = byte_ + 1)
            without_gaps[byte_ * 9 +: 9] = values[byte_ * 10 +: 9];
    endfunction
    localparam [18431:0] INIT = without_gaps({
        decoded(INITVAL_3F), decoded(INITVAL_3E), decoded(INITVAL_3D), decoded(INITVAL_3C),
        decoded(INITVAL_3B), decoded(INITVAL_3A), decoded(INITVAL_39), decoded(INITVAL_38),
        decoded(INITVAL_37), decoded(INITVAL_36), decoded(INITVAL_35), decoded(INITVAL_34),
        decoded(INITVAL_33), decoded(INITVAL_32), decoded(INITVAL_31), decoded(INITVAL_30),
        decoded(INITVAL_2F), decoded(INITVAL_2E), decoded(INITVAL_2D), decoded(INITVAL_2C),
        decoded(INITVAL_2B), decoded(INITVAL_2A), decoded(INITVAL_29), decoded(INITVAL_28),
        decoded(INITVAL_27), decoded(INITVAL_26), decoded(INITVAL_25), decoded(INITVAL_24),
        decoded(INITVAL_23), decoded(INITVAL_22), decoded(INITVAL_21), decoded(INITVAL_20),
        decoded(INITVAL_1F), decoded(INITVAL_1E), decoded(INITVAL_1D), decoded(INITVAL_1C),
        decoded(INITVAL_1B), decoded(INITVAL_1A), decoded(INITVAL_19), decoded(INITVAL_18),
        decoded(INITVAL_17), decoded(INITVAL_16), decoded(INITVAL_15), decoded(INITVAL_14),
        decoded(INITVAL_13), decoded(INITVAL_12), decoded(INITVAL_11), decoded(INITVAL_10),
        decoded(INITVAL_0F), decoded(INITVAL_0E), decoded(INITVAL_0D), decoded(INITVAL_0C),
        decoded(INITVAL_0B), decoded(INITVAL_0A), decoded(INITVAL_09), decoded(INITVAL_08),
        decoded(INITVAL_07), decoded(INITVAL_06), decoded(INITVAL_05), decoded(INITVAL_04),
        decoded(INITVAL_03), decoded(INITVAL_02), decoded(INITVAL_01), decoded(INITVAL_00)
    });
    function integer bits(input [23:0] width);
        bits = width == "X36" ? 36 : width == "X18" ? 18 : width == "X9" ? 9 : width == "X4" ? 4
            : width == "X2" ? 2 : 1;
    endfunction
    // The address bits below a word that are all one, unless they enable bytes.
    function [13:0] unused(input [23:0] width);
        unused = width == "X4" ? 3 : width == "X2" ? 1 : 0;
    endfunction
    wire [35:0] unread;
    nnhw_block_ram #(
        .BYTE(9), .INIT(INIT), .WIDTH_A(bits(DATA_WIDTH_W)), .WIDTH_B(bits(DATA_WIDTH_R)),
        .ON_WRITE_A(0), .ON_WRITE_B(0), .PIPELINE_A(0), .PIPELINE_B(OUTREG == "USED")
    ) ram (
        .clk_a(CLKW), .enable_a(CEW), .write_a(1'b1), .reset_a(1'b0), .output_enable_a(1'b1),
        .address_a(ADW & ~unused(DATA_WIDTH_W)), .data_a(DI), .q_a(unread),
        .clk_b(CLKR), .enable_b(CER), .write_b(1'b0), .reset_b(RST), .output_enable_b(CER),
        .address_b(ADR & ~unused(DATA_WIDTH_R)), .data_b(36'd0), .q_b(DO)
    );
endmodule

// A block RAM of 18 Kbit with two ports that write and read.
module DP16K (
    input CLKA, CEA, WEA, RSTA, CLKB, CEB, WEB, RSTB,
    input [2:0] CSA, CSB,
    input [13:0] ADA, ADB,
    input [17:0] DIA, DIB,
    output [17:0] DOA, DOB
);
    parameter DATA_WIDTH_A = "X18", DATA_WIDTH_B = "X18";
    parameter OUTREG_A = "BYPASSED", OUTREG_B = "BYPASSED", GSR = "ENABLED";
    parameter RESETMODE_A = "SYNC", RESETMODE_B = "SYNC", INIT_DATA = "STATIC";
    parameter ASYNC_RST_RELEASE_A = "SYNC", ASYNC_RST_RELEASE_B = "SYNC";
    parameter CSDECODE_A = "000", CSDECODE_B = "000";
    parameter
        INITVAL_00 = 320'd0, INITVAL_01 = 320'd0, INITVAL_02 = 320'd0, INITVAL_03 = 320'd0,
        INITVAL_04 = 320'd0, INITVAL_05 = 320'd0, INITVAL_06 = 320'd0, INITVAL_07 = 320'd0,
        INITVAL_08 = 320'd0, INITVAL_09 = 320'd0, INITVAL_0A = 320'd0, INITVAL_0B = 320'd0,
        INITVAL_0C = 320'd0, INITVAL_0D = 320'd0, INITVAL_0E = 320'd0, INITVAL_0F = 320'd0,
        INITVAL_10 = 320'd0, INITVAL_11 = 320'd0, INITVAL_12 = 320'd0, INITVAL_13 = 320'd0,
        INITVAL_14 = 320'd0, INITVAL_15 = 320'd0, INITVAL_16 = 320'd0, INITVAL_17 = 320'd0,
        INITVAL_18 = 320'd0, INITVAL_19 = 320'd0, INITVAL_1A = 320'd0, INITVAL_1B = 320'd0,
        INITVAL_1C = 320'd0, INITVAL_1D = 320'd0, INITVAL_1E = 320'd0, INITVAL_1F = 320'd0,
        INITVAL_20 = 320'd0, INITVAL_21 = 320'd0, INITVAL_22 = 320'd0, INITVAL_23 = 320'd0,
        INITVAL_24 = 320'd0, INITVAL_25 = 320'd0, INITVAL_26 = 320'd0, INITVAL_27 = 320'd0,
        INITVAL_28 = 320'd0, INITVAL_29 = 320'd0, INITVAL_2A = 320'd0, INITVAL_2B = 320'd0,
        INITVAL_2C = 320'd0, INITVAL_2D = 320'd0, INITVAL_2E = 320'd0, INITVAL_2F = 320'd0,
        INITVAL_30 = 320'd0, INITVAL_31 = 320'd0, INITVAL_32 = 320'd0, INITVAL_33 = 320'd0,
        INITVAL_34 = 320'd0, INITVAL_35 = 320'd0, INITVAL_36 = 320'd0, INITVAL_37 = 320'd0,
        INITVAL_38 = 320'd0, INITVAL_39 = 320'd0, INITVAL_3A = 320'd0, INITVAL_3B = 320'd0,
        INITVAL_3C = 320'd0, INITVAL_3D = 320'd0, INITVAL_3E = 320'd0, INITVAL_3F = 320'd0;

    // Yosys writes these values as texts of hexadecimal digits, nnhw as numbers.
    function [319:0] decoded(input [655:0] value);
        integer digit;
        if (value[655:640] == "0x")
            for (digit = 0; digit < 80; digit = digit + 1)
                decoded[digit * 4 +: 4] = value[digit * 8 +: 4] + (value[digit * 8 + 6] ? 9 : 0);
        else decoded = value[319:0];
    endfunction
    // Of every 10 bits, 9 are used.
    function [18431:0] without_gaps(input [20479:0] values);
        integer byte_;
        for (byte_ = 0; byte_ < 2048; byte_ = byte_ + 1)
            without_gaps[byte_ * 9 +: 9] = values[byte_ * 10 +: 9];
    endfunction
    localparam [18431:0] INIT = without_gaps({
        decoded(INITVAL_3F), decoded(INITVAL_3E), decoded(INITVAL_3D), decoded(INITVAL_3C),
        decoded(INITVAL_3B), decoded(INITVAL_3A), decoded(INITVAL_39), decoded(INITVAL_38),
        decoded(INITVAL_37), decoded(INITVAL_36), decoded(INITVAL_35), decoded(INITVAL_34),
        decoded(INITVAL_33), decoded(INITVAL_32), decoded(INITVAL_31), decoded(INITVAL_30),
        decoded(INITVAL_2F), decoded(INITVAL_2E), decoded(INITVAL_2D), decoded(INITVAL_2C),
        decoded(INITVAL_2B), decoded(INITVAL_2A), decoded(INITVAL_29), decoded(INITVAL_28),
        decoded(INITVAL_27), decoded(INITVAL_26), decoded(INITVAL_25), decoded(INITVAL_24),
        decoded(INITVAL_23), decoded(INITVAL_22), decoded(INITVAL_21), decoded(INITVAL_20),
        decoded(INITVAL_1F), decoded(INITVAL_1E), decoded(INITVAL_1D), decoded(INITVAL_1C),
        decoded(INITVAL_1B), decoded(INITVAL_1A), decoded(INITVAL_19), decoded(INITVAL_18),
        decoded(INITVAL_17), decoded(INITVAL_16), decoded(INITVAL_15), decoded(INITVAL_14),
        decoded(INITVAL_13), decoded(INITVAL_12), decoded(INITVAL_11), decoded(INITVAL_10),
        decoded(INITVAL_0F), decoded(INITVAL_0E), decoded(INITVAL_0D), decoded(INITVAL_0C),
        decoded(INITVAL_0B), decoded(INITVAL_0A), decoded(INITVAL_09), decoded(INITVAL_08),
        decoded(INITVAL_07), decoded(INITVAL_06), decoded(INITVAL_05), decoded(INITVAL_04),
        decoded(INITVAL_03), decoded(INITVAL_02), decoded(INITVAL_01), decoded(INITVAL_00)
    });
    function integer bits(input [23:0] width);
        bits = width == "X36" ? 36 : width == "X18" ? 18 : width == "X9" ? 9 : width == "X4" ? 4
            : width == "X2" ? 2 : 1;
    endfunction
    // The address bits below a word that are all one, unless they enable bytes.
    function [13:0] unused(input [23:0] width);
        unused = width == "X4" ? 3 : width == "X2" ? 1 : 0;
    endfunction
    wire [17:0] unread_a, unread_b;
    nnhw_block_ram #(
        .BYTE(9), .INIT(INIT), .WIDTH_A(bits(DATA_WIDTH_A)), .WIDTH_B(bits(DATA_WIDTH_B)),
        .ON_WRITE_A(0), .ON_WRITE_B(0),
        .PIPELINE_A(OUTREG_A == "USED"), .PIPELINE_B(OUTREG_B == "USED")
    ) ram (
        .clk_a(CLKA), .enable_a(CEA), .write_a(WEA), .reset_a(RSTA), .output_enable_a(CEA),
        .address_a(ADA & ~unused(DATA_WIDTH_A)), .data_a({18'd0, DIA}), .q_a({unread_a, DOA}),
        .clk_b(CLKB), .enable_b(CEB), .write_b(WEB), .reset_b(RSTB), .output_enable_b(CEB),
        .address_b(ADB & ~unused(DATA_WIDTH_B)), .data_b({18'd0, DIB}), .q_b({unread_b, DOB})
    );
endmodule

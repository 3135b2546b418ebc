// Behaviour of the cells of Lattice ECP5 that nnhw instantiates, for simulation.
//
// Just the modes that nnhw uses; any other one ends the simulation with an error. Written from
// Lattice's technical notes FPGA-TN-02204 (memory) and FPGA-TN-02205 (sysDSP).

// A multiplier of 18 x 18 bits with optional registers before, within and behind it.
module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTA_CE = "CE0",
    parameter REG_INPUTA_RST = "RST0",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_INPUTB_CE = "CE0",
    parameter REG_INPUTB_RST = "RST0",
    parameter REG_PIPELINE_CLK = "NONE",
    parameter REG_PIPELINE_CE = "CE0",
    parameter REG_PIPELINE_RST = "RST0",
    parameter REG_OUTPUT_CLK = "NONE",
    parameter REG_OUTPUT_CE = "CE0",
    parameter REG_OUTPUT_RST = "RST0",
    parameter GSR = "ENABLED"
) (
    input CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17, B0, B1,
        B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    output P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18,
        P19, P20, P21, P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);
    wire signed [18:0] a = {SIGNEDA & A17,
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire signed [18:0] b = {SIGNEDB & B17,
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};

    reg signed [18:0] a_register = 0;
    reg signed [18:0] b_register = 0;
    wire signed [18:0] a_used = REG_INPUTA_CLK == "CLK0" ? a_register : a;
    wire signed [18:0] b_used = REG_INPUTB_CLK == "CLK0" ? b_register : b;
    wire signed [35:0] product = a_used * b_used;
    reg [35:0] pipeline_register = 0;
    wire [35:0] pipeline = REG_PIPELINE_CLK == "CLK0" ? pipeline_register : product;
    reg [35:0] output_register = 0;
    always @(posedge CLK0) begin
        a_register <= a;
        b_register <= b;
        pipeline_register <= product;
        output_register <= pipeline;
    end
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = REG_OUTPUT_CLK == "CLK0" ? output_register : pipeline;

    always @(posedge CLK0)
        if (!CE0 || RST0 || SOURCEA || SOURCEB) begin
            $display("MULT18X18D: just CE0 = 1 and RST0 = SOURCEA = SOURCEB = 0 are simulated");
            $fatal;
        end
    initial
        if ((REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0")
            || (REG_INPUTB_CLK != "NONE" && REG_INPUTB_CLK != "CLK0")
            || (REG_PIPELINE_CLK != "NONE" && REG_PIPELINE_CLK != "CLK0")
            || (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0")
            || REG_INPUTA_CE != "CE0" || REG_INPUTA_RST != "RST0"
            || REG_INPUTB_CE != "CE0" || REG_INPUTB_RST != "RST0"
            || REG_PIPELINE_CE != "CE0" || REG_PIPELINE_RST != "RST0"
            || REG_OUTPUT_CE != "CE0" || REG_OUTPUT_RST != "RST0") begin
            $display("MULT18X18D: just registers with CLK0, CE0 and RST0 are simulated");
            $fatal;
        end
endmodule

// A memory of 18 Kbit; port A writes, and port B reads what was there before.
//
// Words of up to 18 bits have DIA and DOB. Those of 36 bits have DIA and DOA as lower halves, DIB
// and DOB as upper ones. A read of what is being written gives the opposite of what is there, which no
// design may come to depend on.
module DP16KD #(
    parameter [319:0] INITVAL_00 = 320'd0,
    parameter [319:0] INITVAL_01 = 320'd0,
    parameter [319:0] INITVAL_02 = 320'd0,
    parameter [319:0] INITVAL_03 = 320'd0,
    parameter [319:0] INITVAL_04 = 320'd0,
    parameter [319:0] INITVAL_05 = 320'd0,
    parameter [319:0] INITVAL_06 = 320'd0,
    parameter [319:0] INITVAL_07 = 320'd0,
    parameter [319:0] INITVAL_08 = 320'd0,
    parameter [319:0] INITVAL_09 = 320'd0,
    parameter [319:0] INITVAL_0A = 320'd0,
    parameter [319:0] INITVAL_0B = 320'd0,
    parameter [319:0] INITVAL_0C = 320'd0,
    parameter [319:0] INITVAL_0D = 320'd0,
    parameter [319:0] INITVAL_0E = 320'd0,
    parameter [319:0] INITVAL_0F = 320'd0,
    parameter [319:0] INITVAL_10 = 320'd0,
    parameter [319:0] INITVAL_11 = 320'd0,
    parameter [319:0] INITVAL_12 = 320'd0,
    parameter [319:0] INITVAL_13 = 320'd0,
    parameter [319:0] INITVAL_14 = 320'd0,
    parameter [319:0] INITVAL_15 = 320'd0,
    parameter [319:0] INITVAL_16 = 320'd0,
    parameter [319:0] INITVAL_17 = 320'd0,
    parameter [319:0] INITVAL_18 = 320'd0,
    parameter [319:0] INITVAL_19 = 320'd0,
    parameter [319:0] INITVAL_1A = 320'd0,
    parameter [319:0] INITVAL_1B = 320'd0,
    parameter [319:0] INITVAL_1C = 320'd0,
    parameter [319:0] INITVAL_1D = 320'd0,
    parameter [319:0] INITVAL_1E = 320'd0,
    parameter [319:0] INITVAL_1F = 320'd0,
    parameter [319:0] INITVAL_20 = 320'd0,
    parameter [319:0] INITVAL_21 = 320'd0,
    parameter [319:0] INITVAL_22 = 320'd0,
    parameter [319:0] INITVAL_23 = 320'd0,
    parameter [319:0] INITVAL_24 = 320'd0,
    parameter [319:0] INITVAL_25 = 320'd0,
    parameter [319:0] INITVAL_26 = 320'd0,
    parameter [319:0] INITVAL_27 = 320'd0,
    parameter [319:0] INITVAL_28 = 320'd0,
    parameter [319:0] INITVAL_29 = 320'd0,
    parameter [319:0] INITVAL_2A = 320'd0,
    parameter [319:0] INITVAL_2B = 320'd0,
    parameter [319:0] INITVAL_2C = 320'd0,
    parameter [319:0] INITVAL_2D = 320'd0,
    parameter [319:0] INITVAL_2E = 320'd0,
    parameter [319:0] INITVAL_2F = 320'd0,
    parameter [319:0] INITVAL_30 = 320'd0,
    parameter [319:0] INITVAL_31 = 320'd0,
    parameter [319:0] INITVAL_32 = 320'd0,
    parameter [319:0] INITVAL_33 = 320'd0,
    parameter [319:0] INITVAL_34 = 320'd0,
    parameter [319:0] INITVAL_35 = 320'd0,
    parameter [319:0] INITVAL_36 = 320'd0,
    parameter [319:0] INITVAL_37 = 320'd0,
    parameter [319:0] INITVAL_38 = 320'd0,
    parameter [319:0] INITVAL_39 = 320'd0,
    parameter [319:0] INITVAL_3A = 320'd0,
    parameter [319:0] INITVAL_3B = 320'd0,
    parameter [319:0] INITVAL_3C = 320'd0,
    parameter [319:0] INITVAL_3D = 320'd0,
    parameter [319:0] INITVAL_3E = 320'd0,
    parameter [319:0] INITVAL_3F = 320'd0,
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter GSR = "ENABLED"
) (
    input CLKA, CEA, OCEA, WEA, RSTA, CSA0, CSA1, CSA2,
    input CLKB, CEB, OCEB, WEB, RSTB, CSB0, CSB1, CSB2,
    input ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12, ADA13,
        ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13,
    input DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12, DIA13,
        DIA14, DIA15, DIA16, DIA17, DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9,
        DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16, DIB17,
    output DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12,
        DOA13, DOA14, DOA15, DOA16, DOA17, DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8,
        DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15, DOB16, DOB17
);
    wire [13:0] write_address = {
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
    };
    wire [13:0] read_address = {
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0
    };
    wire [35:0] value = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
            DIB4, DIB3, DIB2, DIB1, DIB0,
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
            DIA4, DIA3, DIA2, DIA1, DIA0
    };

    // Bytes of 9 bits. Words of less leave out the ninth.
    reg [8:0] bytes [0:2047];
    wire [64*320-1:0] initial_values = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
            INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
            INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
            INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
            INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
            INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
            INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
            INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
            INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
            INITVAL_00
    };
    integer index;
    initial
        for (index = 0; index < 2048; index = index + 1)
            bytes[index] = initial_values[index / 2 * 20 + index % 2 * 9 +: 9];

    // The bytes and bits that a write changes, by their place in the four bytes around its address.
    wire writes = CEA && WEA;
    reg [35:0] written;
    reg [35:0] placed;
    always @* begin
        case (DATA_WIDTH_A)
            36: written = {{9{write_address[3]}}, {9{write_address[2]}},
                           {9{write_address[1]}}, {9{write_address[0]}}};
            18: written = {18'd0, {9{write_address[1]}}, {9{write_address[0]}}}
                          << (write_address[4] ? 18 : 0);
            9: written = 36'h1ff << 9 * write_address[4:3];
            default: written = ((36'd1 << DATA_WIDTH_A) - 1)
                               << (9 * write_address[4:3] + {29'd0, write_address[2:0]});
        endcase
        case (DATA_WIDTH_A)
            36: placed = value;
            18: placed = {2{value[17:0]}};
            9: placed = {4{value[8:0]}};
            default: placed = value << (9 * write_address[4:3] + {29'd0, write_address[2:0]});
        endcase
    end

    wire [35:0] word = {bytes[{read_address[13:5], 2'd3}], bytes[{read_address[13:5], 2'd2}],
                        bytes[{read_address[13:5], 2'd1}], bytes[{read_address[13:5], 2'd0}]};
    wire collides = writes && write_address[13:5] == read_address[13:5];
    wire [35:0] found = word ^ (collides ? written : 36'd0);
    reg [35:0] fetched = 0;
    reg [35:0] output_register = 0;
    wire [35:0] narrow = found >> (9 * read_address[4:3] + {29'd0, read_address[2:0]});
    wire [17:0] mask = DATA_WIDTH_B >= 18 ? 18'h3ffff : (18'd1 << DATA_WIDTH_B) - 18'd1;
    always @(posedge CLKB) begin
        if (CEB)
            fetched <= DATA_WIDTH_B == 36 ? found
                       : {DATA_WIDTH_B == 18 ? (read_address[4] ? found[35:18] : found[17:0])
                                            : narrow[17:0] & mask, 18'd0};
        if (OCEB) output_register <= fetched;
    end
    always @(posedge CLKA)
        if (writes)
            for (index = 0; index < 4; index = index + 1)
                bytes[{write_address[13:5], index[1:0]}] <=
                    (bytes[{write_address[13:5], index[1:0]}] & ~written[9 * index +: 9])
                    | (placed[9 * index +: 9] & written[9 * index +: 9]);
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
            DOB4, DOB3, DOB2, DOB1, DOB0,
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
            DOA4, DOA3, DOA2, DOA1, DOA0
    } = REGMODE_B == "OUTREG" ? output_register : fetched;

    always @(posedge CLKB)
        if ((!CEB && OCEB && REGMODE_B == "OUTREG") || WEB || RSTA || RSTB
            || CSA0 || CSA1 || CSA2 || CSB0 || CSB1 || CSB2) begin
            $display("DP16KD: OCEB without CEB, WEB, resets and CS are not simulated");
            $fatal;
        end
    initial
        if (REGMODE_A != REGMODE_B || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
            || CLKAMUX != "CLKA" || CLKBMUX != "CLKB") begin
            $display("DP16KD: just the same REGMODE twice and default modes are simulated");
            $fatal;
        end
endmodule

// Two bits of a carry chain with look-up tables in front of it.
//
// A table says whether a bit takes its carry on; if not, the first four entries say which one it has.
module CCU2C #(
    parameter [15:0] INIT0 = 16'h0000,
    parameter [15:0] INIT1 = 16'h0000,
    parameter INJECT1_0 = "YES",
    parameter INJECT1_1 = "YES"
) (
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);
    wire takes_on_0 = INIT0[{D0, C0, B0, A0}];
    wire takes_on_1 = INIT1[{D1, C1, B1, A1}];
    wire between = takes_on_0 ? CIN : INIT0[{2'b00, B0, A0}];
    assign S0 = takes_on_0 ^ CIN;
    assign S1 = takes_on_1 ^ between;
    assign COUT = takes_on_1 ? between : INIT1[{2'b00, B1, A1}];
    initial
        if (INJECT1_0 != "NO" || INJECT1_1 != "NO") begin
            $display("CCU2C: just INJECT1_0 = INJECT1_1 = NO is simulated");
            $fatal;
        end
endmodule

// A flip-flop.
module FD1S3AX #(
    parameter GSR = "ENABLED"
) (
    input D, CK,
    output reg Q
);
    initial Q = 0;
    always @(posedge CK) Q <= D;
    initial
        if (GSR != "DISABLED") begin
            $display("FD1S3AX: just GSR = DISABLED is simulated");
            $fatal;
        end
endmodule

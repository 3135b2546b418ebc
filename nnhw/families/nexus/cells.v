// Behaviour of the cells of Lattice Nexus that nnhw instantiates, for simulation.
//
// Just the modes that nnhw uses; any other one ends the simulation with an error. Written from
// Lattice's technical notes FPGA-TN-02094 (memory) and FPGA-TN-02096 (sysDSP).

// A multiplier of 9 x 9 bits with optional registers before it and one behind it.
module MULT9X9 #(
    parameter REGINPUTA = "REGISTER",
    parameter REGINPUTB = "REGISTER",
    parameter REGOUTPUT = "REGISTER",
    parameter GSR = "ENABLED",
    parameter RESETMODE = "SYNC"
) (
    input CLK, CEA, CEB, CEOUT, RSTA, RSTB, RSTOUT, SIGNEDA, SIGNEDB,
    input [8:0] A, B,
    output [17:0] Z
);
    nexus_multiplier #(9, REGINPUTA == "REGISTER", REGINPUTB == "REGISTER",
                       REGOUTPUT != "REGISTER" || GSR != "DISABLED")
        multiplier (CLK, !CEA | !CEB | !CEOUT | RSTA | RSTB | RSTOUT, SIGNEDA, SIGNEDB, A, B, Z);
endmodule

// A multiplier of 18 x 18 bits with optional registers before it and one behind it.
module MULT18X18 #(
    parameter REGINPUTA = "REGISTER",
    parameter REGINPUTB = "REGISTER",
    parameter REGOUTPUT = "REGISTER",
    parameter GSR = "ENABLED",
    parameter RESETMODE = "SYNC"
) (
    input CLK, CEA, CEB, CEOUT, RSTA, RSTB, RSTOUT, SIGNEDA, SIGNEDB,
    input [17:0] A, B,
    output [35:0] Z
);
    nexus_multiplier #(18, REGINPUTA == "REGISTER", REGINPUTB == "REGISTER",
                       REGOUTPUT != "REGISTER" || GSR != "DISABLED")
        multiplier (CLK, !CEA | !CEB | !CEOUT | RSTA | RSTB | RSTOUT, SIGNEDA, SIGNEDB, A, B, Z);
endmodule

// What all multipliers have in common; `unsupported` is whatever is not simulated.
module nexus_multiplier #(
    parameter WIDTH = 9,
    parameter REGISTER_A = 1,
    parameter REGISTER_B = 1,
    parameter UNSUPPORTED = 0
) (
    input CLK, unsupported, SIGNEDA, SIGNEDB,
    input [WIDTH-1:0] A, B,
    output reg [2*WIDTH-1:0] Z
);
    wire signed [WIDTH:0] a = {SIGNEDA & A[WIDTH-1], A};
    wire signed [WIDTH:0] b = {SIGNEDB & B[WIDTH-1], B};
    reg signed [WIDTH:0] a_register = 0;
    reg signed [WIDTH:0] b_register = 0;
    wire signed [WIDTH:0] a_used = REGISTER_A != 0 ? a_register : a;
    wire signed [WIDTH:0] b_used = REGISTER_B != 0 ? b_register : b;
    wire signed [2*WIDTH+1:0] product = a_used * b_used;
    initial Z = 0;
    always @(posedge CLK) begin
        a_register <= a;
        b_register <= b;
        Z <= product[2*WIDTH-1:0];
        if (unsupported) begin
            $display("MULT%0dX%0d: just CE = 1 and RST = 0 are simulated", WIDTH, WIDTH);
            $fatal;
        end
    end
    initial
        if (UNSUPPORTED != 0) begin
            $display("MULT%0dX%0d: just REGOUTPUT = REGISTER and GSR = DISABLED are simulated",
                     WIDTH, WIDTH);
            $fatal;
        end
endmodule

// A memory block of 18 Kbit with a port that writes and one that reads, at the same clock.
module PDPSC16K #(
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
    parameter DATA_WIDTH_W = "X36",
    parameter DATA_WIDTH_R = "X36",
    parameter OUTREG = "BYPASSED",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RST_RELEASE = "SYNC",
    parameter CSDECODE_W = "000",
    parameter CSDECODE_R = "000",
    parameter ECC = "DISABLED",
    parameter GSR = "ENABLED"
) (
    input CLK, CEW, CER, RST,
    input [2:0] CSW, CSR,
    input [13:0] ADW, ADR,
    input [35:0] DI,
    output [35:0] DO
);
    localparam WIDTH = DATA_WIDTH_W == "X36" ? 36 : DATA_WIDTH_W == "X18" ? 18
        : DATA_WIDTH_W == "X9" ? 9 : DATA_WIDTH_W == "X4" ? 4 : DATA_WIDTH_W == "X2" ? 2 : 1;

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
            bytes[index] = initial_values[index * 10 +: 9];

    // The place of a word in the four bytes around it: its lowest bit.
    function [5:0] place(input [4:0] address);
        case (WIDTH)
            36: place = 0;
            18: place = address[4] ? 6'd18 : 6'd0;
            9: place = 6'd9 * {4'd0, address[4:3]};
            4: place = 6'd9 * {4'd0, address[4:3]} + {3'd0, address[2], 2'd0};
            2: place = 6'd9 * {4'd0, address[4:3]} + {3'd0, address[2:1], 1'd0};
            default: place = 6'd9 * {4'd0, address[4:3]} + {3'd0, address[2:0]};
        endcase
    endfunction
    localparam [35:0] MASK = {36{1'b1}} >> 36 - WIDTH;
    wire [35:0] written = CEW ? MASK << place(ADW[4:0]) : 36'd0;
    wire [35:0] placed = (DI & MASK) << place(ADW[4:0]);

    wire [35:0] around = {bytes[{ADR[13:5], 2'd3}], bytes[{ADR[13:5], 2'd2}],
                          bytes[{ADR[13:5], 2'd1}], bytes[{ADR[13:5], 2'd0}]};
    wire collides = ADW[13:5] == ADR[13:5];
    wire [35:0] found = around ^ (collides ? written : 36'd0);
    reg [35:0] fetched = 0;
    reg [35:0] output_register = 0;
    always @(posedge CLK) begin
        if (CER) fetched <= found >> place(ADR[4:0]) & MASK;
        output_register <= fetched;
        for (index = 0; index < 4; index = index + 1)
            bytes[{ADW[13:5], index[1:0]}] <=
                (bytes[{ADW[13:5], index[1:0]}] & ~written[9 * index +: 9])
                | (placed[9 * index +: 9] & written[9 * index +: 9]);
        if ((!CER && OUTREG == "USED") || RST || CSW != 3'b111 || CSR != 3'b111
            || (CEW && WIDTH == 36 && ADW[3:0] != 4'hf)
            || (CEW && WIDTH == 18 && ADW[1:0] != 2'h3)) begin
            $display("PDPSC16K: just CER = 1 with OUTREG, RST = 0, CS = 7 and whole words are simulated");
            $fatal;
        end
    end
    assign DO = OUTREG == "USED" ? output_register : fetched;
    initial
        if (DATA_WIDTH_W != DATA_WIDTH_R || CSDECODE_W != "111" || CSDECODE_R != "111"
            || ECC != "DISABLED" || GSR != "DISABLED") begin
            $display("PDPSC16K: just the same width twice and no ECC are simulated");
            $fatal;
        end
endmodule

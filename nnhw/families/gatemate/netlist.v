// Block RAMs of Cologne Chip GateMate, for simulated netlists: Yosys 0.70 cannot read its own models
// of them, which begin with two initial values. After Cologne Chip's "Primitives Library" (UG1001).

// A block RAM of 512 rows of twice HALF bits. A port's words have 1, 2, 5, 10, 20, 40 or 80 bits.
//
// With IS_SIMPLE, port A writes and port B reads, and words of more than HALF bits have their upper
// halves at the data of port B.
module gatemate_block_ram #(
    parameter HALF = 20,
    parameter IS_SIMPLE = 0,
    parameter READ_A = 0,
    parameter READ_B = 0,
    parameter WRITE_A = 0,
    parameter WRITE_B = 0,
    parameter THROUGH_A = 0,
    parameter THROUGH_B = 0,
    parameter REGISTER_A = 0,
    parameter REGISTER_B = 0,
    parameter [1024 * HALF - 1:0] INIT = 0
) (
    input clk_a, enable_a, write_a, clk_b, enable_b, write_b,
    input [15:0] address_a, address_b,
    input [HALF - 1:0] data_a, mask_a, data_b, mask_b,
    output [HALF - 1:0] q_a, q_b
);
    localparam ROW = 2 * HALF;
    reg [ROW - 1:0] rows [0:511];
    integer row;
    initial for (row = 0; row < 512; row = row + 1) rows[row] = INIT[row * ROW +: ROW];

    // The lowest bit of a word in its row. Words of 1 and 2 bits leave out every fifth bit.
    function [6:0] place(input [5:0] address, input integer width);
        place = width <= 1 ? address + address / 4
            : width <= 2 ? 2 * (address / 2) + address / 4
            : width <= 5 ? 5 * (address / 4)
            : width <= 10 ? 10 * (address / 8)
            : width <= 20 ? 20 * (address / 16)
            : width <= 40 ? 40 * (address / 32) : 0;
    endfunction
    function [ROW - 1:0] word(input integer width);
        word = {ROW{1'b1}} >> (ROW - width);
    endfunction
    localparam WIDTH_A = READ_A > WRITE_A ? READ_A : WRITE_A;
    localparam WIDTH_B = READ_B > WRITE_B ? READ_B : WRITE_B;
    wire [6:0] place_a = place(address_a[6:1], WIDTH_A);
    wire [6:0] place_b = place(address_b[6:1], WIDTH_B);
    wire [ROW - 1:0] value_a = {IS_SIMPLE ? data_b : {HALF{1'b0}}, data_a};
    wire [ROW - 1:0] written_a = word(WRITE_A) & {IS_SIMPLE ? mask_b : {HALF{1'b0}}, mask_a};
    wire [ROW - 1:0] written_b = word(WRITE_B) & {{HALF{1'b0}}, mask_b};
    wire [ROW - 1:0] old_a = rows[address_a[15:7]] >> place_a;
    wire [ROW - 1:0] old_b = rows[address_b[15:7]] >> place_b;
    reg [ROW - 1:0] fetched_a = 0, fetched_b = 0, register_a = 0, register_b = 0;
    always @(posedge clk_a) begin
        if (enable_a && write_a && WRITE_A != 0)
            rows[address_a[15:7]] <= (rows[address_a[15:7]] & ~(written_a << place_a))
                | ((value_a & written_a) << place_a);
        if (enable_a && (!write_a || THROUGH_A))
            fetched_a <= word(READ_A)
                & (write_a ? (old_a & ~written_a) | (value_a & written_a) : old_a);
        register_a <= fetched_a;
    end
    always @(posedge clk_b) begin
        if (!IS_SIMPLE && enable_b && write_b && WRITE_B != 0)
            rows[address_b[15:7]] <= (rows[address_b[15:7]] & ~(written_b << place_b))
                | (({{HALF{1'b0}}, data_b} & written_b) << place_b);
        if (enable_b && (IS_SIMPLE || !write_b || THROUGH_B))
            fetched_b <= word(READ_B) & (!IS_SIMPLE && write_b
                ? (old_b & ~written_b) | ({{HALF{1'b0}}, data_b} & written_b) : old_b);
        register_b <= fetched_b;
    end
    wire [ROW - 1:0] seen_a = REGISTER_A ? register_a : fetched_a;
    wire [ROW - 1:0] seen_b = REGISTER_B ? register_b : fetched_b;
    assign q_a = IS_SIMPLE ? seen_b[HALF - 1:0] : seen_a[HALF - 1:0];
    assign q_b = IS_SIMPLE ? seen_b[ROW - 1:HALF] : seen_b[HALF - 1:0];
endmodule

// Half a block RAM.
module CC_BRAM_20K (
    output [19:0] A_DO, B_DO,
    output ECC_1B_ERR, ECC_2B_ERR,
    input A_CLK, B_CLK, A_EN, B_EN, A_WE, B_WE,
    input [15:0] A_ADDR, B_ADDR,
    input [19:0] A_DI, B_DI, A_BM, B_BM
);
    parameter LOC = "UNPLACED", RAM_MODE = "SDP", ECC_EN = 1'b0;
    parameter A_RD_WIDTH = 0, B_RD_WIDTH = 0, A_WR_WIDTH = 0, B_WR_WIDTH = 0;
    parameter A_WR_MODE = "NO_CHANGE", B_WR_MODE = "NO_CHANGE";
    parameter A_CLK_INV = 1'b0, B_CLK_INV = 1'b0, A_EN_INV = 1'b0, B_EN_INV = 1'b0;
    parameter A_WE_INV = 1'b0, B_WE_INV = 1'b0, A_DO_REG = 1'b0, B_DO_REG = 1'b0;
    parameter [319:0]
        INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0,
        INIT_07 = 0, INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0,
        INIT_0E = 0, INIT_0F = 0, INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0,
        INIT_15 = 0, INIT_16 = 0, INIT_17 = 0, INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0,
        INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0, INIT_20 = 0, INIT_21 = 0, INIT_22 = 0,
        INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0, INIT_28 = 0, INIT_29 = 0,
        INIT_2A = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0, INIT_30 = 0,
        INIT_31 = 0, INIT_32 = 0, INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0,
        INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0,
        INIT_3F = 0;
    gatemate_block_ram #(
        .HALF(20), .IS_SIMPLE(RAM_MODE == "SDP"),
        .READ_A(A_RD_WIDTH), .READ_B(B_RD_WIDTH), .WRITE_A(A_WR_WIDTH), .WRITE_B(B_WR_WIDTH),
        .THROUGH_A(A_WR_MODE == "WRITE_THROUGH"), .THROUGH_B(B_WR_MODE == "WRITE_THROUGH"),
        .REGISTER_A(A_DO_REG), .REGISTER_B(B_DO_REG),
        .INIT({
            INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38, INIT_37,
            INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F, INIT_2E,
            INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28, INIT_27, INIT_26, INIT_25,
            INIT_24, INIT_23, INIT_22, INIT_21, INIT_20, INIT_1F, INIT_1E, INIT_1D, INIT_1C,
            INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15, INIT_14, INIT_13,
            INIT_12, INIT_11, INIT_10, INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A,
            INIT_09, INIT_08, INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01,
            INIT_00
        })
    ) ram (
        .clk_a(A_CLK ^ A_CLK_INV), .enable_a(A_EN ^ A_EN_INV), .write_a(A_WE ^ A_WE_INV),
        .address_a(A_ADDR), .data_a(A_DI), .mask_a(A_BM), .q_a(A_DO),
        .clk_b(B_CLK ^ B_CLK_INV), .enable_b(B_EN ^ B_EN_INV), .write_b(B_WE ^ B_WE_INV),
        .address_b(B_ADDR), .data_b(B_DI), .mask_b(B_BM), .q_b(B_DO)
    );
endmodule

// A block RAM; that two of them follow one another is not known here.
module CC_BRAM_40K (
    output [39:0] A_DO, B_DO,
    output A_ECC_1B_ERR, B_ECC_1B_ERR, A_ECC_2B_ERR, B_ECC_2B_ERR, A_CO, B_CO,
    input A_CI, B_CI,
    input A_CLK, B_CLK, A_EN, B_EN, A_WE, B_WE,
    input [15:0] A_ADDR, B_ADDR,
    input [39:0] A_DI, B_DI, A_BM, B_BM
);
    parameter LOC = "UNPLACED", RAM_MODE = "SDP", ECC_EN = 1'b0;
    parameter A_RD_WIDTH = 0, B_RD_WIDTH = 0, A_WR_WIDTH = 0, B_WR_WIDTH = 0;
    parameter A_WR_MODE = "NO_CHANGE", B_WR_MODE = "NO_CHANGE";
    parameter A_CLK_INV = 1'b0, B_CLK_INV = 1'b0, A_EN_INV = 1'b0, B_EN_INV = 1'b0;
    parameter A_WE_INV = 1'b0, B_WE_INV = 1'b0, A_DO_REG = 1'b0, B_DO_REG = 1'b0;
    parameter CAS = "NONE", A_ECC_EN = 1'b0, B_ECC_EN = 1'b0;
    parameter [319:0]
        INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0, INIT_04 = 0, INIT_05 = 0, INIT_06 = 0,
        INIT_07 = 0, INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0, INIT_0C = 0, INIT_0D = 0,
        INIT_0E = 0, INIT_0F = 0, INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0, INIT_14 = 0,
        INIT_15 = 0, INIT_16 = 0, INIT_17 = 0, INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0,
        INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0, INIT_20 = 0, INIT_21 = 0, INIT_22 = 0,
        INIT_23 = 0, INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0, INIT_28 = 0, INIT_29 = 0,
        INIT_2A = 0, INIT_2B = 0, INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0, INIT_30 = 0,
        INIT_31 = 0, INIT_32 = 0, INIT_33 = 0, INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0,
        INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0, INIT_3C = 0, INIT_3D = 0, INIT_3E = 0,
        INIT_3F = 0, INIT_40 = 0, INIT_41 = 0, INIT_42 = 0, INIT_43 = 0, INIT_44 = 0, INIT_45 = 0,
        INIT_46 = 0, INIT_47 = 0, INIT_48 = 0, INIT_49 = 0, INIT_4A = 0, INIT_4B = 0, INIT_4C = 0,
        INIT_4D = 0, INIT_4E = 0, INIT_4F = 0, INIT_50 = 0, INIT_51 = 0, INIT_52 = 0, INIT_53 = 0,
        INIT_54 = 0, INIT_55 = 0, INIT_56 = 0, INIT_57 = 0, INIT_58 = 0, INIT_59 = 0, INIT_5A = 0,
        INIT_5B = 0, INIT_5C = 0, INIT_5D = 0, INIT_5E = 0, INIT_5F = 0, INIT_60 = 0, INIT_61 = 0,
        INIT_62 = 0, INIT_63 = 0, INIT_64 = 0, INIT_65 = 0, INIT_66 = 0, INIT_67 = 0, INIT_68 = 0,
        INIT_69 = 0, INIT_6A = 0, INIT_6B = 0, INIT_6C = 0, INIT_6D = 0, INIT_6E = 0, INIT_6F = 0,
        INIT_70 = 0, INIT_71 = 0, INIT_72 = 0, INIT_73 = 0, INIT_74 = 0, INIT_75 = 0, INIT_76 = 0,
        INIT_77 = 0, INIT_78 = 0, INIT_79 = 0, INIT_7A = 0, INIT_7B = 0, INIT_7C = 0, INIT_7D = 0,
        INIT_7E = 0, INIT_7F = 0;
    gatemate_block_ram #(
        .HALF(40), .IS_SIMPLE(RAM_MODE == "SDP"),
        .READ_A(A_RD_WIDTH), .READ_B(B_RD_WIDTH), .WRITE_A(A_WR_WIDTH), .WRITE_B(B_WR_WIDTH),
        .THROUGH_A(A_WR_MODE == "WRITE_THROUGH"), .THROUGH_B(B_WR_MODE == "WRITE_THROUGH"),
        .REGISTER_A(A_DO_REG), .REGISTER_B(B_DO_REG),
        .INIT({
            INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78, INIT_77,
            INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70, INIT_6F, INIT_6E,
            INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68, INIT_67, INIT_66, INIT_65,
            INIT_64, INIT_63, INIT_62, INIT_61, INIT_60, INIT_5F, INIT_5E, INIT_5D, INIT_5C,
            INIT_5B, INIT_5A, INIT_59, INIT_58, INIT_57, INIT_56, INIT_55, INIT_54, INIT_53,
            INIT_52, INIT_51, INIT_50, INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A,
            INIT_49, INIT_48, INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41,
            INIT_40, INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
            INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30, INIT_2F,
            INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28, INIT_27, INIT_26,
            INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20, INIT_1F, INIT_1E, INIT_1D,
            INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18, INIT_17, INIT_16, INIT_15, INIT_14,
            INIT_13, INIT_12, INIT_11, INIT_10, INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B,
            INIT_0A, INIT_09, INIT_08, INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02,
            INIT_01, INIT_00
        })
    ) ram (
        .clk_a(A_CLK ^ A_CLK_INV), .enable_a(A_EN ^ A_EN_INV), .write_a(A_WE ^ A_WE_INV),
        .address_a(A_ADDR), .data_a(A_DI), .mask_a(A_BM), .q_a(A_DO),
        .clk_b(B_CLK ^ B_CLK_INV), .enable_b(B_EN ^ B_EN_INV), .write_b(B_WE ^ B_WE_INV),
        .address_b(B_ADDR), .data_b(B_DI), .mask_b(B_BM), .q_b(B_DO)
    );
endmodule

// Constants of a netlist of Yosys 0.70 as nextpnr 0.11 takes them, which wants carry chains to begin
// with no carry at all and refuses the cell of a zero that Yosys puts there.
module VLO (output Z);
    assign Z = 1'b0;
endmodule

// The carry into the first pair of bits does not matter: the second one makes its own.
module CCU2 (
    input CIN, A1, B1, C1, D1, A0, B0, C0, D0,
    output S1, S0, COUT
);
    parameter INJECT = "YES";
    parameter INIT0 = "0x0000";
    parameter INIT1 = "0x0000";
    parameter _TECHMAP_CONSTMSK_CIN_ = 0;
    parameter _TECHMAP_CONSTVAL_CIN_ = 1'bx;
    wire _TECHMAP_FAIL_ = _TECHMAP_CONSTMSK_CIN_ != 1'b1 || _TECHMAP_CONSTVAL_CIN_ !== 1'b0;
    CCU2 #(.INJECT(INJECT), .INIT0(INIT0), .INIT1(INIT1)) _TECHMAP_REPLACE_ (
        .CIN(1'bx), .A0(A0), .B0(B0), .C0(C0), .D0(D0), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
        .S0(S0), .S1(S1), .COUT(COUT)
    );
endmodule

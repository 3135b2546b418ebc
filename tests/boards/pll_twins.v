// Behavioural twins of the PLLs that board tops have, for simulation without real time: the clock is
// passed on as it is, since all that counts is how many clock cycles a bit of the serial line takes.
// Each lets the design wait for its lock, as the cell itself does.

module pll_twin (
    input wire clock_in,
    output wire clock_out,
    output wire locked
);
    reg [4:0] cycles = 0;
    assign clock_out = clock_in;
    assign locked = &cycles;
    always @(posedge clock_in) if (!locked) cycles <= cycles + 1;
endmodule

module EHXPLLL #(
    parameter CLKI_DIV = 1,
    parameter CLKFB_DIV = 1,
    parameter CLKOP_DIV = 1,
    parameter CLKOP_CPHASE = 0,
    parameter CLKOP_ENABLE = "",
    parameter FEEDBK_PATH = ""
) (
    input wire CLKI, CLKFB, RST, STDBY, PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG,
    input wire PLLWAKESYNC, ENCLKOP,
    output wire CLKOP, LOCK
);
    pll_twin twin (.clock_in(CLKI), .clock_out(CLKOP), .locked(LOCK));
endmodule

module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "",
    parameter DIVR = 0,
    parameter DIVF = 0,
    parameter DIVQ = 0,
    parameter FILTER_RANGE = 0
) (
    input wire PACKAGEPIN, RESETB, BYPASS,
    output wire PLLOUTGLOBAL, LOCK
);
    pll_twin twin (.clock_in(PACKAGEPIN), .clock_out(PLLOUTGLOBAL), .locked(LOCK));
endmodule

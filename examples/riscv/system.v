// A bare RISC-V system: VexRiscv, memory, a UART and an accelerator on its Wishbone bus.
//
// VexRiscv has two masters in Wishbone's standard mode: strobes are held until the answer. That of
// instructions reaches the memory only; that of data reaches
//     0x00000000  memory, 64 KiB
//     0x10000000  UART: a byte written is sent; reads 1 while it cannot be
//     0x40000000  accelerator
//
// The macros ACCELERATOR and ADDRESS_BITS are name and address bits of the accelerator.
module system #(
    parameter DIVISOR = 16,  // clock cycles of a bit of the UART
    parameter FIRMWARE = "firmware.hex"
) (
    input wire clk,
    input wire rst,
    output wire tx
);
    localparam WORDS = 16384;

    wire ibus_cyc, ibus_stb, dbus_cyc, dbus_stb, dbus_we;
    wire [29:0] ibus_adr, dbus_adr;
    wire [31:0] dbus_write;
    wire [3:0] dbus_sel;
    reg ibus_ack = 0;
    reg [31:0] ibus_read;
    reg [31:0] dbus_read;
    wire dbus_ack;
    wire irq;

    VexRiscv cpu (
        .clk(clk),
        .reset(rst),
        .externalResetVector(32'h0),
        .timerInterrupt(1'b0),
        .softwareInterrupt(1'b0),
        .externalInterruptArray({31'b0, irq}),
        .iBusWishbone_CYC(ibus_cyc),
        .iBusWishbone_STB(ibus_stb),
        .iBusWishbone_ACK(ibus_ack),
        .iBusWishbone_ADR(ibus_adr),
        .iBusWishbone_DAT_MISO(ibus_read),
        .iBusWishbone_ERR(1'b0),
        .iBusWishbone_WE(),
        .iBusWishbone_DAT_MOSI(),
        .iBusWishbone_SEL(),
        .iBusWishbone_CTI(),
        .iBusWishbone_BTE(),
        .dBusWishbone_CYC(dbus_cyc),
        .dBusWishbone_STB(dbus_stb),
        .dBusWishbone_ACK(dbus_ack),
        .dBusWishbone_WE(dbus_we),
        .dBusWishbone_ADR(dbus_adr),
        .dBusWishbone_DAT_MISO(dbus_read),
        .dBusWishbone_DAT_MOSI(dbus_write),
        .dBusWishbone_SEL(dbus_sel),
        .dBusWishbone_ERR(1'b0),
        .dBusWishbone_CTI(),
        .dBusWishbone_BTE()
    );

    wire asks = dbus_cyc && dbus_stb;
    wire asks_memory = asks && dbus_adr[29:26] == 4'h0;
    wire asks_uart = asks && dbus_adr[29:26] == 4'h1;
    wire asks_accelerator = asks && dbus_adr[29:26] == 4'h4;

    // memory: a port for instructions, one for data
    reg [31:0] memory [0:WORDS-1];
    initial $readmemh(FIRMWARE, memory);
    reg memory_ack = 0;
    reg [31:0] memory_read;
    integer lane;
    always @(posedge clk) begin
        ibus_ack <= ibus_cyc && ibus_stb && !ibus_ack && !rst;
        ibus_read <= memory[ibus_adr[13:0]];
        memory_ack <= asks_memory && !memory_ack && !rst;
        memory_read <= memory[dbus_adr[13:0]];
        if (asks_memory && dbus_we && !memory_ack)
            for (lane = 0; lane < 4; lane = lane + 1)
                if (dbus_sel[lane]) memory[dbus_adr[13:0]][8*lane +: 8] <= dbus_write[8*lane +: 8];
    end

    // UART: 8 bits, no parity, one stop bit
    reg uart_ack = 0;
    reg [9:0] shift = 10'h3ff;
    reg [3:0] bits_left = 0;
    reg [15:0] cycles_left = 0;
    wire uart_is_busy = bits_left != 0;
    assign tx = shift[0];
    always @(posedge clk) begin
        uart_ack <= asks_uart && !uart_ack && !rst;
        if (cycles_left != 0) cycles_left <= cycles_left - 1;
        else if (uart_is_busy) begin
            shift <= {1'b1, shift[9:1]};
            bits_left <= bits_left - 1;
            cycles_left <= DIVISOR - 1;
        end
        if (asks_uart && dbus_we && !uart_ack && !uart_is_busy) begin
            shift <= {1'b1, dbus_write[7:0], 1'b0};
            bits_left <= 10;
            cycles_left <= DIVISOR - 1;
        end
        if (rst) {bits_left, shift[0]} <= 5'h01;
    end

    wire accelerator_ack;
    wire [31:0] accelerator_read;
    `ACCELERATOR accelerator (
        .clk(clk),
        .rst(rst),
        .s_wb_cyc(asks_accelerator),
        .s_wb_stb(asks_accelerator),
        .s_wb_we(dbus_we),
        .s_wb_adr(dbus_adr[`ADDRESS_BITS-3:0]),
        .s_wb_dat_w(dbus_write),
        .s_wb_sel(dbus_sel),
        .s_wb_dat_r(accelerator_read),
        .s_wb_ack(accelerator_ack),
        .s_wb_err(),
        .s_wb_stall(),  // a strobe that is held until the answer is taken once
        .frame_error(),
        .irq(irq)
    );

    assign dbus_ack = memory_ack || uart_ack || accelerator_ack;
    always @(*) begin
        dbus_read = memory_read;
        if (asks_uart) dbus_read = {31'b0, uart_is_busy};
        if (asks_accelerator) dbus_read = accelerator_read;
    end
endmodule

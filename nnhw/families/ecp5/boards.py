"""Boards with Lattice ECP5."""

from dataclasses import replace

from ..board import Board
from .family import FAMILY

BOARDS = (
    Board(
        name="ulx3s-85f",
        title="Radiona ULX3S 85F",
        target=FAMILY.target("ecp5-85k"),
        clock_pin="G2",
        clock_hz=25_000_000,
        design_hz=50_000_000,
        rx_pin="M1",
        tx_pin="L4",
        led_pin="B2",
        led_inverted=False,
        io_standard="LVCMOS33",
        serial="USB connector US1 (FT231X)",
        load="openFPGALoader -b ulx3s",
        source="https://github.com/emard/ulx3s/blob/master/doc/constraints/ulx3s_v20.lpf",
    ),
    Board(
        name="orangecrab-25f",
        title="OrangeCrab r0.2, 25F",
        target=replace(FAMILY.target("ecp5-25k"), part="CSFBGA285", speed_grades=("8",)),
        clock_pin="A9",
        clock_hz=48_000_000,
        design_hz=48_000_000,
        rx_pin="N17",
        tx_pin="M18",
        led_pin="M3",
        led_inverted=True,
        io_standard="LVCMOS33",
        # its USB connector goes to the FPGA's own pins, not to a serial adapter
        serial="pins 0 (RX) and 1 (TX) of the Feather header, with a 3.3 V serial adapter",
        load="dfu-util -d 1209:5af0 -a 0 -D",
        source="https://github.com/orangecrab-fpga/orangecrab-hardware (r0.2)",
    ),
    Board(
        name="colorlight-i5",
        title="Colorlight i5 v7.0 on the extension board",
        target=FAMILY.target("ecp5-25k"),
        clock_pin="P3",
        clock_hz=25_000_000,
        design_hz=50_000_000,
        rx_pin="H18",
        tx_pin="J17",
        led_pin="U16",
        led_inverted=True,
        io_standard="LVCMOS33",
        serial="USB connector of the extension board (DAPLink)",
        load="openFPGALoader -b colorlight-i5",
        source="https://github.com/wuxx/Colorlight-FPGA-Projects",
    ),
)

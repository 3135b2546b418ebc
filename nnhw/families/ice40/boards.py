"""Boards with Lattice iCE40 UltraPlus."""

from ..board import Board
from .family import FAMILY

BOARDS = (
    Board(
        name="icebreaker",
        title="1BitSquared iCEBreaker",
        target=FAMILY.target("ice40up5k"),
        clock_pin="35",
        clock_hz=12_000_000,
        design_hz=12_000_000,
        rx_pin="6",
        tx_pin="9",
        led_pin="37",
        led_inverted=True,
        io_standard="SB_LVCMOS",
        serial="USB connector (FT2232H, second channel)",
        load="iceprog",
        source="https://github.com/icebreaker-fpga/icebreaker (icebreaker.pcf)",
    ),
)

"""The boards. The tests compare their pins with amaranth-boards, as far as it has them."""

from __future__ import annotations

from dataclasses import replace

from ..errors import OptionError
from ..synth import find_target
from .board import Board

_BOARDS = (
    Board(
        name="ulx3s-85f",
        title="Radiona ULX3S 85F",
        target=find_target("ecp5-85k"),
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
        target=replace(find_target("ecp5-25k"), part="CSFBGA285", speed_grades=("8",)),
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
        name="icebreaker",
        title="1BitSquared iCEBreaker",
        target=find_target("ice40up5k"),
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
    Board(
        name="tang-nano-9k",
        title="Sipeed Tang Nano 9K",
        target=find_target("gowin-gw1nr9"),
        clock_pin="52",
        clock_hz=27_000_000,
        design_hz=27_000_000,
        rx_pin="18",
        tx_pin="17",
        led_pin="10",
        led_inverted=True,
        io_standard="LVCMOS33",
        serial="USB connector (BL702)",
        load="openFPGALoader -b tangnano9k",
        source="https://wiki.sipeed.com/hardware/en/tang/Tang-Nano-9K/Nano-9K.html",
    ),
    Board(
        name="tang-nano-20k",
        title="Sipeed Tang Nano 20K",
        target=replace(find_target("gowin-gw2a18"), chip="GW2A-18C", part="GW2AR-LV18QN88C8/I7"),
        clock_pin="4",
        clock_hz=27_000_000,
        design_hz=27_000_000,
        rx_pin="70",
        tx_pin="69",
        led_pin="15",
        led_inverted=True,
        io_standard="LVCMOS33",
        serial="USB connector (BL616)",
        load="openFPGALoader -b tangnano20k",
        source="https://wiki.sipeed.com/hardware/en/tang/tang-nano-20k/nano-20k.html",
    ),
    Board(
        name="colorlight-i5",
        title="Colorlight i5 v7.0 on the extension board",
        target=find_target("ecp5-25k"),
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

BOARDS = {board.name: board for board in _BOARDS}
"""All boards by name."""


def find_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in BOARDS:
        raise OptionError(f"There is no board '{name}'; there are: {', '.join(BOARDS)}")
    return BOARDS[name]

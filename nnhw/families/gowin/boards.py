"""Boards with Gowin GW1NR and GW2AR."""

from dataclasses import replace

from ..board import Board
from .family import FAMILY

BOARDS = (
    Board(
        name="tang-nano-9k",
        title="Sipeed Tang Nano 9K",
        target=FAMILY.target("gowin-gw1nr9"),
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
        target=replace(FAMILY.target("gowin-gw2a18"), chip="GW2A-18C", part="GW2AR-LV18QN88C8/I7"),
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
)

"""Which port of the top module goes to which pin."""

from __future__ import annotations

from ..families import Board
from ..synth import PinPlace, find_placer


def constraints_file(board: Board) -> tuple[str, str]:
    """Suffix and text of the constraint file of a board's top module."""
    pins = {
        "clk_in": board.clock_pin,
        "rx": board.rx_pin,
        "tx": board.tx_pin,
        "led": board.led_pin,
    }
    places = [
        # a line that nothing is connected to is at rest
        PinPlace(port=port, pin=pin, io_standard=board.io_standard, pull_up=port == "rx")
        for port, pin in pins.items()
    ]
    family = find_placer(board.target)
    text = family.constraints(places, title=f"{board.title}: {board.source}")
    return family.constraints_suffix, text

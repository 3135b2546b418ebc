"""What is to be known of a board."""

from __future__ import annotations

from dataclasses import dataclass

from .target import Target


@dataclass(frozen=True, kw_only=True)
class Board:
    """An FPGA board with a clock, a serial line and an LED.

    Parameters
    ----------
    name
        As the command line calls it.
    title
        As its maker calls it.
    target
        The device on it.
    clock_pin, clock_hz
        The oscillator.
    design_hz
        Clock of the design unless another is asked for.
    rx_pin, tx_pin
        Serial line, as the FPGA sees it.
    led_pin
    led_inverted
        Whether a low level lights the LED.
    io_standard
        Of all these pins.
    serial
        Where the serial line can be reached, for people.
    load
        Command that loads a bitstream, which is its last argument.
    source
        Where the pins are documented.
    """

    name: str
    title: str
    target: Target
    clock_pin: str
    clock_hz: int
    design_hz: int
    rx_pin: str
    tx_pin: str
    led_pin: str
    led_inverted: bool
    io_standard: str
    serial: str
    load: str
    source: str

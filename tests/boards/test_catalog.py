"""The boards' pins and constraint files."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from nnhw.boards import find_board
from nnhw.boards.constraints import constraints_file
from nnhw.errors import OptionError
from nnhw.families import BOARDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "boards.md"

DEFINITIONS = {
    "ulx3s-85f": ("ulx3s", "ULX3S_85F_Platform", ("led", 0)),
    "orangecrab-25f": ("orangecrab_r0_2", "OrangeCrabR0_2_25FPlatform", None),
    "icebreaker": ("icebreaker", "ICEBreakerPlatform", ("led_g", 0)),
    "tang-nano-9k": ("tang_nano_9k", "TangNano9kPlatform", ("led", 0)),
}
"""Module, class and LED of the boards that amaranth-boards defines; LEDs in parts are left out."""


def pins_of(platform, name: str, number: int, part: str | None = None):
    """The pins of a resource or a part of it."""
    (found,) = (r for r in platform.resources if (r.name, r.number) == (name, number))
    if part is None:
        return found.ios[0]
    (found,) = (io for io in found.ios if getattr(io, "name", None) == part)
    return found.ios[0]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_pins_are_those_of_amaranth_boards(name):
    pytest.importorskip("amaranth_boards")
    module, cls, led = DEFINITIONS[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), cls)
    board = BOARDS[name]
    (clock,) = (r for r in platform.resources if r.name == platform.default_clk)
    assert clock.ios[0].names == [board.clock_pin]
    assert clock.clock.frequency == board.clock_hz
    if name == "orangecrab-25f":
        header = platform.connectors[0].mapping
        assert (header["0"], header["1"]) == (board.rx_pin, board.tx_pin)
        assert pins_of(platform, "rgb_led", 0, "g").names == [board.led_pin]
    else:
        assert pins_of(platform, "uart", 0, "rx").names == [board.rx_pin]
        assert pins_of(platform, "uart", 0, "tx").names == [board.tx_pin]
    if led is not None:
        pins = pins_of(platform, *led)
        assert pins.names == [board.led_pin]
        assert pins.invert == board.led_inverted


def test_no_pin_twice():
    for board in BOARDS.values():
        pins = {board.clock_pin, board.rx_pin, board.tx_pin, board.led_pin}
        assert len(pins) == 4, board.name


def test_documentation_has_all_boards():
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (\d+) MHz", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(b.name, f"{b.design_hz // 1_000_000}") for b in BOARDS.values()]


def test_unknown_board():
    with pytest.raises(OptionError, match=r"no board 'arty'; there are: ulx3s-85f, "):
        find_board("arty")


@pytest.mark.parametrize(
    ("name", "suffix", "lines"),
    [
        (
            "ulx3s-85f",
            ".lpf",
            ['LOCATE COMP "clk_in" SITE "G2";', 'IOBUF PORT "rx" IO_TYPE=LVCMOS33 PULLMODE=UP;'],
        ),
        ("icebreaker", ".pcf", ["set_io -pullup yes rx 6", "set_io led 37"]),
        (
            "tang-nano-9k",
            ".cst",
            ['IO_LOC "tx" 17;', 'IO_PORT "rx" IO_TYPE=LVCMOS33 PULL_MODE=UP;'],
        ),
    ],
)
def test_constraints(name, suffix, lines):
    found, text = constraints_file(BOARDS[name])
    assert found == suffix
    assert set(lines) < set(text.splitlines())

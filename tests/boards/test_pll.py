"""Phase-locked loops: their settings in the Verilog give the clock that was asked for."""

from __future__ import annotations

import re

import pytest

from nnhw.boards.pll import make_pll, pll_settings
from nnhw.errors import OptionError
from nnhw.export import component_verilog
from nnhw.families import BOARDS


def parameters(text: str) -> dict[str, int]:
    """The numeric parameters of the one instance in a text."""
    found = re.findall(r"\.(\w+)\((?:\d+'d)?(\d+)\)", text)
    return {name: int(value) for name, value in found}


def frequencies(board, found: dict[str, int]) -> tuple[float, float, float]:
    """Phase detector, oscillator and output, by the formula of each family's manual."""
    clock = board.clock_hz
    if board.target.family == "ecp5":
        detector = clock / found["CLKI_DIV"]
        output = detector * found["CLKFB_DIV"]
        return detector, output * found["CLKOP_DIV"], output
    if board.target.family == "ice40":
        detector = clock / (found["DIVR"] + 1)
        oscillator = detector * (found["DIVF"] + 1)
        return detector, oscillator, oscillator / (1 << found["DIVQ"])
    detector = clock / (found["IDIV_SEL"] + 1)
    output = detector * (found["FBDIV_SEL"] + 1)
    return detector, output * found["ODIV_SEL"], output


LIMITS = {
    "25k": ((3.125e6, 400e6), (400e6, 800e6)),
    "85k": ((3.125e6, 400e6), (400e6, 800e6)),
    "up5k": ((10e6, 133e6), (533e6, 1066e6)),
    "GW1N-9C": ((3e6, 400e6), (400e6, 1200e6)),
    "GW2A-18C": ((3e6, 500e6), (500e6, 1250e6)),
}
"""Phase detector and oscillator by chip."""

CLOCKS = {
    "ulx3s-85f": (20, 50, 75, 100),
    "orangecrab-25f": (24, 36, 64, 96),
    "icebreaker": (16, 20, 24, 36),
    "tang-nano-9k": (18, 36, 54, 81),
    "tang-nano-20k": (36, 50, 81, 108),
}


@pytest.mark.parametrize(
    ("name", "mhz"), [(name, mhz) for name, clocks in CLOCKS.items() for mhz in clocks]
)
def test_makes_the_clock(name, mhz):
    board = BOARDS[name]
    planned = pll_settings(board, mhz * 1_000_000)
    text = component_verilog(make_pll(board, planned), "pll")
    detector, oscillator, output = frequencies(board, parameters(text))
    assert output == pytest.approx(mhz * 1e6, rel=0.02)
    assert output == pytest.approx(planned.output_hz)
    (low, high), (slowest, fastest) = LIMITS[board.target.chip]
    assert low <= detector <= high
    assert slowest <= oscillator <= fastest


@pytest.mark.parametrize(("name", "mhz"), [("icebreaker", 13), ("ulx3s-85f", 500)])
def test_out_of_reach(name, mhz):
    with pytest.raises(OptionError, match=rf"a clock of {mhz} MHz .* another --freq"):
        pll_settings(BOARDS[name], mhz * 1_000_000)

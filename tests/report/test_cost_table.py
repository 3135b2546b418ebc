"""The table of what optional hardware costs."""

import dataclasses
import io
import json

from rich.console import Console
from test_report import REPORT

from nnhw.report import cost_rows, render_html, render_terminal
from nnhw.report.costs import render_costs
from nnhw.synth import Cells, HardwareCosts, PieceCost

COSTS = HardwareCosts(
    yosys="0.70",
    whole=Cells(flip_flops=7900, luts=10989, memory_bits=79296, multipliers=136),
    pieces=(
        PieceCost(name="padding mask", kept=True, cells=Cells(flip_flops=64, luts=762)),
        PieceCost(name="fence", kept=True, cells=Cells(flip_flops=6, luts=20)),
        PieceCost(name="look-up tables", kept=False, cells=Cells(luts=60, memory_bits=16384)),
    ),
)


def test_rows_add_up_what_was_kept_and_what_was_left_out():
    assert cost_rows(COSTS) == [
        ("the whole accelerator", True, ("7,900", "10,989", "79,296", "136")),
        ("kept", True, ("70", "782", "-", "-")),
        ("padding mask", False, ("64", "762", "-", "-")),
        ("fence", False, ("6", "20", "-", "-")),
        ("left out", True, ("-", "60", "16,384", "-")),
        ("look-up tables", False, ("-", "60", "16,384", "-")),
    ]


def test_the_table_fits_a_terminal():
    output = io.StringIO()
    Console(file=output, width=80).print(render_costs(COSTS))
    lines = [line.split() for line in output.getvalue().splitlines()]
    heading = ["optional", "hardware", "flip-flops", "LUTs", "memory", "bits", "multipliers"]
    assert lines[0] == heading
    assert ["padding", "mask", "64", "762", "-", "-"] in lines
    assert ["the", "whole", "accelerator", "7,900", "10,989", "79,296", "136"] in lines


def test_page_and_terminal_show_costs_only_where_they_are_known():
    shown = dataclasses.replace(REPORT, costs=COSTS)
    output = io.StringIO()
    Console(file=output, width=100).print(render_terminal(shown))
    for text in (output.getvalue(), render_html(shown)):
        assert "padding mask" in text
        assert "10,989" in text
    assert "optional hardware" not in render_html(REPORT)
    assert json.loads(shown.to_json())["costs"]["pieces"][1]["cells"]["luts"] == 20

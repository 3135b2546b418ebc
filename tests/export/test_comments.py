"""Comments in Verilog: no tool takes them for an order."""

from __future__ import annotations

import re

import pytest

from nnhw.export.verilog.comments import comment_lines


@pytest.mark.parametrize(
    "text",
    [
        "verilator: a network",
        "Verilator lint_off WIDTH",
        "synopsys translate_off",
        "synopsys_x: a network",
        "synthesis translate_off",
        "pragma translate_off",
        "xilinx",
        "word " * 17 + "synopsys translate_off " + "word " * 30,
    ],
)
def test_no_line_begins_with_a_tool(text):
    lines = comment_lines(text)
    assert re.sub(r"\s+", "", "".join(line[3:].removeprefix("- ") for line in lines)) == re.sub(
        r"\s+", "", text
    )
    for line in lines:
        assert len(line) <= 100
        assert not re.match(r"//\s*(verilator|synopsys|synthesis|pragma|xilinx)", line, re.I)


@pytest.mark.parametrize("text", ["a\nmodule b;", "a\r`include", "a\x0bb\x0c", "a\u2028b", "a\\"])
def test_a_comment_stays_one(text):
    (line,) = comment_lines(text)
    assert re.fullmatch(r"// [ -~]*[^\\]", line)

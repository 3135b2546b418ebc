"""The reset of the top module, active high or low: in Verilog, in simulation and on boards."""

from __future__ import annotations

import re

import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import MappingError
from nnhw.export import generate_verilog
from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.shell import ShellConfig


def small_program() -> Program:
    builder = IntegerBuilder((1, 1, 7), seed=1)
    return map_graph(builder.graph(builder.dense("x", 3)), EngineConfig(rows=2, cols=2))


def test_reset_polarity():
    program = small_program()
    high = generate_verilog(program)
    low = generate_verilog(program, shell=ShellConfig(reset="active-low"))
    assert high == generate_verilog(program, shell=ShellConfig(reset="active-high"))
    top_of = re.compile(r"^module \w+ \(.*?\);", re.MULTILINE | re.DOTALL)
    assert "aresetn" not in high
    assert "synchronous reset, active low" in low
    tops = [top_of.findall(re.sub(r"\(\*.*?\*\)", "", text))[0] for text in (high, low)]
    assert [re.findall(r"\b(rst|aresetn)\b", top) for top in tops] == [["rst"], ["aresetn"]]
    assert re.search(r"\(!aresetn\)", low)


def test_reset_wrong():
    message = "'reset' must be one of active-high, active-low, not 'low'"
    with pytest.raises(MappingError, match=message):
        ShellConfig(reset="low")

"""What the hardware of some networks is does not change by accident."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from digests import DESIGNS, DIGESTS, Design, program_digest, verilog_digest

from nnhw.ir import Graph
from nnhw.mapping import Program, map_graph

KNOWN = json.loads(DIGESTS.read_text())


@pytest.fixture
def mapped(request):
    """Maps a design's network; the test is skipped where that is absent."""

    def map_design(design: Design) -> tuple[Graph, Program]:
        if not design.is_stored:
            request.getfixturevalue("models_dir")
        graph = design.graph()
        return graph, map_graph(graph, design.config)

    return map_design


def test_every_design_has_digests():
    assert list(KNOWN) == [design.name for design in DESIGNS]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_program_is_as_it_was(mapped, design):
    assert program_digest(*mapped(design)) == KNOWN[design.name]["program"]


@pytest.mark.parametrize(
    "design",
    [
        pytest.param(design, id=design.name, marks=[] if design.is_small else [pytest.mark.slow])
        for design in DESIGNS
    ],
)
def test_verilog_is_as_it_was(mapped, design):
    _, program = mapped(design)
    assert verilog_digest(program) == KNOWN[design.name]["verilog"]


def test_one_register_makes_another_digest(mapped):
    design = DESIGNS[0]
    other = replace(design, config=replace(design.config, scale_stages=3))
    (graph, before), (_, after) = mapped(design), mapped(other)
    assert program_digest(graph, after) != program_digest(graph, before)  # other cycles
    assert verilog_digest(after) != verilog_digest(before)

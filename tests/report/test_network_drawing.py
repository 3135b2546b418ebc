"""The network as a graph: what reads what, and that no line crosses a layer."""

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from random_networks import random_network
from test_report import LAYERS, REPORT

from nnhw.mapping import EngineConfig, map_graph
from nnhw.report.connections import layer_sources, output_sources
from nnhw.report.network_drawing import _columns, draw_network, noise_level, operator_kind


def layer(name: str, *reads: str, **changes):
    return dataclasses.replace(LAYERS[0], name=name, reads=reads, **changes)


RESIDUAL = dataclasses.replace(
    REPORT,
    layers=(
        layer("a", "input image"),
        layer("b", "a", cycles=600, sqnr_db=12.0),
        layer("c", "b", "a", operator="conv 3x3 + add", act_bits=8),
    ),
    output_layers=("c",),
)


def test_rows():
    rows = draw_network(RESIDUAL).rows
    assert [row.name for row in rows] == ["image", "a", "b", "c", "logits"]
    assert [row.kind for row in rows] == ["port", "conv", "conv", "conv", "port"]
    assert [row.reads for row in rows] == ["", "", "", "b, a", ""]
    assert [row.heat for row in rows] == [None, 4, 2, 4, None]
    assert [row.level for row in rows] == ["", "poor", "bad", "poor", ""]
    assert rows[3].facts == "8x8x16, 8-bit result, 4-bit weights"
    assert rows[0].facts == "8x8x1, int8, scale 0.0627, zero point -128"


def test_edges():
    drawing = draw_network(RESIDUAL)
    svg = ElementTree.fromstring(drawing.edges)
    assert svg.find("title").text == "5 inputs, layers and outputs, and 5 edges between them"
    assert len(svg.findall("path")) == 5
    assert len(svg.findall("circle")) == len(drawing.rows)


def crossings(sources, columns):
    """Rows whose dot lies on a line that passes them."""
    return [
        passed
        for row, read in enumerate(sources)
        for source in read
        for passed in range(source + 1, row)
        if columns[passed] == columns[source]
    ]


@pytest.mark.parametrize("seed", range(30))
def test_no_line_crosses_a_layer(seed):
    rng = np.random.default_rng(seed)
    sources = [
        sorted({int(rng.integers(max(0, row - 6), row)) for _ in range(rng.integers(1, 4))})
        if row
        else []
        for row in range(40)
    ]
    columns = _columns(sources)
    assert crossings(sources, columns) == []
    assert max(columns) < 12


@pytest.mark.parametrize("seed", range(20))
def test_connections_of_random_networks(seed):
    """Every layer reads what comes before it, and everything is read."""
    _, graph = random_network(seed)
    program = map_graph(graph, EngineConfig(rows=4, cols=4))
    layer_of = {item.tensor: item.name for item in program.layers}
    sources = layer_sources(graph, layer_of)
    known = {f"input {port.onnx_name}" for port in graph.inputs}
    for name in dict.fromkeys(layer_of.values()):
        assert set(sources[name]) <= known
        assert sources[name]
        known.add(name)
    read = {name for reads in sources.values() for name in reads}
    assert known - read <= set(output_sources(graph, layer_of))


def test_kinds_and_levels():
    names = ("conv 3x3", "depthwise 3x3 /2", "dense", "max pool 2x2 /2", "add", "table")
    assert [operator_kind(name) for name in names] == [
        *("conv", "depthwise", "dense", "pool", "other", "other"),
    ]
    levels = [noise_level(ratio) for ratio in (None, 45.0, 30.0, 20.0, 19.9)]
    assert levels == ["", "fine", "fair", "poor", "bad"]


def test_names_are_escaped():
    page = draw_network(dataclasses.replace(RESIDUAL, layers=(layer("<b>", "input image"),)))
    assert not re.search("<b>", page.edges)

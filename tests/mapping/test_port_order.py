"""Outputs leave in the order of the ports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import MappingError
from nnhw.mapping import EngineConfig, map_graph
from nnhw.mapping.port_order import in_port_order


def test_writers_of_outputs_wait_for_their_turn():
    builder = IntegerBuilder((2, 2, 3))
    last = builder.conv("x", 2)
    middle = builder.conv("x", 3)
    between = builder.conv("x", 4)
    first = builder.conv(between, 1)
    graph = in_port_order(builder.graph(first, middle, last))
    assert [node.output for node in graph.nodes] == [between, first, middle, last]


def test_writers_in_order_stay_where_they_are():
    builder = IntegerBuilder((2, 2, 3))
    first = builder.conv("x", 2)
    between = builder.conv("x", 4)
    graph = builder.graph(first, builder.conv(between, 1))
    assert in_port_order(graph).nodes == graph.nodes


def test_only_outputs_are_streamed():
    builder = IntegerBuilder((2, 2, 3))
    a = builder.conv("x", 2)
    b = builder.conv("x", 4)
    c = builder.conv(b, 1)
    program = map_graph(builder.graph(c, a), EngineConfig(rows=2, cols=2))
    assert [(layer.tensor, layer.write_back.to_stream) for layer in program.layers] == [
        (b, 0),
        (c, 1),
        (a, 1),
    ]


@pytest.mark.parametrize("case", ["shared", "read", "input", "reshape"])
def test_outputs_that_cannot_be_streamed(case):
    builder = IntegerBuilder((2, 2, 3))
    a = builder.conv("x", 2)
    graphs = {
        "shared": lambda: builder.graph(a, a),
        "read": lambda: builder.graph(a, builder.conv(a, 1)),
        "input": lambda: builder.graph(a, "x"),
        "reshape": lambda: builder.graph(builder.reshape(a, (1, 1, 8))),
    }
    with pytest.raises(MappingError, match="; copy it$"):
        in_port_order(replace(graphs[case](), name="net"))

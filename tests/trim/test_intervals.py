"""Bounds of channels against what the golden model computes."""

from __future__ import annotations

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw import golden
from nnhw.trim import channel_intervals


@pytest.mark.parametrize("seed", range(60))
def test_no_result_leaves_its_interval(seed):
    builder, graph = random_network(seed)
    frames = builder.frames(40)
    values = golden.run(graph, frames, keep=graph.tensors)
    for name, interval in channel_intervals(graph).items():
        q = graph.tensors[name].q
        assert (interval.lo >= q.lo).all()
        assert (interval.hi <= q.hi).all()
        flat = values[name].reshape(-1, values[name].shape[-1])
        assert (flat.min(axis=0) >= interval.lo).all(), name
        assert (flat.max(axis=0) <= interval.hi).all(), name


@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (0, 1, 0, 0)])
@pytest.mark.parametrize("seed", range(10))
def test_the_interval_of_a_convolution_is_reached(seed, pads):
    """Of a first layer, whose inputs take any value."""
    builder = IntegerBuilder((1, 2, 2), seed, bits=2)
    graph = builder.graph(builder.conv("x", 4, kernel=(1, 2), pads=pads))
    every = np.stack(np.meshgrid(*[np.arange(-2, 2)] * 4), axis=-1).reshape(-1, 1, 2, 2)
    values = golden.run(graph, every.astype(np.int8))[graph.outputs[0].tensor]
    interval = channel_intervals(graph)[graph.outputs[0].tensor]
    assert (values.max(axis=(0, 1, 2)) == interval.hi).all()
    assert (values.min(axis=(0, 1, 2)) == interval.lo).all()


def test_a_channel_that_is_clamped_is_constant():
    builder = IntegerBuilder((1, 1, 2), seed=0)
    x = builder.conv("x", 3)
    node = builder.nodes[-1]
    node.bias[1] = -(1 << 40)
    interval = channel_intervals(builder.graph(x))[x]
    assert interval.is_constant[1]
    assert interval.lo[1] == node.requantize.lo

"""Signal to quantization noise ratios, layer by layer."""

from dataclasses import replace

import numpy as np
import pytest
from random_graphs import Builder

from nnhw import golden
from nnhw.ir import Clamp
from nnhw.quantize import QuantizeOptions, quantize, run_float
from nnhw.report import find_noise_source, measure_noise, measure_own_noise
from nnhw.report.noise import decibels


def network():
    builder = Builder((6, 6, 3))
    first = builder.conv("x", 4, kernel=(3, 3))
    return builder, builder.graph(builder.dense(builder.conv(first, 5), 3))


def test_ratio_is_that_of_the_tensors():
    builder, graph = network()
    x = builder.data(40)
    integer = quantize(graph, x)
    noise = measure_noise(graph, integer, x)
    assert list(noise) == ["x", "t0", "t1", "t2"]
    q = golden.run(integer, golden.quantize_input(x, integer.tensors["x"].q), keep=["t1"])["t1"]
    exact = run_float(graph, x, keep=["t1"])["t1"].astype(np.float64)
    real = golden.dequantize(q, integer.tensors["t1"].q)
    expected = 10 * np.log10(np.var(exact, axis=0).mean() / np.square(exact - real).mean())
    assert noise["t1"].sqnr_db == pytest.approx(expected, abs=0.02)


def test_the_layer_with_few_bits_shows():
    builder, graph = network()
    x = builder.data(40)
    noise = measure_noise(graph, quantize(graph, x), x)
    options = QuantizeOptions(layer_bits={"node1": 2})
    rough = measure_noise(graph, quantize(graph, x, options), x)
    assert rough["t0"].sqnr_db == pytest.approx(
        noise["t0"].sqnr_db, abs=2
    )  # shifts may change with other layers
    assert rough["t1"].sqnr_db < noise["t1"].sqnr_db - 10


def test_what_a_max_pool_drops_is_no_noise():
    builder = Builder((6, 6, 3))
    pooled = builder.max_pool(builder.conv("x", 4), kernel=(2, 2), clamp=Clamp(lo=0.0))
    graph = builder.graph(builder.conv(pooled, 3))
    x = builder.data(60)
    integer = quantize(graph, x)
    assert integer.tensors["t0"].q.zero_point == -128
    noise = measure_noise(graph, integer, x)
    assert noise["t0"].sqnr_db > 30
    assert noise["t0"].sqnr_db == pytest.approx(noise["t1"].sqnr_db, abs=6)


def test_an_offset_is_no_signal():
    builder, graph = network()
    x = builder.data(40)
    last = graph.nodes[-1]
    shifted = replace(graph, nodes=(*graph.nodes[:-1], replace(last, bias=last.bias + 1000.0)))
    integer = quantize(shifted, x)
    ratio = measure_noise(shifted, integer, x)["t2"].sqnr_db
    distinct = np.unique(golden.run(integer, golden.quantize_inputs(integer, x))["t2"], axis=0)
    assert len(distinct) < 10
    assert ratio < 10


def test_share_of_what_is_cut_off():
    builder, graph = network()
    x = builder.data(40)
    integer = quantize(graph, x)
    noise = measure_noise(graph, integer, x)
    assert max(entry.cut_off for entry in noise.values()) < 0.01
    # Half of the samples are three times as large as those that calibration has seen.
    larger = measure_noise(graph, integer, np.concatenate([x, 3 * x]))
    assert 0.1 < larger["x"].cut_off < 0.5


def test_own_noise_is_what_a_node_adds():
    builder, graph = network()
    x = builder.data(40)
    integer = quantize(graph, x, QuantizeOptions(layer_bits={"node1": 2}))
    own, noise = measure_own_noise(graph, integer, x), measure_noise(graph, integer, x)
    assert list(own) == ["x", "t0", "t1", "t2"]
    assert own["t1"] == pytest.approx(noise["t1"].sqnr_db, abs=1)
    assert noise["t2"].sqnr_db < 20  # which comes from before
    assert own["t2"] > 30
    assert own["x"] > 30


@pytest.mark.parametrize("node", [0, 1, 2])
def test_source_of_noise(node):
    builder, graph = network()
    x = builder.data(40)
    integer = quantize(graph, x, QuantizeOptions(layer_bits={f"node{node}": 2}))
    source = find_noise_source(graph, integer, x, "t2")
    assert source.tensor == f"t{node}"
    assert 0.7 < source.share <= 1


def test_source_of_noise_is_an_input():
    """Far from zero, few steps are left for what differs; the weights then subtract what is not."""
    builder = Builder((1, 1, 4))
    graph = builder.graph(builder.dense("x", 3))
    (node,) = graph.nodes
    node = replace(node, bias=node.bias - 100 * node.weight.sum(axis=(1, 2, 3)))
    graph = replace(graph, nodes=(node,))
    x = builder.data(40) + 100
    source = find_noise_source(graph, quantize(graph, x), x, "t0")
    assert source.tensor == "x"
    assert source.share > 0.9


def test_no_more_samples_than_needed():
    builder, graph = network()
    x = builder.data(300)
    integer = quantize(graph, x[:20])
    assert measure_noise(graph, integer, x) == measure_noise(graph, integer, x[:256])


def test_no_signal_or_no_noise():
    assert decibels(0.0, 1.0) is decibels(1.0, 0.0) is None
    assert decibels(1000.0, 1.0) == 30.0

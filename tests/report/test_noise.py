"""Signal to quantization noise ratios, layer by layer."""

import numpy as np
import pytest
from random_graphs import Builder

from nnhw import golden
from nnhw.ir import Clamp
from nnhw.quantize import QuantizeOptions, quantize, run_float
from nnhw.report import measure_noise
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
    assert list(noise) == ["t0", "t1", "t2"]
    q = golden.run(integer, golden.quantize_input(x, integer.tensors["x"].q), keep=["t1"])["t1"]
    exact = run_float(graph, x, keep=["t1"])["t1"].astype(np.float64)
    real = golden.dequantize(q, integer.tensors["t1"].q)
    expected = 10 * np.log10((exact**2).sum() / ((exact - real) ** 2).sum())
    assert noise["t1"] == pytest.approx(expected, abs=0.02)


def test_the_layer_with_few_bits_shows():
    builder, graph = network()
    x = builder.data(40)
    noise = measure_noise(graph, quantize(graph, x), x)
    options = QuantizeOptions(layer_bits={"node1": 2})
    rough = measure_noise(graph, quantize(graph, x, options), x)
    assert rough["t0"] == pytest.approx(noise["t0"], abs=2)  # shifts may change with other layers
    assert rough["t1"] < noise["t1"] - 10


def test_what_a_max_pool_drops_is_no_noise():
    builder = Builder((6, 6, 3))
    pooled = builder.max_pool(builder.conv("x", 4), kernel=(2, 2), clamp=Clamp(lo=0.0))
    graph = builder.graph(builder.conv(pooled, 3))
    x = builder.data(60)
    integer = quantize(graph, x)
    assert integer.tensors["t0"].q.zero_point == -128
    noise = measure_noise(graph, integer, x)
    assert noise["t0"] > 30
    assert noise["t0"] == pytest.approx(noise["t1"], abs=6)


def test_no_more_samples_than_needed():
    builder, graph = network()
    x = builder.data(300)
    integer = quantize(graph, x[:20])
    assert measure_noise(graph, integer, x) == measure_noise(graph, integer, x[:256])


def test_no_signal_or_no_noise():
    assert decibels(0.0, 1.0) is decibels(1.0, 0.0) is None
    assert decibels(1000.0, 1.0) == 30.0

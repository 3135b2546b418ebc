"""Distributions and means over calibration data."""

import numpy as np
import pytest
from random_graphs import Builder, Clamp

from nnhw.errors import QuantizationError
from nnhw.ir import Conv
from nnhw.quantize import run_float
from nnhw.quantize.statistics import channel_means, channel_statistics, gather


def test_distribution_is_that_of_all_samples_of_the_group() -> None:
    b = Builder((5, 4, 3))
    first = b.conv("x", 4, kernel=(3, 3), clamp=Clamp(lo=0.0))
    graph = b.graph(b.conv(first, 2))
    x = b.data(150)  # more than one batch
    values = run_float(graph, x, keep=["t0", "t1"])
    both = np.concatenate([values["t0"].ravel(), values["t1"].ravel()])
    found = gather(graph, x, {"g": ["t0", "t1"], "x": ["x"]})
    assert (found["g"].lo, found["g"].hi) == (both.min(), both.max())
    assert found["g"].counts.sum() == np.count_nonzero(both)
    mean = found["g"].counts @ found["g"].centers / both.size
    assert mean == pytest.approx(both.mean(), abs=1e-3)
    assert found["x"].counts.sum() == x.size


def test_zero_is_within_the_bounds() -> None:
    b = Builder((1, 1, 1))
    graph = b.graph(b.max_pool("x"))
    found = gather(graph, np.array([3.0, 5.0]).reshape(2, 1, 1, 1), {"x": ["x"]})["x"]
    assert (found.lo, found.hi, found.counts.sum()) == (0.0, 5.0, 2)
    zeros = gather(graph, np.zeros((2, 1, 1, 1)), {"x": ["x"]})["x"]
    assert (zeros.lo, zeros.hi, zeros.counts.sum()) == (0.0, 0.0, 0)


def test_channel_means() -> None:
    b = Builder((5, 4, 3))
    x = b.data(150) + np.array([0.0, 1.0, -2.0])
    graph = b.graph(b.max_pool("x"))
    np.testing.assert_allclose(
        channel_means(graph, x, ["x"])["x"], x.mean(axis=(0, 1, 2)), atol=1e-6
    )


def test_values_that_are_not_finite_are_refused() -> None:
    b = Builder((1, 1, 2))
    graph = b.graph(b.dense("x", 1))
    node = graph.nodes[0]
    assert isinstance(node, Conv)
    node.weight[...] = 3e38
    with pytest.raises(QuantizationError, match="'t0' takes values that are not finite"):
        gather(graph, np.full((1, 1, 1, 2), 9.0), {"x": ["x"], "t0": ["t0"]})


def test_channel_statistics() -> None:
    b = Builder((5, 4, 3))
    x = b.data(150) + np.array([3.0, 0.0, -9.0], np.float32)
    x[:, :, :2, 1] = 0
    found = channel_statistics(b.graph(b.max_pool("x")), x)["x"]
    axes = (0, 1, 2)
    np.testing.assert_array_equal(found.lo, np.minimum(x.min(axis=axes), 0))
    np.testing.assert_array_equal(found.hi, np.maximum(x.max(axis=axes), 0))
    np.testing.assert_allclose(found.mean, x.mean(axis=axes, dtype=float), atol=1e-9)
    np.testing.assert_allclose(found.variance, x.var(axis=axes, dtype=float), rtol=1e-9)
    np.testing.assert_allclose(found.nonzero, [1, 0.5, 1])

"""Networks become integers, with channels equalized where that is better."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from random_graphs import Builder, Clamp

sys.path.append(str(Path(__file__).parent / "quantize"))
from uneven_networks import UnevenBuilder, noise_db, uneven_network

from nnhw.conversion import Conversion, Samples, check_options, convert
from nnhw.data import Dataset
from nnhw.errors import QuantizationError
from nnhw.ir import Conv, FakeQuantize, Graph, Quantization
from nnhw.options import BuildOptions
from nnhw.quantize import QuantizeOptions
from nnhw.quantize.equalize import divide_channels
from nnhw.quantize.statistics import channel_statistics
from nnhw.quantize.tied_channels import tie_channels
from nnhw.report import Equalization


def converted(graph: Graph, x: np.ndarray, **options: object) -> Conversion:
    return convert(graph, Samples(calibration=Dataset(x=x)), BuildOptions(**options))


def weights(graph: Graph) -> list[np.ndarray]:
    return [node.weight for node in graph.nodes if isinstance(node, Conv)]


@pytest.mark.parametrize("ratio", [2, 16, 1000])
def test_unequal_parts_of_a_concatenation(ratio: float) -> None:
    """By default about as exact as equal parts are."""
    rng = np.random.default_rng(5)
    b = Builder((5, 5, 3))
    parts = b.conv("x", 4), b.conv("x", 2)
    graph = b.graph(b.conv(b.concat(*parts), 3))
    for node, factor in zip(graph.nodes, (ratio**0.5, ratio**-0.5), strict=False):
        node.weight[...] = factor * rng.normal(size=node.weight.shape)
        node.bias[...] = 0
    graph.nodes[-1].weight[..., :4] /= ratio**0.5
    graph.nodes[-1].weight[..., 4:] *= ratio**0.5
    x = rng.uniform(-1, 1, (200, 5, 5, 3)).astype(np.float32)
    found = converted(graph, x)
    assert found.equalization is not None
    assert found.equalization.applied
    assert noise_db(graph, found.whole, x) > 38


@pytest.mark.parametrize("ratio", [4, 16, 1000])
def test_unequal_channels_through_bounds(ratio: float) -> None:
    rng = np.random.default_rng(5)
    b = Builder((6, 6, 3))
    graph = b.graph(b.conv(b.conv("x", 6, clamp=Clamp(lo=0.0, hi=4 * ratio**0.5)), 3))
    factors = np.where(np.arange(6) < 4, ratio**0.5, ratio**-0.5)
    graph.nodes[0].weight[...] *= factors[:, None, None, None]
    graph.nodes[0].bias[...] = 0
    graph.nodes[1].weight[...] /= factors
    x = rng.uniform(-1, 1, (200, 6, 6, 3)).astype(np.float32)
    assert noise_db(graph, converted(graph, x).whole, x) > 37


def unbalance(graph: Graph, x: np.ndarray, _: QuantizeOptions) -> Graph:
    """Divides channels by factors that make more noise."""
    ties = tie_channels(graph, channel_statistics(graph, x))
    factors = np.where(ties.largest > 1, 2.0 ** (np.arange(len(ties.largest)) % 8), 1.0)
    return divide_channels(graph, ties, factors)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("better", [True, False])
def test_auto_is_never_worse_on_calibration_samples(
    better: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not better:
        monkeypatch.setattr("nnhw.conversion.equalize", unbalance)
    b = UnevenBuilder(1.0, seed)
    b.factors = b.rng.uniform(0.1, 1, 8)
    graph, x = b.finish(b.add(b.uneven("x"), b.uneven("x"))), b.uniform()
    options = {"calibration": "minmax"}
    found = {how: converted(graph, x, equalize=how, **options) for how in ("off", "on", "auto")}
    noise = {how: noise_db(graph, item.whole, x) for how, item in found.items()}
    assert noise["auto"] == max(noise["off"], noise["on"])
    measured = found["auto"].equalization
    assert measured is not None
    assert measured.gain_db is not None
    assert measured.applied == better == (measured.gain_db > 0)


def test_what_is_converted() -> None:
    graph, x = uneven_network("nothing", "relu", 100.0)
    off, on, auto = (converted(graph, x, equalize=how) for how in ("off", "on", "auto"))
    assert off.equalization is None
    assert off.simplified is graph
    assert on.equalization == Equalization(applied=True)
    assert auto.equalization is not None
    assert auto.equalization.applied
    assert auto.equalization.gain_db is not None
    assert auto.equalization.gain_db > 20
    for one, other in zip(weights(on.simplified), weights(auto.simplified), strict=True):
        np.testing.assert_array_equal(one, other)


def test_gains_below_the_threshold_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnhw.conversion._WORTHWHILE_DB", 60.0)
    graph, x = uneven_network("nothing", "relu", 100.0)
    found = converted(graph, x, calibration="minmax")
    assert found.equalization is not None
    assert found.equalization.gain_db is not None
    assert 20 < found.equalization.gain_db < 60
    assert not found.equalization.applied
    assert found.simplified is graph


def test_a_quantized_model_keeps_its_numbers() -> None:
    b = Builder((2, 2, 2))
    rounding = Quantization(bits=8, scale=0.1, zero_point=0)
    x = b.append(FakeQuantize(**b._names("x"), quantization=rounding), (2, 2, 2))
    x = b.average_pool(x, kernel=(2, 2))
    x = b.append(FakeQuantize(**b._names(x), quantization=rounding), (1, 1, 2))
    graph = b.graph(x)
    check_options(graph, "data.npz", BuildOptions())
    check_options(graph, "data.npz", BuildOptions(equalize="off"))
    with pytest.raises(QuantizationError, match="equalize"):
        check_options(graph, "data.npz", BuildOptions(equalize="on"))
    assert convert(graph, Samples(), BuildOptions()).simplified is graph

"""Integer weights and biases."""

from dataclasses import replace

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.errors import QuantizationError
from nnhw.ir import Conv
from nnhw.quantize.weights import quantize_weights, weight_scales


def conv(out: int = 4, channels: int = 5, *, groups: int = 1) -> Conv:
    builder = Builder((3, 3, channels))
    builder.conv("x", out, kernel=(3, 3), groups=groups)
    node = builder.nodes[0]
    assert isinstance(node, Conv)
    return node


@pytest.mark.parametrize("bits", range(2, 9))
def test_weights_are_symmetric_and_close(bits: int) -> None:
    node = conv()
    scale = weight_scales(node, bits, 0.1, 0.2)
    found = quantize_weights(node, bits, 0.1, scale, np.zeros(5))
    largest = 2 ** (bits - 1) - 1
    assert found.weight.dtype == np.int8
    assert np.abs(found.weight).max() <= largest
    assert (np.float32(found.scale) == found.scale).all()
    real = found.weight * found.scale[:, None, None, None]
    assert np.corrcoef(real.ravel(), node.weight.ravel())[0, 1] > {2: 0.8, 3: 0.96}.get(bits, 0.99)
    inside = np.abs(node.weight) < largest * scale[:, None, None, None]
    assert (np.abs(real - node.weight) < 0.501 * scale[:, None, None, None])[inside].all()


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_scale_has_the_least_cubed_error(bits: int) -> None:
    node = conv(out=1, channels=40)
    largest = 2 ** (bits - 1) - 1

    def error(scale: float) -> float:
        steps = np.clip(np.rint(node.weight / scale), -largest, largest)
        return float((np.abs(node.weight - steps * scale) ** 3).sum())

    (best,) = weight_scales(node, bits, 1.0, 1.0)
    widest = np.abs(node.weight).max() / largest
    assert best <= widest
    for fraction in np.linspace(0.3, 1.1, 50):
        assert error(best) <= 1.01 * error(widest * fraction)


@pytest.mark.parametrize("groups", [1, 4])
def test_bias_takes_up_the_mean_error_of_the_weights(groups: int) -> None:
    node = conv(channels=4, groups=groups)
    mean = np.array([3.0, 2.0, 1.0, 4.0])
    found = quantize_weights(node, 3, 0.01, weight_scales(node, 3, 0.01, 0.5), mean)
    real = found.weight * found.scale[:, None, None, None]
    inputs = mean if groups == 1 else mean[:, None, None, None]
    exact = (node.weight * inputs).sum(axis=(1, 2, 3)) + node.bias
    given = (real * inputs).sum(axis=(1, 2, 3)) + found.bias * 0.01 * found.scale
    np.testing.assert_allclose(given, exact, atol=0.01 * found.scale.max())


def test_channels_without_weights_keep_their_bias() -> None:
    node = conv()
    node.weight[1] = 0
    node.bias[1] = 0.731
    found = quantize_weights(node, 8, 0.1, weight_scales(node, 8, 0.1, 0.02), np.ones(5))
    assert not found.weight[1].any()
    assert found.bias[1] * found.scale[1] * 0.1 == pytest.approx(0.731, abs=0.02 / 500)


def test_tiny_channels_do_not_blow_up_the_bias() -> None:
    node = conv()
    node.weight[2] *= 1e-30
    found = quantize_weights(node, 8, 0.1, weight_scales(node, 8, 0.1, 0.02), np.ones(5))
    assert abs(found.bias[2]) <= abs(node.bias[2]) / 0.02 * 2**16 + 1


def test_large_biases_fit_int32() -> None:
    node = conv()
    node.bias[3] = 1e12
    found = quantize_weights(node, 8, 1e-3, weight_scales(node, 8, 1e-3, 1.0), np.ones(5))
    assert 2**29 < found.bias[3] < 2**31
    assert found.bias[3] * found.scale[3] * 1e-3 == pytest.approx(1e12, rel=1e-6)


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_parameters_that_are_not_finite_are_refused(part: str) -> None:
    node = conv()
    getattr(node, part).flat[1] = np.nan
    with pytest.raises(QuantizationError, match=r"'node0'.*not finite"):
        weight_scales(node, 8, 1.0, 1.0)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("power_of_two", [False, True])
def test_no_other_scale_has_less_error(bits, power_of_two):
    """Candidates that cannot be the best are left out, and no other one."""
    rng = np.random.default_rng(bits)
    rows = rng.normal(size=(60, 90)) * rng.lognormal(0, 4, (60, 1))
    rows[::3, 0] *= 30  # outliers, which are better cut off
    rows[5] = 0
    rows[5, 7] = 1e-3
    node = replace(conv(), weight=rows.reshape(60, 1, 1, 90), bias=np.zeros(60))
    widest, largest = np.abs(rows).max(axis=1), (1 << (bits - 1)) - 1
    if power_of_two:
        exponents = np.ceil(np.log2(widest / largest))
        candidates = 2.0 ** (exponents - np.arange(3)[:, None])
    else:
        candidates = widest / largest * np.linspace(1.0, 0.2, 81)[:, None]
    steps = rows / candidates[:, :, None]
    errors = (np.abs(steps - np.clip(np.rint(steps), -largest, largest)) ** 3).sum(axis=2)
    expected = candidates[(errors * candidates**3).argmin(axis=0), np.arange(60)]
    found = weight_scales(node, bits, 1.0, 1.0, power_of_two=power_of_two)
    enlarged = np.maximum(expected, 2.0**-16)
    np.testing.assert_allclose(found, enlarged, rtol=1e-12)

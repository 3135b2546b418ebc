"""The differentiable twin gives the golden model's integers, and the gradients of real numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from integer_examples import QDistance, example
from integer_graphs import IntegerBuilder

from nnhw import golden
from nnhw.data import load_data
from nnhw.errors import PluginError, QuantizationError
from nnhw.frontend import load_model
from nnhw.ir import (
    INTEGER_OPERATORS,
    Graph,
    Node,
    QConv,
    Quantization,
    Requantize,
    Tensor,
    Window,
)
from nnhw.ir import requantize as requantize_integers
from nnhw.ir.patches import patches
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.tuning.twin import from_torch, imitates, run_twin, sums, to_torch, twin_of
from nnhw.tuning.twin.conv import accumulate, conv
from nnhw.tuning.twin.elementwise import scaled, shifted
from nnhw.tuning.twin.straight_through import requantize
from nnhw.tuning.twin.sums import Geometry, at_the_limit, sums_of_products

ROOT = Path(__file__).parents[2]
NETWORKS = ("digits_mlp", "digits_cnn", "digits_resnet")


@imitates(QDistance)
def distance(
    node: QDistance,
    inputs: Sequence[torch.Tensor],
    sources: Sequence[Quantization],
    output: Tensor,
) -> torch.Tensor:
    """The operator of a plug-in has a twin by this entry."""
    a, b = scaled(node, inputs, sources, node.requantize.multiplier)
    return shifted((a - b).abs(), node.requantize, output)


def check_equal(graph: Graph, frames: np.ndarray) -> None:
    """All tensors, not just the outputs."""
    keep = [node.output for node in graph.nodes]
    expected = golden.run(graph, frames, keep=keep)
    found = run_twin(graph, frames, keep=keep)
    for name in keep:
        np.testing.assert_array_equal(from_torch(found[name]), expected[name], err_msg=name)


@pytest.mark.parametrize("kind", INTEGER_OPERATORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seed", range(8))
def test_every_operator_is_the_golden_models(kind: type[Node], seed: int) -> None:
    builder, graph, _ = example(kind, seed)
    check_equal(graph, builder.frames(20))


WINDOWS: tuple[dict[str, tuple[int, ...]], ...] = (
    {"kernel": (3, 3), "pads": (1, 1, 1, 1)},
    {"kernel": (3, 2), "stride": (2, 1), "pads": (2, 0, 1, 1)},
    {"kernel": (2, 3), "dilation": (2, 2), "pads": (0, 1, 2, 3)},
    {"kernel": (1, 1), "stride": (2, 2)},
    {"kernel": (7, 6)},
    {"kernel": (1, 1)},
)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_every_window_is_the_golden_models(window: dict, seed: int) -> None:
    builder = IntegerBuilder((7, 6, 5), seed)
    names = [
        builder.conv("x", 4, **window),
        builder.depthwise("x", **window),
        builder.max_pool("x", **window),
        builder.average_pool("x", **window),
    ]
    check_equal(builder.graph(*names), builder.frames(10))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_the_golden_models(name: str) -> None:
    network = simplify_graph(load_model(ROOT / "examples" / f"{name}.onnx"))
    (x,) = load_data(ROOT / "examples" / "digits.npz", network).x[:40].arrays.values()
    for weight_bits, activation_bits in product(range(2, 9), range(4, 9)):
        options = QuantizeOptions(
            weight_bits=weight_bits,
            activation_bits=activation_bits,
            calibration_method="minmax",
        )
        graph = quantize(network, x[:20], options)
        check_equal(graph, golden.quantize_input(x, graph.tensors[graph.inputs[0].tensor].q))


@pytest.mark.parametrize(("weight", "channels"), [(127, 32), (127, 512), (255, 800)])
def test_large_sums_are_exact(weight: int, channels: int) -> None:
    """Below the 24 bits of float32 and beyond them, where half of the taps cancels the other."""
    rng = np.random.default_rng(0)
    source = Quantization(bits=8, scale=1.0, zero_point=-128)
    x = rng.integers(64, 128, (3, 5, 5, channels))
    kernel = rng.integers(weight - 20, weight + 1, (4, 3, 3, channels))
    kernel[..., channels // 2 :] *= -1
    bias = rng.integers(-(1 << 30), 1 << 30, 4)
    window = Window(kernel=(3, 3))
    found, _ = accumulate(
        to_torch(x),
        torch.tensor(kernel, dtype=torch.float64).permute(0, 3, 1, 2),
        torch.tensor(bias, dtype=torch.float64),
        window,
        1,
        source,
    )
    expected = np.tensordot(patches(x + 128, window), kernel, ((3, 4, 5), (1, 2, 3)))
    np.testing.assert_array_equal(from_torch(found), expected + bias)


SHAPES = [
    (kernel, groups, stride) for kernel in (1, 3, 5) for groups in (1, 32) for stride in (1, 2)
]


def summed(kernel: int, groups: int, stride: int, beyond: int = 0) -> tuple[torch.Tensor, ...]:
    """Sums that come to 2**24, with a bias of so many more, as the twin has them and in float64."""
    shape = torch.Size((20, 32, 12, 12)), torch.Size((32, 32 // groups, kernel, kernel))
    x, weight, bias = (values.double() for values in at_the_limit(*shape))
    bias += beyond
    geometry = Geometry((stride, stride), (kernel // 2, kernel // 2), (1, 1), groups)
    products = weight.sum((1, 2, 3)) * x.max()
    largest = float((products + bias).max())
    assert largest == (1 << 24) + beyond
    return (
        sums_of_products(x.float(), weight, bias, geometry, float(products.max()), largest),
        torch.nn.functional.conv2d(x, weight, bias, *geometry),
    )


@pytest.mark.parametrize(("kernel", "groups", "stride"), SHAPES)
def test_sums_that_just_fit_float32_are_exact(kernel: int, groups: int, stride: int) -> None:
    """Partial sums of up to 2**24, the bound of the proof; one more is for float64."""
    for beyond, dtype in ((0, torch.float32), (1, torch.float64)):
        found, expected = summed(kernel, groups, stride, beyond)
        assert found.dtype == dtype
        assert torch.equal(found.double(), expected)


def test_an_algorithm_that_adds_other_numbers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """NNPACK's convolutions of 3 x 3 are Winograd's: where they stood for oneDNN's, windows would
    be copied."""
    calls = []

    def winograd(x, weight, bias, geometry):
        calls.append(torch._nnpack_spatial_convolution(x, weight, bias, list(geometry.padding)))
        return calls[-1]

    if not torch._nnpack_available():
        pytest.skip("this PyTorch has no NNPACK")
    sums._is_direct.cache_clear()
    monkeypatch.setattr(sums, "_direct", winograd)
    found, expected = summed(3, 1, 1)
    sums._is_direct.cache_clear()
    assert torch.equal(found.double(), expected)
    assert len(calls) == 1
    assert not torch.equal(calls[0].double(), expected)


@pytest.mark.parametrize("bits", [20, 24])
def test_wide_products_are_exact(bits: int) -> None:
    """Below the 53 bits of float64 and beyond them: one unit beside ties of rounding."""
    rng = np.random.default_rng(bits)
    multiplier = rng.integers(1 << (bits - 1), 1 << bits, 200) | 1
    inverse = np.array([pow(factor, -1, 1 << 32) for factor in multiplier.tolist()])
    beside = rng.choice([-1, 1], (1, 9, 9, 200)) + (1 << 31)
    acc = (beside * inverse) % (1 << 32)
    acc = np.where(acc < 1 << 31, acc, acc - (1 << 32))
    constants = Requantize(
        multiplier=multiplier, shift=np.full(200, 32), lo=-(1 << 24), hi=(1 << 24) - 1
    )
    found = requantize(
        torch.tensor(acc.transpose(0, 3, 1, 2), dtype=torch.float64),
        torch.tensor(constants.multiplier)[:, None, None],
        torch.tensor(constants.shift)[:, None, None],
        3,
        *constants.bounds,
    )
    expected = requantize_integers(acc * constants.multiplier, constants, 3)
    np.testing.assert_array_equal(from_torch(found), expected)


def test_products_beyond_62_bits_are_refused() -> None:
    with pytest.raises(QuantizationError, match="fewer multiplier bits"):
        requantize(
            torch.full((1, 1, 1, 1), 2.0**40, dtype=torch.float64),
            torch.tensor([1 << 22]),
            torch.tensor([30]),
            0,
            -128,
            127,
        )


def gradients(function: Callable[..., torch.Tensor], *values: torch.Tensor) -> list[np.ndarray]:
    """Of a weighted sum of the results."""
    leaves = [value.clone().requires_grad_() for value in values]
    y = function(*leaves)
    weights = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).reshape(y.shape)
    (y.double() * weights).sum().backward()
    return [leaf.grad.double().numpy() for leaf in leaves]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("groups", [1, 4])
def test_gradients_of_a_convolution_are_those_of_real_numbers(window: dict, groups: int) -> None:
    rng = np.random.default_rng(1)
    geometry = Window(**window)
    source = Quantization(bits=8, scale=1.0, zero_point=5)
    x = torch.from_numpy(rng.integers(-128, 128, (2, 4, 7, 6))).float()
    shape = (4, 4 // groups, *geometry.kernel)
    weight = torch.from_numpy(rng.integers(-127, 128, shape)).double()
    bias = torch.from_numpy(rng.integers(-99, 99, 4)).double()

    def exact(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        top, left, bottom, right = geometry.pads
        padded = torch.nn.functional.pad(x.double() - 5, (left, right, top, bottom))
        return torch.nn.functional.conv2d(
            padded, weight, bias, geometry.stride, 0, geometry.dilation, groups
        )

    def ours(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return accumulate(x, weight, bias, geometry, groups, source)[0].double()

    assert torch.equal(ours(x, weight, bias), exact(x, weight, bias))
    pairs = zip(gradients(ours, x, weight, bias), gradients(exact, x, weight, bias), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * abs(expected).max())


def test_gradient_of_requantization_is_that_of_its_line() -> None:
    acc = torch.arange(-4000, 4000, 37, dtype=torch.float64).reshape(1, 1, 1, -1)
    multiplier, shift = torch.tensor([[[11]]]), torch.tensor([[[9]]])
    factor = (multiplier / 2.0**shift).double()

    def ours(acc: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        return requantize(acc, multiplier, shift, 3, -30, 20, factor)

    def line(acc: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        free = torch.round(acc.detach() * factor.detach()) + 3
        return (acc * factor + 3) * ((free >= -30) & (free <= 20))

    assert len(ours(acc, factor).unique()) == 51
    for found, expected in zip(
        gradients(ours, acc, factor), gradients(line, acc, factor), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_gradients_reach_the_input_through_every_operator(seed: int) -> None:
    for kind in INTEGER_OPERATORS:
        builder, graph, output = example(kind, seed)
        (node,) = (node for node in graph.nodes if node.output == output)
        if node.inputs == ("x",):
            continue
        values = golden.run(graph, builder.frames(8), keep=node.inputs)
        leaves = [to_torch(values[name]).requires_grad_() for name in node.inputs]
        sources = [graph.tensors[name].q for name in node.inputs]
        y = twin_of(node)(node, leaves, sources, graph.tensors[output])
        y.sum().backward()
        for leaf in leaves:
            assert leaf.grad is not None, kind
            assert torch.isfinite(leaf.grad).all()


def test_an_operator_without_a_twin_is_refused_by_name() -> None:
    class QOdd(Node):
        pass

    builder = IntegerBuilder((1, 1, 1))
    builder.nodes.append(QOdd(**builder._names("x", shape=(1, 1, 1))))
    with pytest.raises(QuantizationError, match=r"'node0', a QOdd, has no differentiable twin"):
        run_twin(builder.graph("t0"), builder.frames(2))


def test_two_twins_of_one_operator_are_refused() -> None:
    with pytest.raises(PluginError, match="'QConv'"):
        imitates(QConv)(conv)

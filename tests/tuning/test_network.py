"""The network that is tuned is the integer network that comes of it, at every moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from random_graphs import Builder, Clamp
from round_trips import check_same, everything, read_again, requantizations

from nnhw import golden
from nnhw.errors import QuantizationError
from nnhw.golden import Noise, NoisyModel
from nnhw.ir import Conv, Graph, QConv
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.tuning.begin import input_means
from nnhw.tuning.network import Network
from nnhw.tuning.noise import disturbed_weights
from nnhw.tuning.twin import from_torch

MULTIPLIER_BITS = 16


def chain() -> tuple[Graph, np.ndarray]:
    """Convolutions whose ranges may be learned, one of them bounded, and a max pool."""
    b = Builder((8, 8, 3), seed=7)
    x = b.conv("x", 6, kernel=(3, 3), clamp=Clamp(lo=0.0, hi=0.9))
    x = b.conv(b.max_pool(x, kernel=(2, 2)), 8, kernel=(2, 2), clamp=Clamp(lo=0.0))
    return b.graph(b.dense(b.conv(x, 8, groups=8), 5)), b.data(60)


def made(source: tuple[Graph, np.ndarray], bits: int, **settings: object) -> tuple[Network, Graph]:
    """A network to be tuned, and the integer graph that it begins as."""
    graph, x = source
    options = QuantizeOptions(weight_bits=bits, activation_bits=max(bits, 4))
    integer = quantize(graph, x, options)
    means = input_means(graph, x)
    network = Network(
        graph,
        integer,
        quantization=QuantizeOptions(multiplier_bits=MULTIPLIER_BITS),
        means=means,
        **settings,
    )
    return network, integer


def disturb(network: Network, seed: int, size: float = 0.3) -> None:
    """Parameters as training may leave them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            spread = parameter.std() if parameter.numel() > 1 else torch.tensor(1.0)
            parameter += size * noise * spread


def check_forward(network: Network, x: np.ndarray) -> Graph:
    """The twin's real outputs are those of the golden model, exactly."""
    graph = network.to_graph()
    q = golden.quantize_inputs(graph, x)
    found, expected = network(q), golden.run(graph, q)
    for name, values in found.items():
        real = golden.dequantize(expected[name], graph.tensors[name].q)
        np.testing.assert_array_equal(from_torch(values), real)
    return graph


def same_integers(one: Graph, other: Graph) -> None:
    for a, b in zip(one.nodes, other.nodes, strict=True):
        for field in ("weight", "bias", "weight_scale", "table", "lo", "hi"):
            np.testing.assert_array_equal(getattr(a, field, None), getattr(b, field, None), field)
        for first, second in zip(requantizations(a), requantizations(b), strict=True):
            for field in ("multiplier", "shift", "lo", "hi"):
                np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    assert one.tensors == other.tensors


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("source", [everything, chain])
def test_begins_as_the_direct_build(source, bits: int) -> None:
    network, integer = made(source(), bits, learn_ranges=True)
    same_integers(network.to_graph(), integer)
    check_forward(network, source()[1])


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("source", [everything, chain])
def test_tuned_integers_come_back_from_the_file(source, bits: int, tmp_path: Path) -> None:
    network, integer = made(source(), bits, learn_ranges=True)
    for seed in range(3):
        disturb(network, seed)
        if seed < 2:
            network.choose_shifts()
    graph = check_forward(network, source()[1])
    assert any(
        (a.weight != b.weight).any()
        for a, b in zip(graph.nodes, integer.nodes, strict=True)
        if isinstance(a, QConv)
    )
    check_same(graph, read_again(graph, tmp_path))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_multipliers_get_no_wider(bits: int) -> None:
    network, integer = made(chain(), bits)
    with torch.no_grad():
        for layer in network.layers:
            layer.log_scale += 3
    widest = [
        max(
            int(node.requantize.multiplier.max()) for node in graph.nodes if isinstance(node, QConv)
        )
        for graph in (integer, network.to_graph())
    ]
    assert widest[1].bit_length() <= widest[0].bit_length()


def test_shifts_stay_unless_they_are_chosen_anew() -> None:
    network, _integer = made(chain(), 4)

    def shifts() -> list[list[int]]:
        nodes = network.to_graph().nodes
        return [node.requantize.shift.tolist() for node in nodes if isinstance(node, QConv)]

    before = shifts()
    with torch.no_grad():
        for layer in network.layers:
            layer.log_scale += 5
    assert shifts() == before
    network.choose_shifts()
    assert shifts() != before


def test_ranges_are_learned_where_only_convolutions_are() -> None:
    network, integer = made(chain(), 4, learn_ranges=True)
    assert len(network.ranges.log_scales) == 4  # all but the input's
    disturb(network, 0)
    changed = {
        name
        for name, tensor in network.to_graph().tensors.items()
        if tensor.q.scale != integer.tensors[name].q.scale
    }
    assert "x" not in changed
    assert len(changed) == 5  # the max pool's follows
    others, _ = made(everything(), 4, learn_ranges=True)
    assert len(others.ranges.log_scales) < len(everything()[0].nodes) / 2
    assert not len(made(chain(), 4)[0].ranges.log_scales)


def test_everything_that_is_learned_gets_a_gradient() -> None:
    graph, x = chain()
    network, integer = made((graph, x), 3, learn_ranges=True)
    (found,) = network(golden.quantize_inputs(integer, x)).values()
    (found**2).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().max() > 0, name


def test_weights_are_learned_in_units_of_their_channels() -> None:
    """So that an optimizer's steps, which know no units, change all of them alike."""
    graph, x = chain()
    nodes = []
    for node in graph.nodes:
        if isinstance(node, Conv):
            sizes = np.geomspace(1e-3, 1e2, len(node.weight)).astype(np.float32)
            sizes[0] = 0  # a dead channel
            node = replace(node, weight=node.weight * sizes[:, None, None, None])
        nodes.append(node)
    network, _ = made((replace(graph, nodes=tuple(nodes)), x), 4)
    for parameter in network.weights:
        largest = parameter.detach().abs().amax((1, 2, 3))[1:]
        assert float(largest.min()) > 0.35
        assert float(largest.max()) < 0.71
    for node, back in zip(nodes, network.to_float().nodes, strict=True):
        if isinstance(node, Conv):
            np.testing.assert_array_equal(back.weight, node.weight)


def at_the_mean(graph: Graph, means: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What convolutions write where their inputs are the average ones, in steps of sums."""
    found = []
    for node in graph.nodes:
        if isinstance(node, QConv):
            mean = means[node.inputs[0]] / graph.tensors[node.inputs[0]].q.scale
            by_channel = mean[None, None, None] if node.groups == 1 else mean[:, None, None, None]
            found.append(node.bias + (node.weight * by_channel).sum(axis=(1, 2, 3)))
    return found


@pytest.mark.parametrize("source", [everything, chain])
def test_weights_do_not_change_what_is_written_on_average(source) -> None:
    network, integer = made(source(), 2)
    means = input_means(*source())
    before = at_the_mean(integer, means)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.weights:
            weight += torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    changed = network.to_graph()
    assert any(
        (a.weight != b.weight).any()
        for a, b in zip(changed.nodes, integer.nodes, strict=True)
        if isinstance(a, QConv)
    )
    for one, other in zip(before, at_the_mean(changed, means), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.51)  # biases are rounded


def test_what_clamping_cuts_off_learns_too() -> None:
    graph, x = chain()
    network, integer = made((graph, x), 2)
    with torch.no_grad():
        for layer in network.layers:
            layer.weight *= 4
    (found,) = network(golden.quantize_inputs(integer, x)).values()
    (found**2).sum().backward()
    for layer in network.layers:
        largest = layer.weight.detach().abs() == layer.weight.detach().abs().max()
        assert float(layer.weight.grad[largest].abs().max()) > 0


def test_the_float_network_of_a_direct_build_has_its_biases() -> None:
    source = chain()
    network, integer = made(source, 2)
    for node, back in zip(integer.nodes, network.to_float().nodes, strict=True):
        if isinstance(node, QConv):
            step = integer.tensors[node.inputs[0]].q.scale * node.weight_scale
            np.testing.assert_allclose(back.bias / step, node.bias, rtol=0, atol=0.01)


def test_a_state_is_taken_back() -> None:
    network, _integer = made(everything(), 4, learn_ranges=True)
    disturb(network, 1)
    network.choose_shifts()
    wanted, state = network.to_graph(), network.state_dict()
    state = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in state.items()}
    other, _ = made(everything(), 4, learn_ranges=True)
    disturb(network, 2)
    other.load_state_dict(state)
    same_integers(other.to_graph(), wanted)


def test_dropout_is_for_training_only() -> None:
    graph, x = chain()
    network, integer = made((graph, x), 4, dropout=0.5)
    q = golden.quantize_inputs(integer, x)
    network.train()
    (first,), (second,) = network(q).values(), network(q).values()
    assert not torch.equal(first, second)
    network.eval()
    check_forward(network, x)


def test_a_network_without_weights_is_refused() -> None:
    b = Builder((4, 4, 2))
    graph, x = b.graph(b.max_pool("x", kernel=(2, 2))), b.data(20)
    with pytest.raises(QuantizationError, match="nothing to tune"):
        made((graph, x), 4)


@pytest.mark.parametrize("bits", [2, 5, 8])
@pytest.mark.parametrize("kind", ["weight_flips", "activation_flips"])
def test_hardware_all_of_whose_bits_are_wrong(bits, kind):
    """Nothing of it is left to chance: the twin's answers are those of the golden model."""
    noise = Noise(**{kind: 1.0})
    source = chain()
    network, graph = made(source, bits, noise=noise)
    q = golden.quantize_inputs(graph, source[1])
    with network.erring():
        found = network(q)
    assert not torch.equal(next(iter(found.values())), next(iter(network(q).values())))
    expected = NoisyModel(graph, noise).run(q)
    for name, values in found.items():
        real = golden.dequantize(expected[name], graph.tensors[name].q)
        np.testing.assert_array_equal(from_torch(values), real)


def test_noise_of_weights_is_as_large_as_the_golden_models():
    weight = torch.randint(-100, 101, (64, 16, 3, 3), dtype=torch.float64)
    weight[0, 0, 0, 0] = 100
    torch.manual_seed(0)
    drawn = disturbed_weights(weight, 8, Noise(weights=0.05)) - weight
    assert float(drawn.std()) == pytest.approx(0.05 * 100, rel=0.03)


def test_noise_of_sums_is_as_large_as_the_golden_models():
    source, noise = chain(), Noise(sums=0.02)
    network, graph = made(source, 8, noise=noise)
    q = golden.quantize_inputs(graph, source[1])
    clean = network(q)
    (port,) = graph.outputs
    exact = golden.run(graph, q)[port.tensor].astype(int)
    trials = range(30)
    torch.manual_seed(0)
    with network.erring():
        found = [from_torch(network(q)[port.tensor] - clean[port.tensor]) for _ in trials]
    models = [NoisyModel(graph, noise, seed=seed) for seed in trials]
    steps = [model.run(q)[port.tensor].astype(int) - exact for model in models]
    scale = graph.tensors[port.tensor].q.scale
    assert np.std(found) / scale == pytest.approx(np.std(steps), rel=0.1)


def test_gradients_pass_through_noise():
    source = chain()
    noise = Noise(weights=0.05, sums=0.02, weight_flips=0.01, activation_flips=0.01)
    network, graph = made(source, 8, noise=noise)
    with network.erring():
        outputs = network(golden.quantize_inputs(graph, source[1]))
    sum(values.square().sum() for values in outputs.values()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name

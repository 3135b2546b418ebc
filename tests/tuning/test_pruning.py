"""Whole channels are removed until a design is as small or as fast as is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from random_graphs import Builder, Clamp
from typer.testing import CliRunner

import nnhw
from nnhw import golden
from nnhw.cli import app
from nnhw.conversion import Samples, convert, leave_out_channels
from nnhw.data import load_data
from nnhw.errors import NnhwError, OptionError, QuantizationError
from nnhw.frontend import load_model
from nnhw.ir import Add, Concat, Conv, Graph
from nnhw.machine import EngineConfig
from nnhw.mapping import map_graph, predict_cycles
from nnhw.options import BuildOptions, TuneOptions
from nnhw.placement import place
from nnhw.quantize import QuantizeOptions, quantize, run_float
from nnhw.tuning.begin import input_means
from nnhw.tuning.network import Network
from nnhw.tuning.objective import Objective
from nnhw.tuning.pruning.channels import (
    channel_families,
    prune_floats,
    prune_integers,
    without,
)
from nnhw.tuning.pruning.goal import Costs, Goal, costs_of
from nnhw.tuning.pruning.importance import by_magnitude, by_taylor
from nnhw.tuning.pruning.select import select_channels

EXAMPLES = Path(__file__).parents[2] / "examples"
RELU = Clamp(lo=0.0)
ENGINE = EngineConfig(rows=3, cols=4)


def tied() -> tuple[Graph, np.ndarray]:
    """An addition, a depthwise convolution and a concatenation in one network."""
    b = Builder((6, 6, 3), seed=3)
    trunk = b.conv("x", 12, kernel=(3, 3), pads=(1, 1, 1, 1), clamp=RELU)
    inner = b.conv(trunk, 9, clamp=RELU)
    summed = b.add(trunk, b.conv(inner, 12), clamp=RELU)
    deep = b.conv(summed, 12, groups=12, kernel=(3, 3), clamp=RELU)
    side = b.conv(deep, 10, clamp=RELU)
    joined = b.concat(deep, side)
    return b.graph(b.dense(b.conv(joined, 7, clamp=RELU), 5)), b.data(60)


def integers(source: tuple[Graph, np.ndarray], bits: int = 8) -> Graph:
    return quantize(*source, QuantizeOptions(weight_bits=bits))


def test_channels_that_are_tied_go_together() -> None:
    graph, x = tied()
    families = channel_families(integers((graph, x)))
    assert sorted(len(family) for family in families) == [7, 9, 10, 12]
    trunk = next(family for family in families if len(family) == 12)
    (joined,) = (node for node in graph.nodes if isinstance(node, Concat))
    (summed,) = (node for node in graph.nodes if isinstance(node, Add))
    deep = joined.inputs[0]
    for group in trunk:
        assert set(group.channels) == {*summed.inputs, summed.output, deep, joined.output}
    side = next(family for family in families if len(family) == 10)
    places = sorted(group.channels[joined.output] for group in side)
    assert places == [(12 + number,) for number in range(10)]
    ends = {port.tensor for port in (*graph.inputs, *graph.outputs)}
    assert not ends & {name for family in families for group in family for name in group.channels}


def test_what_is_left_computes_as_if_the_others_were_zero() -> None:
    graph, x = tied()
    families = channel_families(integers((graph, x)))
    gone = [family[index] for family in families for index in (0, 2, 5)]
    silent = []
    for node in graph.nodes:
        if isinstance(node, Conv):
            dead = [n for group in gone for n in group.channels.get(node.output, ())]
            for array in (node.weight, node.bias):
                array[dead] = 0
        silent.append(node)
    kept = without(graph, gone)
    zero = {name: np.zeros(tensor.shape[2]) for name, tensor in graph.tensors.items()}
    pruned = prune_floats(graph, kept, zero)
    (name,) = (port.tensor for port in graph.outputs)
    expected, found = (run_float(each, x)[name] for each in (graph, pruned))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    small = prune_integers(integers((graph, x)), kept)
    assert {name: t.shape for name, t in small.tensors.items()} == {
        name: t.shape for name, t in pruned.tensors.items()
    }
    golden.run(small, golden.quantize_inputs(small, x))


def test_what_channels_give_on_average_goes_into_biases() -> None:
    b = Builder((1, 1, 4), seed=1)
    graph = b.graph(b.dense(b.conv("x", 6, clamp=RELU), 5))
    x = b.data(200)
    gone = channel_families(integers((graph, x)))[0][:2]
    hidden, output = (node.output for node in graph.nodes)
    found = run_float(graph, x, keep=[hidden, output])
    means = {name: values.mean(axis=(0, 1, 2)) for name, values in found.items()}
    means["x"] = x.mean(axis=(0, 1, 2))
    small = prune_floats(graph, without(graph, gone), means)
    answers = run_float(small, x)[output]
    np.testing.assert_allclose(answers.mean(axis=0), found[output].mean(axis=0), atol=1e-4)


def made(source: tuple[Graph, np.ndarray]) -> tuple[Network, Objective]:
    graph, x = source
    name = graph.outputs[0].tensor
    deviation = {name: float(run_float(graph, x)[name].std())}
    objective = Objective(graph, TuneOptions(), frozenset({name}), deviation, "classes")
    means = input_means(graph, x)
    return Network(graph, integers(source), quantization=QuantizeOptions(), means=means), objective


def distance(objective: Objective, one: np.ndarray, other: np.ndarray) -> float:
    tensors = (torch.from_numpy(y.transpose(0, 3, 1, 2).copy()) for y in (one, other))
    name = objective.graph.outputs[0].tensor
    return float(objective.losses(*({name: y} for y in tensors), None).mean())


def test_taylor_foretells_what_a_channel_is_worth() -> None:
    source = graph, x = tied()
    network, objective = made(source)
    integer = network.to_graph()
    torch.manual_seed(0)
    groups = [group for family in channel_families(integer) for group in family]
    batches = [golden.quantize_inputs(integer, x[start : start + 10]) for start in range(0, 60, 10)]
    importance = by_taylor(network, batches * 20, objective, groups)
    zero = {name: np.zeros(tensor.shape[2]) for name, tensor in graph.tensors.items()}
    name = graph.outputs[0].tensor
    whole = run_float(graph, x)[name]
    losses = [
        distance(
            objective, run_float(prune_floats(graph, without(graph, [g]), zero), x)[name], whole
        )
        for g in groups
    ]
    ranks = [np.argsort(np.argsort(v)) for v in ([importance[g] for g in groups], losses)]
    assert np.corrcoef(*ranks)[0, 1] > 0.8
    assert all(parameter.grad is None for parameter in network.parameters())


def test_channels_that_nobody_listens_to_matter_least() -> None:
    source = graph, x = tied()
    readers = {node.inputs[0]: node for node in graph.nodes if isinstance(node, Conv)}
    side = next(node for node in graph.nodes if isinstance(node, Concat)).output
    readers[side].weight[..., 15] = 0
    network, objective = made(source)
    groups = [group for family in channel_families(network.to_graph()) for group in family]
    batch = golden.quantize_inputs(network.to_graph(), x)
    for importance in (
        by_magnitude(graph, groups),
        by_taylor(network, [batch], objective, groups),
    ):
        (unheard,) = (group for group in groups if group.channels.get(side) == (15,))
        assert importance[unheard] == 0
        assert sum(value > 0 for value in importance.values()) > len(groups) / 2


def test_magnitude_does_not_care_where_a_factor_is() -> None:
    graph, x = tied()
    groups = [group for family in channel_families(integers((graph, x))) for group in family]
    before = by_magnitude(graph, groups)
    first, second = (node for node in graph.nodes[1:3])
    first.weight[:] *= 3
    second.weight[:] /= 3
    after = by_magnitude(graph, groups)
    np.testing.assert_allclose(list(after.values()), list(before.values()))


def costs(graph: Graph) -> Costs:
    program = map_graph(graph, ENGINE)
    return costs_of(program, predict_cycles(program))


@pytest.mark.parametrize(("cycles", "memory"), [(0.5, None), (None, 0.6), (0.7, 0.6)])
def test_a_goal_is_reached_and_nothing_more(cycles: float | None, memory: float | None) -> None:
    integer = integers(tied())
    families = channel_families(integer)
    groups = [group for family in families for group in family]
    rng = np.random.default_rng(0)
    importance = dict(zip(groups, rng.random(len(groups)).tolist(), strict=True))
    whole = costs(integer)
    goal = Goal(
        interval_cycles=cycles and cycles * whole.interval_cycles,
        memory_bits=memory and memory * whole.memory_bits,
    )
    kept = select_channels(integer, families, importance, ENGINE, goal)
    assert goal.excess(costs(prune_integers(integer, kept))) == 0
    for family in families:
        name = next(iter(family[0].channels))
        gone = [group for group in family if group.channels[name][0] not in kept[name]]
        assert len(gone) < len(family)
        left = [group for group in family if group not in gone]
        if not gone:
            continue
        assert max(importance[g] for g in gone) < min(importance[g] for g in left)
        back = max(gone, key=lambda group: importance[group])
        more = {
            name: np.union1d(numbers, back.channels.get(name, [])).astype(int)
            for name, numbers in kept.items()
        }
        assert goal.excess(costs(prune_integers(integer, more))) > 0


def test_rounds_approach_the_goal_in_equal_factors() -> None:
    start = Costs(interval_cycles=1600, latency_cycles=2000, memory_bits=100)
    goal = Goal(interval_cycles=100, memory_bits=200)
    ways = [goal.on_the_way(start, share) for share in (0.25, 0.5, 1.0)]
    assert [way.interval_cycles for way in ways] == pytest.approx([800, 400, 100])
    assert {way.memory_bits for way in ways} == {200}


def mixed_network(path: Path) -> dict[str, np.ndarray]:
    """A small ONNX file with a depthwise convolution and a concatenation; its samples."""
    rng = np.random.default_rng(5)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        size = np.sqrt(2 / np.prod(shape[1:]))
        return numpy_helper.from_array((rng.normal(size=shape) * size).astype(np.float32), name)

    weights = [
        weight("w0", 16, 1, 3, 3),
        weight("w1", 16, 1, 3, 3),
        weight("w2", 12, 16, 1, 1),
        weight("w3", 28, 10),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], "stem", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w1"], ["c"], "deep", group=16, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "w2"], ["e"], "side"),
        helper.make_node("Relu", ["e"], ["f"]),
        helper.make_node("Concat", ["d", "f"], ["g"], "join", axis=1),
        helper.make_node("GlobalAveragePool", ["g"], ["h"]),
        helper.make_node("Flatten", ["h"], ["i"]),
        helper.make_node("MatMul", ["i", "w3"], ["y"], "scores"),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 1, 8, 8]), ("y", [1, 10]))
    ]
    graph = helper.make_graph(nodes, "mixed", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {"x": arrays["x"][:120]}


ARRAY = {"rows": 4, "cols": 4}
SETTINGS = {"weight_bits": 4, "epochs": 2, "prune_epochs": 1, "prune_rounds": 2, **ARRAY}


def check_build(result: nnhw.TuneResult, data: dict[str, np.ndarray]) -> None:
    """The file that was written is built as the integers and the cycles of the result."""
    again = convert(load_model(result.path), Samples(), BuildOptions(trim=False)).whole
    for one, other in zip(result.graph.nodes, again.nodes, strict=True):
        for name in ("weight", "bias"):
            np.testing.assert_array_equal(getattr(one, name, None), getattr(other, name, None))
    q = golden.quantize_inputs(again, load_data(data, again).x[:20])
    for one, other in zip(
        golden.run(result.graph, q).values(), golden.run(again, q).values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    built = place(leave_out_channels(again, BuildOptions()), BuildOptions(**ARRAY))
    last = result.rounds[-1]
    assert built.cycles.interval_cycles == last.interval_cycles
    assert sum(built.program.machine.memory_bits().values()) == last.memory_bits


def test_depthwise_and_concatenated_channels(tmp_path: Path) -> None:
    data = mixed_network(tmp_path / "mixed.onnx")
    result = nnhw.tune(
        tmp_path / "mixed.onnx",
        data=data,
        out=tmp_path / "t.onnx",
        prune_to=0.5,
        loss="kl",
        **SETTINGS,
    )
    whole, *_, last = result.rounds
    assert len(result.rounds) == 3
    assert last.interval_cycles <= 0.5 * whole.interval_cycles
    assert last.weights < whole.weights
    check_build(result, data)
    page = result.page.read_text(encoding="utf-8")
    assert "<h2>Pruning</h2>" in page
    assert f"{last.interval_cycles:,} of {whole.interval_cycles:,}" in page


def test_an_interrupted_run_goes_on_with_its_channels(tmp_path: Path) -> None:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        data = {name: arrays[name][:100] for name in arrays}
    model, goal = EXAMPLES / "digits_mlp.onnx", {"prune_memory_bits": 15_000}
    whole = nnhw.tune(model, data=data, out=tmp_path / "a.onnx", threads=1, **goal, **SETTINGS)
    assert whole.rounds[-1].memory_bits <= 15_000

    for step in ("Choose channels, round 2", "Round 2 of 2: Epoch 2"):

        def stop(told: str, share: float, step: str = step) -> None:
            if told.startswith(step):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            nnhw.tune(
                model,
                data=data,
                out=tmp_path / "b.onnx",
                threads=1,
                progress=stop,
                **goal,
                **SETTINGS,
            )
    again = nnhw.tune(model, data=data, out=tmp_path / "b.onnx", threads=1, **goal, **SETTINGS)
    assert again.path.read_bytes() == whole.path.read_bytes()
    assert again.rounds[1:] == whole.rounds[1:]
    assert again.before == whole.before


def test_a_round_without_anything_to_remove_goes_on_the_same_way(tmp_path: Path) -> None:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        data = {name: arrays[name][:60] for name in arrays}
    settings = {"data": data, "threads": 1, "prune_memory_bits": 1 << 20, **SETTINGS}
    model = EXAMPLES / "digits_mlp.onnx"
    whole = nnhw.tune(model, out=tmp_path / "a.onnx", **settings)
    assert len({each.weights for each in whole.rounds}) == 1

    def stop(told: str, share: float) -> None:
        if told.startswith("Round 2 of 2: Epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nnhw.tune(model, out=tmp_path / "b.onnx", progress=stop, **settings)
    again = nnhw.tune(model, out=tmp_path / "b.onnx", **settings)
    assert again.path.read_bytes() == whole.path.read_bytes()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"prune_to": 0.5, "prune_cycles": 9}, OptionError, "say the same; drop one"),
        ({"macs": 16}, OptionError, "Option macs says what clock cycles .* give one of prune_to"),
        ({"prune_to": 0.5, "rows": 4}, OptionError, "rows needs cols"),
        ({"prune_by": "magnitude"}, OptionError, "prune_by says nothing without one of prune_to"),
        ({"prune_cycles": 20}, QuantizationError, "cannot reach 20 clock cycles a frame: with one"),
        ({"prune_memory_bits": 9}, QuantizationError, "takes .* bits of memory; ask for more"),
    ],
)
def test_refusals(options: dict, kind: type[NnhwError], message: str, tmp_path: Path) -> None:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        data = {"x": arrays["x"][:40]}
    with pytest.raises(kind, match=message):
        nnhw.tune(EXAMPLES / "digits_mlp.onnx", data=data, out=tmp_path / "t.onnx", **options)


def test_what_cannot_be_pruned_is_refused(tmp_path: Path) -> None:
    data = mixed_network(tmp_path / "mixed.onnx")
    settings = {"data": data, "epochs": 1, "prune_to": 0.5}
    nnhw.tune(tmp_path / "mixed.onnx", data=data, out=tmp_path / "q.onnx", epochs=1)
    with pytest.raises(QuantizationError, match=r"arrived quantized cannot be pruned.*float model"):
        nnhw.tune(tmp_path / "q.onnx", out=tmp_path / "t.onnx", **settings)
    model = onnx.load(tmp_path / "mixed.onnx")
    del model.graph.node[1:]
    model.graph.output[0].CopyFrom(
        helper.make_tensor_value_info("a", TensorProto.FLOAT, [1, 16, 8, 8])
    )
    onnx.save(model, tmp_path / "one.onnx")
    with pytest.raises(QuantizationError, match="tied to inputs or outputs"):
        nnhw.tune(tmp_path / "one.onnx", out=tmp_path / "t.onnx", **settings)


def test_command_line(tmp_path: Path) -> None:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        np.savez(tmp_path / "train.npz", **{name: arrays[name][:60] for name in arrays})
    arguments = ["tune", str(EXAMPLES / "digits_mlp.onnx"), "--data", str(tmp_path / "train.npz")]
    arguments += [
        "--out",
        str(tmp_path / "t.onnx"),
        "--prune-to",
        "0.6",
        "--rows",
        "4",
        "--cols",
        "4",
    ]
    arguments += ["--prune-rounds", "1", "--epochs", "1", "--prune-by", "magnitude"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "all channels" in found.output
    assert "--rows 4 --cols 4" in found.output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_cnn", "digits_resnet"])
def test_networks_of_digits_at_half_the_cycles(name: str, tmp_path: Path) -> None:
    """Tied channels included; and the Verilog of what is left."""
    with np.load(EXAMPLES / "digits.npz") as arrays:
        train, test = ({key: arrays[key][part::2] for key in arrays} for part in (0, 1))
    result = nnhw.tune(
        EXAMPLES / f"{name}.onnx",
        data=train,
        out=tmp_path / "t.onnx",
        prune_to=0.5,
        **ARRAY,
        epochs=12,
        prune_epochs=2,
    )
    whole, *_, last = result.rounds
    assert last.interval_cycles <= 0.5 * whole.interval_cycles
    check_build(result, test)
    built = nnhw.build(result.path, data=test, out=tmp_path / "sim", vectors=2, **ARRAY)
    assert built.report.interval_cycles == last.interval_cycles
    assert built.report.verification.passed
    assert built.report.accuracy.integer_top1 > 96

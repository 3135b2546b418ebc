"""Every integer operator says all that there is to say, and a new one needs nothing else.

`QDistance` is such a new one: tests/integer_examples.py has all of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from integer_examples import (
    EXAMPLES,
    Distance,
    DistanceBuilder,
    QDistance,
    distance,
    draft_distance,
    example,
)
from integer_graphs import IntegerBuilder
from qdq_reference import assert_agree, isolated, run_onnxruntime

from nnhw import golden
from nnhw.errors import PluginError, QuantizationError
from nnhw.frontend import write_qdq
from nnhw.ir import (
    INTEGER_OPERATORS,
    Add,
    Clamp,
    Clip,
    Draft,
    FixedPoint,
    Graph,
    IntegerOperator,
    Node,
    QAdd,
    Quantization,
    Requantize,
    Resize,
    draft,
    drafts,
    integer_operator,
    load_graph,
    register_operator,
    save_graph,
)
from nnhw.quantize import accumulator_bounds, tensor_bounds
from nnhw.trim import channel_intervals, remove_constant_channels

kinds = pytest.mark.parametrize("kind", INTEGER_OPERATORS, ids=lambda kind: kind.__name__)


@kinds
def test_has_an_example(kind: type[Node]) -> None:
    """A new operator is tested by an entry in `EXAMPLES`."""
    assert kind in EXAMPLES
    assert kind in {type(node) for node in example(kind, 0)[1].nodes}


@kinds
@pytest.mark.parametrize("seed", range(8))
def test_results_stay_within_what_the_operator_says(kind: type[Node], seed: int) -> None:
    b, graph, output = example(kind, seed)
    values = golden.run(graph, b.frames(20), keep=graph.tensors)[output]
    (least, largest), reached = tensor_bounds(graph)[output], channel_intervals(graph)[output]
    assert least <= values.min()
    assert values.max() <= largest
    assert (reached.lo <= values.min(axis=(0, 1, 2))).all()
    assert (values.max(axis=(0, 1, 2)) <= reached.hi).all()


@kinds
@pytest.mark.parametrize("seed", range(8))
def test_computes_the_same_without_constant_channels(kind: type[Node], seed: int) -> None:
    b, graph, _ = example(kind, seed)
    trimmed = remove_constant_channels(graph)
    frames = b.frames(20)
    name = graph.outputs[0].tensor
    assert (golden.run(graph, frames)[name] == golden.run(trimmed, frames)[name]).all()


@kinds
def test_constant_channels_do_go(kind: type[Node]) -> None:
    """Otherwise the test above would prove nothing."""
    left = []
    for seed in range(8):
        _, graph, output = example(kind, seed)
        (node,) = (node for node in graph.nodes if node.output == output)
        left.append(remove_constant_channels(graph).tensors[node.inputs[0]].shape[2])
    assert min(left) < 12


@kinds
def test_survives_a_file(kind: type[Node], tmp_path: Path) -> None:
    b, graph, output = example(kind, 0)
    save_graph(graph, tmp_path / "graph.npz")
    loaded = load_graph(tmp_path / "graph.npz")
    assert [type(node) for node in loaded.nodes] == [type(node) for node in graph.nodes]
    frames = b.frames(4)
    expected = golden.run(graph, frames, keep=[output])[output]
    assert (golden.run(loaded, frames, keep=[output])[output] == expected).all()


@kinds
def test_has_a_name_and_runs_in_onnxruntime(kind: type[Node], tmp_path: Path) -> None:
    _, graph, output = example(kind, 0)
    (node,) = (node for node in graph.nodes if node.output == output)
    assert integer_operator(node).describe(node, graph).strip()
    write_qdq(graph, tmp_path / "model.onnx")
    x = np.zeros((1, 3, 4, 4), np.float32)
    (found,) = run_onnxruntime(tmp_path / "model.onnx", {"x": x}, [f"{output}_quantized"])
    assert found.size == graph.tensors[output].size


def test_an_input_that_is_left_out_has_no_name(tmp_path: Path) -> None:
    _, graph, _ = example(Resize, 0)
    write_qdq(graph, tmp_path / "model.onnx")
    nodes = onnx.load(tmp_path / "model.onnx").graph.node
    (resize,) = (node for node in nodes if node.op_type == "Resize")
    assert resize.input[1] == ""


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(IntegerOperator)])
def test_nothing_can_be_left_unsaid(field: str) -> None:
    said = vars(INTEGER_OPERATORS[QAdd])
    with pytest.raises(TypeError, match=f"'{field}'"):
        IntegerOperator(**{name: value for name, value in said.items() if name != field})


def test_two_operators_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="'QAdd'"):
        register_operator(replace(INTEGER_OPERATORS[QAdd], node=type("QAdd", (Node,), {})))
    with pytest.raises(PluginError, match="'QAdd'"):
        golden.executes(QAdd)(distance)
    with pytest.raises(PluginError, match="'Add'"):
        drafts(Add)(draft_distance)


def test_a_float_node_becomes_the_new_operator() -> None:
    a, b, y = (Quantization(bits=8, scale=scale, zero_point=3) for scale in (0.5, 0.25, 2.0))
    node = Distance(name="far", inputs=("a", "b"), output="y", clamp=Clamp(hi=8.0))
    found = draft(node, [a, b], y)
    assert isinstance(found, Draft)
    assert found.factors.ratio.tolist() == [0.25, 0.125]
    constants = FixedPoint(multiplier=np.array([2, 1]), shift=np.array([3, 3]))
    made = found.finish(constants)
    assert isinstance(made, QDistance)
    assert (made.name, made.inputs, made.output) == (node.name, node.inputs, node.output)
    assert made.requantize.bounds == (-128, 7)
    assert made.requantize.multiplier is constants.multiplier


def test_a_float_node_without_an_integer_form_is_refused() -> None:
    q = Quantization(bits=8, scale=1.0, zero_point=0)
    node = Clip(name="bounded", inputs=("a",), output="y", clamp=Clamp())
    with pytest.raises(QuantizationError, match=r"'bounded' \(Clip\) has no integer form"):
        draft(node, [q], q)


@pytest.mark.parametrize(
    "use",
    [
        tensor_bounds,
        accumulator_bounds,
        channel_intervals,
        lambda graph: golden.run(graph, np.zeros((1, 1, 1, 1), np.int8)),
        lambda graph: write_qdq(graph, Path("not_written.onnx")),
    ],
)
def test_others_are_refused_by_name(use: Callable[[Graph], object]) -> None:
    b = IntegerBuilder((1, 1, 1))
    names = b._names("x", "x", shape=(1, 1, 1))
    b.nodes.append(Add(**names))
    with pytest.raises(TypeError, match=r"'node0'.*Add"):
        use(b.graph(names["output"]))


@pytest.mark.parametrize("seed", range(6))
def test_the_new_operator_is_its_contract(seed: int) -> None:
    b = DistanceBuilder((2, 3, 4), seed)
    x = b.conv("x", 4)
    graph = b.graph(b.distance("x", x))
    values = golden.run(graph, b.frames(4), keep=graph.tensors)
    node = graph.nodes[-1]
    terms = [
        (values[name].astype(object) - graph.tensors[name].q.zero_point) * int(factor)
        for name, factor in zip(node.inputs, node.requantize.multiplier, strict=True)
    ]
    for p, y in zip(abs(terms[0] - terms[1]).flat, values[node.output].flat, strict=True):
        exact = round(Fraction(p, 1 << int(node.requantize.shift[0])))
        exact += graph.tensors[node.output].q.zero_point
        assert y == min(max(exact, node.requantize.lo), node.requantize.hi)


def test_the_new_operator_agrees_with_onnxruntime(tmp_path: Path) -> None:
    """With factors that are the ratios of its scales."""
    b = DistanceBuilder((4, 5, 6), seed=3, bits=8)
    output = b.distance(b.max_pool("x", kernel=(1, 1)), "x")
    ratio = 0.37
    factor = np.rint([ratio * (1 << 20)] * 2).astype(np.int64)
    constants = Requantize(multiplier=factor, shift=np.array([20, 20]), lo=-90, hi=100)
    b.nodes[-1] = replace(b.nodes[-1], requantize=constants)
    q = Quantization(bits=8, scale=1 / ratio, zero_point=-80)
    b.tensors[output] = replace(b.tensors[output], quantization=q)
    assert_agree(isolated(b.graph(output), b.rng.normal(0, 90, (50, 4, 5, 6)), tmp_path))

"""Every integer operator says all that there is to say, and a new one needs nothing else.

`QDistance` is such a new one: this file has all of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from integer_graphs import IntegerBuilder
from qdq_reference import assert_agree, isolated, run_onnxruntime

from nnhw import golden
from nnhw.errors import PluginError, QuantizationError
from nnhw.frontend import write_qdq
from nnhw.ir import (
    BY_CHANNEL,
    INTEGER_OPERATORS,
    Add,
    Apply,
    Clamp,
    Clip,
    DepthToSpace,
    Draft,
    Factors,
    FixedPoint,
    Graph,
    IntegerOperator,
    Interval,
    Node,
    Operand,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QdqForm,
    QExtremum,
    QFunction,
    QMaxPool,
    QMultiply,
    Quantization,
    Requantize,
    Reshape,
    Resize,
    Slice,
    Tensor,
    Transpose,
    draft,
    drafts,
    from_zero,
    integer_operator,
    load_graph,
    register_operator,
    requantize,
    save_graph,
)
from nnhw.quantize import accumulator_bounds, tensor_bounds
from nnhw.trim import channel_intervals, remove_constant_channels


@dataclass(frozen=True, kw_only=True, eq=False)
class QDistance(Node):
    """How far two tensors a and b of the same shape are apart.

    p = |(a - zero point of a) * multiplier[0] - (b - zero point of b) * multiplier[1]|.

    Parameters
    ----------
    requantize
        Multiplier and shift are (2,); both shifts are equal.
    """

    requantize: Requantize


@dataclass(frozen=True, kw_only=True, eq=False)
class Distance(Node):
    """The same of real numbers."""

    clamp: Clamp


def interval(node: QDistance, graph: Graph, sources: Sequence[Interval]) -> Interval:
    constants = node.requantize
    a, b = (
        x * factor
        for x, factor in zip(from_zero(node, graph, sources), constants.multiplier, strict=True)
    )
    below, above = a.lo - b.hi, a.hi - b.lo
    p = Interval(np.maximum(0, np.maximum(below, -above)), np.maximum(-below, above))
    return p.requantize(constants, graph.tensors[node.output].q.zero_point, constants.shift[:1])


register_operator(
    IntegerOperator(
        node=QDistance,
        bounds=lambda node, graph, sources: node.requantize.bounds,
        interval=interval,
        sums=None,
        channels=BY_CHANNEL,
        describe=lambda node, graph: "distance",
        qdq=lambda node, graph: QdqForm(
            value=Apply("Abs", (Apply("Sub", (Operand(0), Operand(1)), "difference"),)),
            bounds=node.requantize.bounds,
        ),
    )
)


@drafts(Distance)
def draft_distance(node: Distance, sources: Sequence[Quantization], target: Quantization) -> Draft:
    def finish(constants: FixedPoint) -> QDistance:
        return QDistance(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=constants.requantize(node.clamp, target),
        )

    ratio = np.array([source.scale / target.scale for source in sources])
    return Draft(factors=Factors(ratio=ratio), finish=finish)


@golden.executes(QDistance)
def distance(
    node: QDistance,
    inputs: Sequence[np.ndarray],
    sources: Sequence[Quantization],
    output: Tensor,
) -> np.ndarray:
    a, b = (
        (x.astype(np.int64) - source.zero_point) * factor
        for x, source, factor in zip(inputs, sources, node.requantize.multiplier, strict=True)
    )
    return requantize(np.abs(a - b), node.requantize, output.q.zero_point, node.requantize.shift[0])


class DistanceBuilder(IntegerBuilder):
    """Builds the new operator, too."""

    def distance(self, a: str, b: str) -> str:
        names = self._names(a, b, shape=self.shape(a))
        constants = self._requantize(names["output"], self._half_range(a) + self._half_range(b), 2)
        constants.shift[:] = constants.shift.max()
        return self._append(QDistance(**names, requantize=constants))

    def square_root(self, x: str) -> str:
        name = self.function(x)
        self.nodes[-1] = replace(self.nodes[-1], function="sqrt")
        return name


EXAMPLES: dict[type[Node], Callable[[DistanceBuilder, str, str], str]] = {
    QAdd: lambda b, x, y: b.add(x, y),
    QAveragePool: lambda b, x, y: b.average_pool(x, kernel=(2, 3), pads=(0, 1, 0, 0)),
    QConcat: lambda b, x, y: b.concat(x, y),
    QConv: lambda b, x, y: b.conv(x, 6, kernel=(3, 2), pads=(1, 0, 1, 1)),
    QDistance: lambda b, x, y: b.distance(x, y),
    QExtremum: lambda b, x, y: b.extremum(x, y, b.rng.choice(["max", "min"]).item()),
    QFunction: lambda b, x, y: b.square_root(x),
    QMaxPool: lambda b, x, y: b.max_pool(x, kernel=(2, 2), stride=(2, 1)),
    QMultiply: lambda b, x, y: b.multiply(x, y),
    DepthToSpace: lambda b, x, y: b.depth_to_space(x, 2),
    Reshape: lambda b, x, y: b.reshape(x, (2, 8, 12)),
    Resize: lambda b, x, y: b.resize(x, (2, 1)),
    Slice: lambda b, x, y: b.slice(x, (1, 0, 3), (2, 4, 7)),
    Transpose: lambda b, x, y: b.transpose(x, (1, 0, 2)),
}
"""What builds each operator on one or two tensors (4, 4, 12)."""


def example(kind: type[Node], seed: int) -> tuple[DistanceBuilder, Graph, str]:
    """An operator between convolutions, most of whose channels are constant; its output."""
    b = DistanceBuilder((4, 4, 3), seed)
    operands = []
    for _ in range(2):
        operands.append(b.conv("x", 12))
        dead = b.rng.permutation(12)[:9]
        b.nodes[-1].bias[dead] = -(1 << 28)
    output = EXAMPLES[kind](b, *operands)
    return b, b.graph(b.conv(output, 3)), output


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

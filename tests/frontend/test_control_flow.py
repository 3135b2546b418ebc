"""If and Loop, as far as they are constant."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import check, model, node, normal, save

from nnhw.budget import memory_budget
from nnhw.errors import BudgetError, UnsupportedError
from nnhw.frontend import load_model

CONSTANTS = {"w": normal(6, 6), "n": np.array(3), "c": np.array(True), "v": normal(3, 6)}


def typed(name: str, kind: int = TensorProto.FLOAT, shape: tuple = (1, 6)) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def body(*nodes: onnx.NodeProto, outputs: list[str], goes_on: str = "goes") -> onnx.GraphProto:
    """A trip from "i", "goes" and the state "s" to `goes_on` and `outputs`."""
    inputs = [typed("i", TensorProto.INT64, ()), typed("goes", TensorProto.BOOL, ()), typed("s")]
    results = [typed(goes_on, TensorProto.BOOL, ()), *map(typed, outputs)]
    return helper.make_graph(list(nodes), "trip", inputs, results)


def loop(inner: onnx.GraphProto, outputs: str, inputs: str = "n c x") -> onnx.NodeProto:
    names = [name if name != "-" else "" for name in inputs.split()]
    return helper.make_node("Loop", names, outputs.split(), "the_loop", body=inner)


GOES = node("Identity", "goes", "on")
LAYER = [
    GOES,
    node("Gather", "v i", "r", axis=0),
    node("Gemm", "s w", "g"),
    node("Add", "g r", "a"),
    node("Tanh", "a", "t"),
]
"""A trip with a constant of its own, from the graph around it."""


@pytest.mark.parametrize("opset", [11, 17])
@pytest.mark.parametrize("inputs", ["n c x", "n - x"])
def test_loop(tmp_path, inputs, opset):
    made = model(
        [loop(body(*LAYER, outputs=["t"], goes_on="on"), "y", inputs)],
        (1, 6),
        CONSTANTS,
        opset=opset,
    )
    graph = check(made, tmp_path)
    assert sum(type(made).__name__ == "Conv" for made in graph.nodes) == 3


@pytest.mark.parametrize("opset", [11, 17])
def test_results_of_all_trips(tmp_path, opset):
    """They are stacked along a new first axis."""
    stack = [
        loop(body(*LAYER, outputs=["t", "t"], goes_on="on"), "last all"),
        node("Transpose", "all", "p", perm=[1, 0, 2]),
        node("Flatten", "p", "f"),
        node("Concat", "f last", axis=1),
    ]
    check(model(stack, (1, 6), CONSTANTS, opset=opset), tmp_path)


def test_loop_in_a_loop_and_in_a_branch(tmp_path):
    inner = loop(body(*LAYER, outputs=["t"], goes_on="on"), "u", "n c s_2")
    repeats = node("Identity", "goes_2", "on_2")
    outer = body(repeats, inner, outputs=["u"], goes_on="on_2")
    for value, name in zip(outer.input, ["i_2", "goes_2", "s_2"], strict=True):
        value.name = name
    branch = helper.make_graph([loop(outer, "z", "n c x")], "then", [], [typed("z")])
    other = helper.make_graph([node("Relu", "x", "z")], "else", [], [typed("z")])
    choice = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=other)
    graph = check(model([choice], (1, 6), CONSTANTS), tmp_path)
    assert sum(type(made).__name__ == "Conv" for made in graph.nodes) == 9


def test_loop_that_ends_at_once(tmp_path):
    """By its condition: after a trip, or before the first one."""
    stops = [node("Constant", "", "on", value=helper.make_tensor("f", 9, (), [False])), *LAYER[1:]]
    once = loop(body(*stops, outputs=["t"], goes_on="on"), "y")
    graph = check(model([once], (1, 6), CONSTANTS), tmp_path)
    assert sum(type(made).__name__ == "Conv" for made in graph.nodes) == 1
    never = loop(body(*LAYER, outputs=["t"], goes_on="on"), "z")
    made = model([never, node("Relu", "z")], (1, 6), {**CONSTANTS, "c": np.array(False)})
    assert [type(made).__name__ for made in check(made, tmp_path).nodes] == ["Clip"]


@pytest.mark.parametrize(
    ("nodes", "inputs"),
    [
        (LAYER, "- c x"),
        (
            [node("ReduceMax", "s", "m", keepdims=0), node("Less", "m zero", "on"), *LAYER[1:]],
            "n c x",
        ),
    ],
)
def test_trips_that_are_not_known_are_refused(tmp_path, nodes, inputs):
    made = model(
        [loop(body(*nodes, outputs=["t"], goes_on="on"), "y", inputs)],
        (1, 6),
        {**CONSTANTS, "zero": np.float32(0)},
    )
    with pytest.raises(UnsupportedError, match=r"Loop 'the_loop'.*a number of trips"):
        load_model(save(made, tmp_path))


def test_trips_beyond_the_budget(tmp_path):
    made = model(
        [loop(body(*LAYER, outputs=["t"], goes_on="on"), "y")],
        (1, 6),
        {**CONSTANTS, "n": np.array(10**12)},
    )
    with memory_budget("1G"), pytest.raises(BudgetError, match="Loop 'the_loop' of 1,000,000,000"):
        load_model(save(made, tmp_path))


def test_trips_of_loops_in_loops_are_counted_together(tmp_path):
    """Each of them would be within the budget."""
    inner = loop(body(*LAYER, outputs=["t"], goes_on="on"), "u", "n c s_2")
    outer = body(node("Identity", "goes_2", "on_2"), inner, outputs=["u"], goes_on="on_2")
    for value, name in zip(outer.input, ["i_2", "goes_2", "s_2"], strict=True):
        value.name = name
    constants = {**CONSTANTS, "n": np.array(100), "v": normal(100, 6)}
    made = model([loop(outer, "y")], (1, 6), constants)
    with memory_budget("1G"), pytest.raises(BudgetError, match=r"Loop .* of 100 trips of 5 nodes"):
        load_model(save(made, tmp_path))

"""Infinite bounds that no value reaches, and numbers that are none."""

import math

import numpy as np
import pytest
from onnx_models import check, model, node, normal, save

from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import MaxPool

LOWEST = float(np.finfo(np.float32).min)


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


@pytest.mark.parametrize(
    ("nodes", "bounds"),
    [
        ([node("Max", "x b")], {"b": -math.inf}),
        ([node("Min", "b x")], {"b": math.inf}),
        ([node("Max", "x b c")], {"b": -math.inf, "c": 0.25}),
        ([node("Clip", "x b c")], {"b": -math.inf, "c": 0.25}),
        ([node("Clip", "x b c")], {"b": -math.inf, "c": math.inf}),
        ([node("Clip", "x b")], {"b": LOWEST}),
    ],
)
def test_bounds_that_no_value_reaches(nodes, bounds, tmp_path):
    constants = {name: scalar(value) for name, value in bounds.items()}
    check(model([node("Neg", "x", "n"), *_from("n", nodes)], (1, 6), constants), tmp_path)


def _from(name, nodes):
    for n in nodes:
        n.input[list(n.input).index("x")] = name
    return nodes


@pytest.mark.parametrize(
    ("nodes", "bounds"),
    [
        ([node("Max", "x b")], {"b": math.inf}),
        ([node("Min", "x b")], {"b": -math.inf}),
        ([node("Clip", "x b")], {"b": math.inf}),
        ([node("Clip", "x - b")], {"b": -math.inf}),
        ([node("Max", "x b")], {"b": math.nan}),
        ([node("Clip", "x b")], {"b": math.nan}),
    ],
)
def test_bounds_that_are_refused(nodes, bounds, tmp_path):
    constants = {name: scalar(value) for name, value in bounds.items()}
    with pytest.raises(UnsupportedError, match="infinity"):
        load_model(save(model(nodes, (1, 6), constants), tmp_path))


@pytest.mark.parametrize("value", [-math.inf, LOWEST])
@pytest.mark.parametrize("opset", [8, 13, 19])
def test_padding_of_max_pooling(value, opset, tmp_path):
    pads = [0, 0, 1, 0, 0, 0, 2, 1]
    if opset < 11:
        pad, constants = node("Pad", "x", "p", pads=pads, value=value), {}
    else:
        constants = {"s": np.array(pads), "v": scalar(value)}
        pad = node("Pad", "x s v", "p")
    pool = node("MaxPool", "p", kernel_shape=[3, 2], strides=[2, 1], pads=[0, 1, 0, 0])
    graph = check(model([pad, pool], (1, 3, 6, 5), constants, opset=opset), tmp_path)
    (found,) = graph.nodes
    assert isinstance(found, MaxPool)
    assert found.window.pads == (1, 1, 2, 1)


def test_padding_that_is_read_elsewhere_is_refused(tmp_path):
    constants = {"s": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "v": scalar(-math.inf)}
    nodes = [
        node("Pad", "x s v", "p"),
        node("MaxPool", "p", "m", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Add", "p m"),
    ]
    with pytest.raises(UnsupportedError, match="Pad 'the_pad_p': its constant 'v' holds"):
        load_model(save(model(nodes, (1, 3, 6, 5), constants), tmp_path))


def test_all_problems_are_listed_at_once(tmp_path):
    bad = normal(6, 6)
    bad[0, 0] = math.nan
    nodes = [
        node("MatMul", "x w", "a"),
        node("Div", "a z", "b"),
        node("CumSum", "b one", "c"),
        node("Add", "x c"),
    ]
    made = model(nodes, (1, 6), {"w": bad, "z": np.zeros(6, np.float32), "one": np.array(1)})
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(made, tmp_path))
    assert [line.split(":")[0] for line in caught.value.problems] == [
        "MatMul 'the_matmul_a'",
        "Div 'the_div_b'",
        "CumSum 'the_cumsum_c'",
    ]

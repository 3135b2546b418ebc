"""Tables of functions: their entries, their errors, and inputs for which there is no result."""

from __future__ import annotations

import math

import numpy as np
import pytest
from random_graphs import Builder

from nnhw import golden
from nnhw.errors import QuantizationError
from nnhw.ir import FUNCTIONS, Function, Graph, QFunction, Quantization, Tensor, evaluate_function
from nnhw.quantize import quantize, table_error
from nnhw.quantize.functions import quantize_function


def function(name: str, *parameters: float) -> Function:
    return Function(name="f", inputs=("x",), output="y", function=name, parameters=parameters)


def alone(node: Function | QFunction, source: Quantization, target: Quantization) -> Graph:
    b = Builder((1, 1, 1))
    graph = b.graph("x")
    quantizations = {"x": source, "y": target}
    tensors = {
        name: Tensor(name=name, shape=(1, 1, 1), quantization=q)
        for name, q in quantizations.items()
    }
    return Graph(
        name="net", nodes=(node,), tensors=tensors, inputs=graph.inputs, outputs=graph.inputs
    )


def test_entries_are_the_rounded_function_of_each_input() -> None:
    source = Quantization(bits=4, scale=0.5, zero_point=-2)
    target = Quantization(bits=8, scale=1 / 200, zero_point=-100)
    node = quantize_function(function("sigmoid"), [source], target)
    assert node.table.dtype == np.int8
    for entry, q in zip(node.table.tolist(), range(-8, 8), strict=True):
        real = 1 / (1 + math.exp(-0.5 * (q + 2)))
        assert entry == round(real * 200) - 100
    x = np.arange(-8, 8, dtype=np.int8).reshape(16, 1, 1, 1)
    found = golden.run(alone(node, source, target), x, keep=["y"])["y"]
    assert found.ravel().tolist() == node.table.tolist()


def test_results_beyond_the_range_saturate() -> None:
    source = Quantization(bits=3, scale=1.0, zero_point=0)  # -4 to 3
    target = Quantization(bits=4, scale=1.0, zero_point=-3)  # -5 to 10
    assert quantize_function(function("pow", 3.0), [source], target).table.tolist() == [
        *[-8, -8, -8, -4, -3, -2, 5, 7]
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Where the logarithm is infinite or not defined: as at zero.
        ("log", [-8, -8, -8, -8, -8, 0, 1, 1]),
        ("sqrt", [0, 0, 0, 0, 0, 1, 1, 2]),
        ("reciprocal", [0, 0, 0, -1, 7, 1, 0, 0]),
    ],
)
def test_inputs_without_a_result(name: str, expected: list[int]) -> None:
    source = Quantization(bits=3, scale=1.0, zero_point=0)  # -4 to 3
    target = Quantization(bits=4, scale=1.0, zero_point=0)
    node = quantize_function(function(name), [source], target)
    assert node.table.tolist() == expected


def test_function_that_is_defined_nowhere() -> None:
    source = Quantization(bits=2, scale=1.0, zero_point=1)  # -3 to 0
    target = Quantization(bits=4, scale=1.0, zero_point=3)
    node = quantize_function(function("pow", 0.5), [source], target)
    assert node.table.tolist() == [3, 3, 3, 3]


def test_error_of_a_table() -> None:
    source = Quantization(bits=8, scale=0.05, zero_point=0)
    target = Quantization(bits=8, scale=2 / 255, zero_point=0)
    node = quantize_function(function("tanh"), [source], target)
    error = table_error(node, alone(node, source, target))
    x = np.arange(-128, 128) * 0.05
    distance = np.abs(node.table.astype(float) * 2 / 255 - np.tanh(x))
    assert error.largest == pytest.approx(distance.max(), rel=1e-3)
    assert error.mean == pytest.approx(distance.mean(), rel=1e-3)
    assert error.largest_steps == pytest.approx(error.largest * 255 / 2)
    assert error.mean_steps < error.largest_steps <= 0.5 + 1e-4
    assert error.saturated == 0


def test_saturated_inputs_are_counted_apart() -> None:
    source = Quantization(bits=8, scale=0.125, zero_point=0)
    target = Quantization(bits=8, scale=1 / 255, zero_point=-128)  # 0 to 1
    node = quantize_function(function("sqrt"), [source], target)
    error = table_error(node, alone(node, source, target))
    assert error.largest_steps <= 0.5 + 1e-4
    assert error.saturated == 256 - 9  # all but 0, 0.125, ..., 1


@pytest.mark.parametrize(
    ("name", "operator"), [("log", "Log"), ("sqrt", "Sqrt"), ("reciprocal", "Reciprocal")]
)
def test_data_without_a_result_are_refused(name: str, operator: str) -> None:
    b = Builder((2, 2, 1))
    b.append(function(name), (2, 2, 1))
    data = np.abs(b.data(20)) + 0.1
    quantize(b.graph("y"), data)
    data[3, 0, 0] = 0.0 if name != "sqrt" else -1.0
    with pytest.raises(QuantizationError, match=rf"Node 'f' \({operator}\) has no finite result"):
        quantize(b.graph("y"), data)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_keep_shape_and_precision(name: str) -> None:
    parameters = tuple(1.5 for _ in FUNCTIONS[name].parameters)
    x = np.linspace(0.25, 2, 12).reshape(3, 4).astype(np.float32)
    y = evaluate_function(name, parameters, x)
    assert y.dtype == np.float64
    assert y.shape == x.shape
    assert np.isfinite(y).all()

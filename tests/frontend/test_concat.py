"""Concatenation with constants, and along new axes."""

import numpy as np
import pytest
from onnx_models import check, model, node, normal

from nnhw.golden import dequantize, quantize_inputs, run
from nnhw.ir import as_batch
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize, run_float


def axis(value: int) -> dict[str, np.ndarray]:
    return {"a": np.array([value], np.int64)}


@pytest.mark.parametrize("shape", [(1, 6), (1, 5, 6), (1, 3, 5, 6)])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, -1])
def test_stack(shape, place, tmp_path):
    if place > len(shape):
        pytest.skip("no such axis")
    nodes = [
        node("Relu", "x", "r"),
        node("Unsqueeze", "x a", "u"),
        node("Unsqueeze", "r a", "v"),
        node("Concat", "u v u", axis=place),
    ]
    check(model(nodes, shape, axis(place)), tmp_path)


def test_stack_of_columns(tmp_path):
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 1]),
        node("Unsqueeze", "t a", "u"),
        node("Concat", "u u", axis=3),
    ]
    check(model(nodes, (1, 5, 6), axis(3)), tmp_path)


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("first", [False, True])
def test_constant_part(place, first, tmp_path):
    shape = [1, 3, 5, 4]
    shape[place] = 2
    nodes = [node("Concat", "k x" if first else "x k", "c", axis=place), node("Relu", "c")]
    check(model(nodes, (1, 3, 5, 4), {"k": normal(*shape)}), tmp_path)


def test_one_constant_for_all_pixels(tmp_path):
    k = np.broadcast_to(normal(1, 2, 1, 1), (1, 2, 5, 4)).copy()
    nodes = [node("Concat", "x k", "c", axis=1), node("Conv", "c w")]
    graph = check(model(nodes, (1, 3, 5, 4), {"k": k, "w": normal(4, 5, 3, 3)}), tmp_path)
    assert [type(n).__name__ for n in graph.nodes] == ["Conv", "Concat", "Conv"]


def test_class_token(tmp_path):
    nodes = [node("Concat", "k x", "c", axis=1), node("MatMul", "c w")]
    constants = {"k": normal(1, 1, 6), "w": normal(6, 4)}
    check(model(nodes, (1, 5, 6), constants), tmp_path)


def test_constant_of_a_vector(tmp_path):
    nodes = [node("Concat", "x k", "c", axis=-1), node("MatMul", "c w")]
    check(model(nodes, (1, 6), {"k": normal(1, 2), "w": normal(8, 3)}), tmp_path)


def test_constant_part_is_quantized(tmp_path):
    nodes = [node("Concat", "x k", "c", axis=1), node("Conv", "c w")]
    constants = {"k": normal(1, 2, 5, 4), "w": normal(4, 5, 3, 3)}
    graph = check(model(nodes, (1, 3, 5, 4), constants), tmp_path)
    x = normal(8, 5, 4, 3, seed=5)
    integers = quantize(simplify_graph(graph), x)
    (port,) = integers.outputs
    real = run_float(graph, x)[port.tensor]
    q = run(integers, quantize_inputs(integers, as_batch(integers, x)))[port.tensor]
    error = dequantize(q, integers.tensors[port.tensor].q) - real
    assert 10 * np.log10(real.var() / error.var()) > 30

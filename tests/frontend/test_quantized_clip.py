"""Clip of integers between QuantizeLinear and DequantizeLinear, as fewer than 8 bits arrive."""

import numpy as np
import pytest
from onnx_models import save
from quantized_models import Qdq
from quantized_reference import integer_graph, output_steps

from nnhw.frontend import load_model
from nnhw.ir import FakeQuantize, Graph
from nnhw.passes import simplify_graph


def clipped(b: Qdq, value: str, scale: float, zero: int, dtype: str, bounds) -> str:
    q = b.quantized(value, scale, zero, dtype)
    parameters = list(b._last)
    lo, hi = (b.constant(bound, dtype) for bound in bounds)
    return b.node("DequantizeLinear", [b.node("Clip", [q, lo, hi]), *parameters])


CASES = {
    "4 bits": ("int8", 0, (-8, 7), 4),
    "4 bits, narrow": ("int8", 0, (-7, 7), 4),
    "4 bits, unsigned": ("uint8", 0, (0, 15), 4),
    "3 bits": ("int8", 0, (-4, 3), 3),
    "odd bounds": ("int8", 3, (-5, 9), 4),
    "zero outside": ("int8", 0, (3, 9), 4),
    "6 bits, unsigned": ("uint8", 20, (4, 60), 6),
    "none": ("int8", 5, (-128, 127), 8),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("place", ["input", "inside", "output"])
def test_integers_are_clamped(name, place, tmp_path):
    dtype, zero, bounds, bits = CASES[name]
    b = Qdq((1, 4, 6, 6))
    clip = lambda value, scale: clipped(b, value, scale, zero, dtype, bounds)  # noqa: E731
    x = clip("x", 0.3) if place == "input" else b.qdq("x", 0.02)
    y = b.node("Conv", [x, b.weights((4, 4, 3, 3))])
    if place == "inside":
        y = b.node("Conv", [clip(y, 0.11), b.weights((4, 4, 1, 1))])
    if place == "output":
        last = clip(y, 0.11)
        b.node("Identity", [last], "y")
    else:
        b.qdq(y, 0.13, 0, "int8", "y")
    graph = simplify_graph(load_model(save(b.model(), tmp_path)))
    widths = [n.quantization.bits for n in graph.nodes if isinstance(n, FakeQuantize)]
    assert bits in widths
    _check(b, tmp_path)


def _check(b: Qdq, folder) -> Graph:
    """Compare the output with onnxruntime's, which rounds a quotient of float32."""
    made = b.model()
    graph = integer_graph(save(made, folder))
    steps = output_steps(made, graph, b.samples())
    assert np.abs(steps).max() <= 1
    assert np.count_nonzero(steps) <= 0.01 * steps.size
    return graph


def test_weights_are_clamped(tmp_path):
    b = Qdq((1, 4, 6, 6))
    values = b.rng.normal(size=(4, 4, 3, 3)).astype(np.float32)
    weight = clipped(b, b.constant(values), 0.2, 0, "int8", (-2, 1))
    b.qdq(b.node("Conv", [b.qdq("x", 0.02), weight]), 0.13, 0, "int8", "y")
    graph = _check(b, tmp_path)
    assert {int(w) for w in graph.nodes[0].weight.ravel()} == {-2, -1, 0, 1}

"""What a report tells of look-up tables."""

import numpy as np
import pytest

from nnhw.ir import Function, Graph, Port, QFunction, Tensor
from nnhw.quantize import quantize
from nnhw.report.tables import describe_tables


def test_contents_and_error():
    shape = (1, 1, 4)
    graph = Graph(
        name="net",
        nodes=(
            Function(
                name="leak", inputs=("x",), output="y", function="leaky_relu", parameters=(0.25,)
            ),
            Function(name="squash", inputs=("y",), output="z", function="sigmoid"),
        ),
        tensors={name: Tensor(name=name, shape=shape) for name in "xyz"},
        inputs=(Port(tensor="x", onnx_name="x", onnx_shape=(4,)),),
        outputs=(Port(tensor="z", onnx_name="z", onnx_shape=(4,)),),
    )
    integer = quantize(graph, np.random.default_rng(0).normal(size=(50, *shape)))
    leak, squash = describe_tables(integer)
    assert (leak.name, leak.function) == ("leak", "LeakyRelu(0.25)")
    assert (squash.name, squash.function) == ("squash", "Sigmoid")
    node = integer.nodes[1]
    assert isinstance(node, QFunction)
    assert squash.lowest == -128
    assert squash.entries == tuple(node.table)
    source, target = integer.tensors["y"].q, integer.tensors["z"].q
    x = (np.arange(-128, 128) - source.zero_point) * source.scale
    real = (node.table.astype(float) - target.zero_point) * target.scale
    error = np.abs(real - 1 / (1 + np.exp(-x)))
    assert squash.largest_error == pytest.approx(error.max(), rel=1e-3)
    assert squash.mean_error_steps == pytest.approx(error.mean() / target.scale, abs=2e-3)

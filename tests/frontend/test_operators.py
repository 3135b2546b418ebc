"""Every operator from ONNX to the golden model, against onnxruntime."""

from pathlib import Path

import numpy as np
import pytest
from onnx_models import check
from operator_models import FUNCTIONS, JOINS, MOVES, PATTERNS, STEPS, TRANSPOSED
from qdq_reference import assert_agree, isolated

from nnhw import golden
from nnhw.ir import Graph, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize, run_float

CASES = {
    f"{family}-{name}": case
    for family, cases in {
        "function": FUNCTIONS,
        "pattern": {name: case for name, (case, _) in PATTERNS.items()},
        "join": JOINS,
        "move": MOVES,
        "transposed": TRANSPOSED,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    graph = simplify_graph(check(case.model(), tmp_path, case.data(3)))
    (port,) = graph.inputs
    x = to_channels_last(case.data(40), port, graph.tensors[port.tensor])
    integer = quantize(graph, x)
    assert_agree(isolated(integer, x, tmp_path))
    if name.partition("-")[2] not in STEPS:
        assert decibels(graph, integer, x) > case.decibels


def decibels(graph: Graph, integer: Graph, x: np.ndarray) -> float:
    """Signal to noise ratio of the golden model against the float graph."""
    output = graph.outputs[0].tensor
    exact = run_float(graph, x)[output].astype(np.float64)
    q = golden.run(integer, golden.quantize_input(x, integer.tensors[integer.inputs[0].tensor].q))
    real = golden.dequantize(q[output], integer.tensors[output].q)
    return 10 * np.log10((exact**2).sum() / ((real - exact) ** 2).sum())

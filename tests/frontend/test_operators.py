"""Every operator from ONNX to the golden model, against onnxruntime."""

from pathlib import Path

import numpy as np
import pytest
from onnx_models import check
from operator_models import CASES, FUNCTIONS, PATTERNS, STEPS, Case
from qdq_reference import assert_agree, isolated

from nnhw import golden, ir
from nnhw.ir import Function, Graph, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize, run_float


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    graph, x = simplified(case, tmp_path)
    integer = quantize(graph, x)
    assert_agree(isolated(integer, x, tmp_path))
    if name not in STEPS:
        assert decibels(graph, integer, x) > case.decibels


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_are_recognized(name: str, tmp_path: Path) -> None:
    case, function = PATTERNS[name]
    (node,) = simplified(case, tmp_path)[0].nodes
    assert isinstance(node, Function)
    assert node.function == function


def test_every_function_has_a_case(tmp_path: Path) -> None:
    found = {
        node.function
        for case in FUNCTIONS.values()
        for node in simplified(case, tmp_path)[0].nodes
        if isinstance(node, Function)
    }
    assert found | {"sigmoid"} == set(ir.FUNCTIONS)  # Sigmoid alone would stay with the host


def simplified(case: Case, folder: Path) -> tuple[Graph, np.ndarray]:
    """The graph of a case, equal to onnxruntime before and after the passes, and calibration."""
    graph = simplify_graph(check(case.model(), folder, case.data(3)))
    (port,) = graph.inputs
    return graph, to_channels_last(case.data(40), port, graph.tensors[port.tensor])


def decibels(graph: Graph, integer: Graph, x: np.ndarray) -> float:
    """Signal to noise ratio of the golden model against the float graph."""
    output = graph.outputs[0].tensor
    exact = run_float(graph, x)[output].astype(np.float64)
    q = golden.run(integer, golden.quantize_input(x, integer.tensors[integer.inputs[0].tensor].q))
    real = golden.dequantize(q[output], integer.tensors[output].q)
    return 10 * np.log10((exact**2).sum() / ((real - exact) ** 2).sum())

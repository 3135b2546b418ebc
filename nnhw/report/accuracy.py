"""How much quantization costs: the integer network against the float network."""

from __future__ import annotations

import numpy as np

from ..data import Dataset, top1
from ..golden import dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Graph, from_channels_last
from ..quantize import run_float
from .noise import decibels
from .structure import Accuracy


def measure_accuracy(float_graph: Graph, integer_graph: Graph, evaluation: Dataset) -> Accuracy:
    """Run both networks on the evaluation samples and compare their outputs.

    Parameters
    ----------
    float_graph, integer_graph
        The same network before and after quantization. Labels are those of its first output.
    evaluation
        Samples, with labels or without.
    """
    found = run_integer(integer_graph, quantize_inputs(integer_graph, evaluation.x))
    expected = run_float(float_graph, evaluation.x)
    pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # of real values, float and integer
    for before, port in zip(float_graph.outputs, integer_graph.outputs, strict=True):
        y = dequantize(found[port.tensor], integer_graph.tensors[port.tensor].q)
        pairs[port.onnx_name] = (
            from_channels_last(expected[before.tensor], before),
            from_channels_last(y, port),
        )
    port = integer_graph.outputs[0]
    exact, integer = pairs.pop(port.onnx_name)
    rows, columns, channels = integer_graph.tensors[port.tensor].shape
    labels = evaluation.y
    # A map of several pixels, or what may be a reconstruction of an input.
    no_scores = (rows, columns) != (1, 1) or port.onnx_shape in (
        source.onnx_shape for source in integer_graph.inputs
    )
    remark = ""
    if no_scores and labels is not None:
        labels, remark = None, "not used: the outputs are no class scores"
    return Accuracy(
        samples=len(evaluation.x),
        held_out=evaluation.held_out,
        float_top1=None if labels is None else round(top1(exact, labels), 3),
        integer_top1=None if labels is None else round(top1(integer, labels), 3),
        agreement=None if no_scores or channels == 1 else _agreement(exact, integer),
        sqnr_db=_sqnr_db(exact, integer),
        further_sqnr_db={name: _sqnr_db(*pair) for name, pair in pairs.items()},
        remark=remark,
    )


def _agreement(exact: np.ndarray, integer: np.ndarray) -> float:
    same = exact.reshape(len(exact), -1).argmax(1) == integer.reshape(len(integer), -1).argmax(1)
    return round(100 * float(np.mean(same)), 3)


def _sqnr_db(exact: np.ndarray, integer: np.ndarray) -> float | None:
    signal = float(np.sum(np.square(exact, dtype=np.float64)))
    noise = float(np.sum(np.square(exact.astype(np.float64) - integer)))
    return decibels(signal, noise)

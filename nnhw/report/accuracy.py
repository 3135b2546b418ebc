"""How much quantization costs: the integer network against the float network."""

from __future__ import annotations

import numpy as np

from ..data import Dataset, top1
from ..golden import dequantize, quantize_input
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
        The same network, with one input and one output, before and after quantization.
    evaluation
        Samples, with labels or without.
    """
    (source,), (port,) = integer_graph.inputs, integer_graph.outputs
    q = quantize_input(evaluation.x, integer_graph.tensors[source.tensor].q)
    (y,) = run_integer(integer_graph, q).values()
    (expected,) = run_float(float_graph, evaluation.x).values()

    integer = from_channels_last(dequantize(y, integer_graph.tensors[port.tensor].q), port)
    exact = from_channels_last(expected, port)
    labels = evaluation.y
    # A map of several pixels, or what may be a reconstruction of the input.
    no_scores = port.onnx_shape == source.onnx_shape or y.shape[1:3] != (1, 1)
    remark = ""
    if no_scores and labels is not None:
        labels, remark = None, "not used: the outputs are no class scores"
    return Accuracy(
        samples=len(evaluation.x),
        held_out=evaluation.held_out,
        float_top1=None if labels is None else round(top1(exact, labels), 3),
        integer_top1=None if labels is None else round(top1(integer, labels), 3),
        agreement=None if no_scores or y.shape[3] == 1 else _agreement(exact, integer),
        sqnr_db=_sqnr_db(exact, integer),
        remark=remark,
    )


def _agreement(exact: np.ndarray, integer: np.ndarray) -> float:
    same = exact.reshape(len(exact), -1).argmax(1) == integer.reshape(len(integer), -1).argmax(1)
    return round(100 * float(np.mean(same)), 3)


def _sqnr_db(exact: np.ndarray, integer: np.ndarray) -> float | None:
    signal = float(np.sum(np.square(exact, dtype=np.float64)))
    noise = float(np.sum(np.square(exact.astype(np.float64) - integer)))
    return decibels(signal, noise)

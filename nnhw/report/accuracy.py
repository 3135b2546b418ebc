"""How much quantization costs: the integer network against the exact one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data import Dataset, predict
from ..golden import dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Graph, from_channels_last
from .noise import decibels, deviation, finite
from .structure import Accuracy


def measure_accuracy(
    exact: Mapping[str, np.ndarray], integer_graph: Graph, evaluation: Dataset
) -> Accuracy:
    """Run the integer network on the evaluation samples and compare its outputs.

    Parameters
    ----------
    exact
        What the network answers before quantization: (N, *Port.onnx_shape) by `Port.onnx_name`,
        such as `nnhw.reference.ask_file` gives.
    integer_graph
        What came of it. Labels are those of its first output.
    evaluation
        Samples, with labels or without.
    """
    found = run_integer(integer_graph, quantize_inputs(integer_graph, evaluation.x))
    outputs = {
        port.onnx_name: from_channels_last(
            dequantize(found[port.tensor], integer_graph.tensors[port.tensor].q), port
        )
        for port in integer_graph.outputs
    }
    ratios = {name: _sqnr_db(exact[name], y) for name, y in outputs.items()}
    port = integer_graph.outputs[0]
    rows, columns, channels = integer_graph.tensors[port.tensor].shape
    # A map of several pixels, or what may be a reconstruction of an input.
    no_scores = (rows, columns) != (1, 1) or port.onnx_shape in (
        source.onnx_shape for source in integer_graph.inputs
    )
    labels = evaluation.y
    remark = ""
    if no_scores and labels is not None:
        labels, remark = None, "not used: the outputs are no class scores"
    answers = predict(exact[port.onnx_name]), predict(outputs[port.onnx_name])
    classes = max(channels, 2)  # one logit tells two apart
    return Accuracy(
        samples=len(evaluation.x),
        held_out=evaluation.held_out,
        agreement=None if no_scores or channels == 1 else _percent(answers[0] == answers[1]),
        sqnr_db=ratios.pop(port.onnx_name),
        further_sqnr_db=ratios,
        remark=remark,
        **({} if labels is None else _scores(*answers, labels, classes)),
    )


def _scores(exact: np.ndarray, integer: np.ndarray, labels: np.ndarray, classes: int) -> dict:
    """What labels tell: the figures of `Accuracy` by name."""
    float_right, integer_right = exact == labels, integer == labels
    return {
        "float_top1": _percent(float_right),
        "integer_top1": _percent(integer_right),
        "lost": int(np.count_nonzero(float_right & ~integer_right)),
        "gained": int(np.count_nonzero(integer_right & ~float_right)),
        "chance_top1": round(100 * _chance(exact, labels, classes), 3),
    }


def _chance(answers: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Share of answers that would be right if they had nothing to do with their samples."""
    if len(np.unique(labels)) == 1:  # which leaves nothing to be right about by chance
        return 1 / classes
    counts = (np.bincount(values, minlength=classes) for values in (answers, labels))
    return float(np.prod(list(counts), axis=0).sum()) / len(labels) ** 2


def _percent(hits: np.ndarray) -> float:
    return round(100 * float(np.mean(hits)), 3)


def _sqnr_db(exact: np.ndarray, integer: np.ndarray) -> float | None:
    noise = float(np.mean(np.square(finite(exact) - integer)))
    return decibels(deviation(exact), noise)

"""How much quantization costs: the integer network against the exact one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from ..data import (
    Dataset,
    Metric,
    MetricFunction,
    SampleSource,
    parts,
    predict,
    regression_metrics,
    value_of,
)
from ..golden import quantize_inputs, real_outputs
from ..golden import run as run_integer
from ..ir import Batch, Graph
from .noise import decibels, deviation, finite
from .structure import Accuracy

RunInteger = Callable[[Batch], Mapping[str, np.ndarray]]
"""Takes integers for an integer network's inputs; gives its outputs as the golden model does."""

MOST_CLASSES = 32
"""Of a confusion matrix."""


def measure_accuracy(
    exact: Mapping[str, np.ndarray],
    integer_graph: Graph,
    evaluation: Dataset,
    metrics: Mapping[str, MetricFunction] | None = None,
    run: RunInteger | None = None,
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
    metrics
        The user's own, by name.

    Raises
    ------
    DataError
        If a metric fails or gives no number.
    """
    outputs = run_real(integer_graph, evaluation.x, run)
    ratios = {name: _sqnr_db(exact[name], y) for name, y in outputs.items()}
    port = integer_graph.outputs[0]
    rows, columns, channels = integer_graph.tensors[port.tensor].shape
    labels = evaluation.y
    has_targets = labels is not None and evaluation.labels == "targets"
    # Numbers of their own, a map of several pixels, or what may be a reconstruction of an input.
    no_scores = (
        has_targets
        or (rows, columns) != (1, 1)
        or port.onnx_shape in (source.onnx_shape for source in integer_graph.inputs)
    )
    is_scored = evaluation.labels == "classes" and not no_scores
    chosen = {**(regression_metrics() if has_targets else {}), **(metrics or {})}
    remark = ""
    if labels is not None and not (is_scored or has_targets):
        remark = "used by metrics only" if chosen else "not used: the outputs are no class scores"
    elif evaluation.one_hot:
        remark = "one-hot: the place of the 1 is the class; integers (N,) say the same"
    answers = predict(exact[port.onnx_name]), predict(outputs[port.onnx_name])
    classes = max(channels, 2)  # one logit tells two apart
    ordered = {name: exact[name] for name in outputs}
    return Accuracy(
        samples=len(evaluation.x),
        held_out=evaluation.held_out,
        agreement=None if no_scores or channels == 1 else _percent(answers[0] == answers[1]),
        sqnr_db=ratios.pop(port.onnx_name),
        further_sqnr_db=ratios,
        remark=remark,
        metrics=tuple(
            Metric(
                name=name,
                reference=value_of(name, metric, ordered, labels),
                integer=value_of(name, metric, outputs, labels),
            )
            for name, metric in chosen.items()
        ),
        **(_scores(*answers, labels, classes) if labels is not None and is_scored else {}),
    )


def run_real(
    integer_graph: Graph, x: SampleSource, run: RunInteger | None = None
) -> dict[str, np.ndarray]:
    """Outputs of an integer network as real values, float32 (N, *ONNX shape) by ONNX name.

    With `run` in place of the golden model.
    """
    run = run or partial(run_integer, integer_graph)
    found = []
    for part in parts(x, integer_graph):
        integers = run(quantize_inputs(integer_graph, part))
        found.append(real_outputs(integer_graph, integers))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _scores(exact: np.ndarray, integer: np.ndarray, labels: np.ndarray, classes: int) -> dict:
    """What labels tell: the figures of `Accuracy` by name."""
    float_right, integer_right = exact == labels, integer == labels
    return {
        "float_top1": _percent(float_right),
        "integer_top1": _percent(integer_right),
        "lost": int(np.count_nonzero(float_right & ~integer_right)),
        "gained": int(np.count_nonzero(integer_right & ~float_right)),
        "chance_top1": round(100 * _chance(exact, labels, classes), 3),
        "confusion": _confusion(integer, labels, classes),
    }


def _chance(answers: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Share of answers that would be right if they had nothing to do with their samples."""
    if len(np.unique(labels)) == 1:  # which leaves nothing to be right about by chance
        return 1 / classes
    counts = (np.bincount(values, minlength=classes) for values in (answers, labels))
    return float(np.prod(list(counts), axis=0).sum()) / len(labels) ** 2


def _confusion(
    answers: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[tuple[int, ...], ...] | None:
    """Samples by label and answer; None for more classes than a page can show."""
    if classes > MOST_CLASSES:
        return None
    counts = np.bincount(labels * classes + answers, minlength=classes**2)
    return tuple(map(tuple, counts.reshape(classes, classes).tolist()))


def _percent(hits: np.ndarray) -> float:
    return round(100 * float(np.mean(hits)), 3)


def _sqnr_db(exact: np.ndarray, integer: np.ndarray) -> float | None:
    noise = float(np.mean(np.square(finite(exact) - integer)))
    return decibels(deviation(exact), noise)

"""Figures of how good outputs are, of the user's own and those that are always there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, OptionError, first_line

MetricFunction = Callable[[Any, Any], float]
"""Computes one number of outputs and labels.

Outputs are real values (N, *ONNX shape without the batch axis) in ONNX's order, before what stays
with the host; of several outputs a dictionary of such arrays by their names. Labels are those of
the same N samples, as they were given; None without labels.
"""

Metrics = MetricFunction | Sequence[MetricFunction] | Mapping[str, MetricFunction]
"""A metric, several that are called what the functions are, or by the names of a dictionary."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric says of a network before and after quantization.

    Parameters
    ----------
    name
        Of the metric.
    reference, integer
        Of the exact network and of the integer one; None where it is no finite number.
    """

    name: str
    reference: float | None
    integer: float | None


def named_metrics(metrics: Metrics | None) -> dict[str, MetricFunction]:
    """Metrics by name.

    Raises
    ------
    OptionError
        If something is no function, or two have one name.
    """
    if metrics is None:
        return {}
    if callable(metrics):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        named = list(metrics.items())
    elif isinstance(metrics, Sequence) and not isinstance(metrics, str):
        named = [(getattr(metric, "__name__", type(metric).__name__), metric) for metric in metrics]
    else:
        raise OptionError(
            "Option metrics must be a function of (outputs, labels), a list of them, or a "
            f"dictionary of them by name, not {type(metrics).__name__}"
        )
    for name, metric in named:
        if not isinstance(name, str) or not callable(metric):
            raise OptionError(f"Metric {name!r} must be a function by a name, not {metric!r}")
    names = [name for name, _ in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise OptionError(f"Two metrics are called '{twice[0]}'; give metrics as a dictionary")
    return dict(named)


def regression_metrics() -> dict[str, MetricFunction]:
    """What is always told where labels are real numbers that the first output should be."""
    return {"mean squared error": _mean_squared_error, "R²": _determination}


def value_of(
    name: str,
    metric: MetricFunction,
    outputs: Mapping[str, np.ndarray],
    labels: np.ndarray | None,
) -> float | None:
    """What a metric says of outputs (by their names); None if it is no finite number.

    Raises
    ------
    DataError
        If the metric fails, or gives no number.
    """
    given: Any = outputs if len(outputs) > 1 else next(iter(outputs.values()))
    try:
        value = metric(given, labels)
    except Exception as error:
        raise DataError(f"Metric '{name}' fails: {first_line(error)}") from error
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"Metric '{name}' must give a number, not {type(value).__name__}") from None
    return number if math.isfinite(number) else None


def first_output(outputs: Any) -> np.ndarray:
    """The array of the first output, of what a metric gets."""
    return next(iter(outputs.values())) if isinstance(outputs, Mapping) else outputs


def _mean_squared_error(outputs: Any, targets: np.ndarray) -> float:
    return float(np.mean(np.square(first_output(outputs).astype(np.float64) - targets)))


def _determination(outputs: Any, targets: np.ndarray) -> float:
    """Coefficient of determination, elements weighted by their variance over the samples."""
    wanted = targets.astype(np.float64)
    variance = float(np.mean(np.var(wanted, axis=0)))
    return 1 - _mean_squared_error(outputs, wanted) / variance if variance else math.nan

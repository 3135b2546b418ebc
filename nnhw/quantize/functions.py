"""Tables of functions of one number, and how well they approximate them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..ir import (
    Function,
    Graph,
    QFunction,
    Quantization,
    as_integers,
    drafts,
    evaluate_function,
)


@dataclass(frozen=True, kw_only=True)
class TableError:
    """Distance of a table's real results from the function, over the q of the input's type.

    Parameters
    ----------
    largest, mean
        Real values, over the q whose result lies within the output's range.
    largest_steps, mean_steps
        The same in steps of the output's quantization; at most about 0.5, by rounding.
    saturated
        Number of q whose result lies beyond the output's range, or is not defined: calibration has
        not seen them, or cut them off.
    """

    largest: float
    mean: float
    largest_steps: float
    mean_steps: float
    saturated: int


@drafts(Function)
def quantize_function(
    node: Function, sources: Sequence[Quantization], target: Quantization
) -> QFunction:
    """The table of a function.

    For each q of the input's type what ONNX DequantizeLinear, the function and QuantizeLinear give,
    the function itself in float64: rounded to the nearest step of the output (ties to even) and
    saturated, infinity too. Where the function is not defined, its result is that of the nearest q
    for which it is.
    """
    y = evaluate_function(node.function, node.parameters, _real_inputs(sources[0]))
    with np.errstate(over="ignore"):  # infinitely many steps saturate as well
        quotient = _fill_undefined(y).astype(np.float32) / np.float32(target.scale)
    steps = np.rint(quotient) + target.zero_point
    return QFunction(
        name=node.name,
        inputs=node.inputs,
        output=node.output,
        table=as_integers(np.clip(steps, target.lo, target.hi), np.int8),
        function=node.function,
        parameters=node.parameters,
    )


def table_error(node: QFunction, graph: Graph) -> TableError:
    """How far a node's table is from its function."""
    source, target = graph.tensors[node.inputs[0]].q, graph.tensors[node.output].q
    exact = evaluate_function(node.function, node.parameters, _real_inputs(source))
    real = (node.table.astype(np.float64) - target.zero_point) * target.scale
    lowest, highest = (
        (q - target.zero_point) * target.scale for q in (target.lo - 0.5, target.hi + 0.5)
    )
    inside = (lowest <= exact) & (exact <= highest)  # not so for NaN
    error = np.abs(real - exact)[inside]
    largest, mean = (float(error.max()), float(error.mean())) if error.size else (0.0, 0.0)
    return TableError(
        largest=largest,
        mean=mean,
        largest_steps=largest / target.scale,
        mean_steps=mean / target.scale,
        saturated=int((~inside).sum()),
    )


def _real_inputs(source: Quantization) -> np.ndarray:
    """Real value of every q, lowest first, as ONNX DequantizeLinear gives it: float32."""
    q = np.arange(source.lo, source.hi + 1)
    return (q - source.zero_point).astype(np.float32) * np.float32(source.scale)


def _fill_undefined(y: np.ndarray) -> np.ndarray:
    """Each NaN replaced by the nearest value that is none; by zero if there is none."""
    defined = np.flatnonzero(~np.isnan(y))
    if not defined.size:
        return np.zeros_like(y)
    distance = np.abs(np.arange(len(y))[:, None] - defined)
    return y[defined[distance.argmin(axis=1)]]

"""Distributions of activations, gathered from calibration data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import CalibrationError
from ..ir import FUNCTIONS, Batch, Function, Graph
from ..ir.execute import kept_batch
from .float_reference import run_float

_BINS = 2048
_BATCH = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Distribution:
    """Histogram of real values; exact zeros, which every quantization represents, are left out.

    Parameters
    ----------
    lo, hi
        Smallest and largest value, zero included: lo <= 0 <= hi.
    centers
        float64 (bins,): the value that stands for a bin.
    counts
        int64 (bins,).
    """

    lo: float
    hi: float
    centers: np.ndarray
    counts: np.ndarray


def gather(
    graph: Graph, calibration: Batch | np.ndarray, groups: Mapping[str, Collection[str]]
) -> dict[str, Distribution]:
    """Distribution of each group of tensors over the calibration batch.

    Parameters
    ----------
    graph
        Float graph.
    calibration
        Samples; of an only input the array (N, H, W, C).
    groups
        Names of the tensors whose values make up a distribution, by the group's name.

    Raises
    ------
    QuantizationError
        If a tensor takes a value that is not finite.
    """
    bounds = dict.fromkeys(groups, (0.0, 0.0))
    for group, tensor, values in _batches(graph, calibration, groups):
        lo, hi = float(values.min()), float(values.max())
        if not np.isfinite([lo, hi]).all():
            raise CalibrationError(_not_finite(graph, tensor))
        bounds[group] = min(bounds[group][0], lo), max(bounds[group][1], hi)
    counts = {group: np.zeros(_BINS, np.int64) for group in groups}
    for group, _, values in _batches(graph, calibration, groups):
        counts[group] += _histogram(values, *bounds[group])
    return {group: _distribution(*bounds[group], counts[group]) for group in groups}


def distribution_of(values: np.ndarray) -> Distribution:
    """Distribution of finite values."""
    bounds = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    return _distribution(*bounds, _histogram(values, *bounds))


def _not_finite(graph: Graph, tensor: str) -> str:
    """What to say of a tensor that takes infinite values or NaN."""
    writer = graph.writer(tensor)
    if isinstance(writer, Function):
        operator = FUNCTIONS[writer.function].operator
        return (
            f"Node '{writer.name}' ({operator}) has no finite result for some value that its input "
            f"'{writer.inputs[0]}' takes on the calibration data: check the range of the data, or "
            "put a Clip before it"
        )
    return (
        f"Tensor '{tensor}' takes values that are not finite on the calibration data: "
        f"check the model's weights and the range of the data"
    )


def channel_means(
    graph: Graph, calibration: Batch | np.ndarray, tensors: Collection[str]
) -> dict[str, np.ndarray]:
    """Mean of every channel of `tensors` over the calibration batch: float64 (C,) each."""
    totals = {name: np.zeros(graph.tensors[name].shape[2]) for name in tensors}
    for name, _, values in _batches(graph, calibration, {name: [name] for name in tensors}):
        totals[name] += values.mean(axis=(1, 2), dtype=np.float64).sum(axis=0)
    return {name: total / len(calibration) for name, total in totals.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelStatistics:
    """What the values of each channel of a tensor are like: float64 (C,) each.

    Parameters
    ----------
    lo, hi
        Smallest and largest value, zero included: lo <= 0 <= hi.
    mean, power
        Means of the values and of their squares.
    nonzero
        Share of the values that are not zero.
    """

    lo: np.ndarray
    hi: np.ndarray
    mean: np.ndarray
    power: np.ndarray
    nonzero: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Mean squared deviation from the mean."""
        return np.maximum(self.power - self.mean**2, 0)


def channel_statistics(
    graph: Graph, calibration: Batch | np.ndarray
) -> dict[str, ChannelStatistics]:
    """Statistics of the channels of all tensors over the calibration batch.

    Raises
    ------
    QuantizationError
        If a tensor takes a value that is not finite.
    """
    found = {name: np.zeros((5, tensor.shape[2])) for name, tensor in graph.tensors.items()}
    for name, _, values in _batches(graph, calibration, {name: [name] for name in graph.tensors}):
        rows, axes = found[name], (0, 1, 2)
        np.minimum(rows[0], values.min(axis=axes), out=rows[0])
        np.maximum(rows[1], values.max(axis=axes), out=rows[1])
        if not np.isfinite(rows).all():
            raise CalibrationError(_not_finite(graph, name))
        height, width, _ = graph.tensors[name].shape
        share = 1 / (len(calibration) * height * width)
        rows[2] += share * values.sum(axis=axes, dtype=np.float64)
        rows[3] += share * np.square(values, dtype=np.float64).sum(axis=axes)
        rows[4] += share * np.count_nonzero(values, axis=axes)
    return {
        name: ChannelStatistics(lo=lo, hi=hi, mean=mean, power=power, nonzero=nonzero)
        for name, (lo, hi, mean, power, nonzero) in found.items()
    }


def _batches(
    graph: Graph, calibration: Batch | np.ndarray, groups: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Group, tensor and values, a few samples at a time, so that memory stays bounded."""
    group_of = {tensor: group for group, tensors in groups.items() for tensor in tensors}
    size = kept_batch(graph, _BATCH)
    for start in range(0, len(calibration), size):
        values = run_float(graph, calibration[start : start + size], keep=group_of)
        for tensor, group in group_of.items():
            yield group, tensor, values[tensor]


def _histogram(values: np.ndarray, lo: float, hi: float) -> np.ndarray:
    nonzero = values[values != 0].astype(np.float64)
    if not nonzero.size:
        return np.zeros(_BINS, np.int64)
    index = ((nonzero - lo) * (_BINS / (hi - lo))).astype(np.int64)
    return np.bincount(np.minimum(index, _BINS - 1), minlength=_BINS)


def _distribution(lo: float, hi: float, counts: np.ndarray) -> Distribution:
    centers = lo + (np.arange(_BINS) + 0.5) * ((hi - lo) / _BINS)
    return Distribution(lo=lo, hi=hi, centers=centers, counts=counts)

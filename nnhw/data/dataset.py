"""Samples with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..errors import DataError
from ..ir import Batch, Graph, as_batch, to_channels_last

_SMALLEST_SPLIT = 20
"""Datasets of fewer samples are calibrated and evaluated on all of them."""

_PART_ELEMENTS = 1 << 24
"""Elements of the inputs and outputs that are worked on at a time: 64 MiB in float32."""


class StoredBatch:
    """Samples that stay where they are, in memory or in mapped files, until a slice is asked for.

    Parameters
    ----------
    graph
        The network that they are for.
    arrays
        (N, *ONNX shape) of any real type, by name of the input's tensor; of the type of
        `Port.integers`, what these stand for.
    """

    def __init__(self, graph: Graph, arrays: Mapping[str, np.ndarray]):
        self._graph = graph
        self._arrays = arrays
        self._places: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of samples."""
        if self._places is not None:
            return len(self._places)
        return len(next(iter(self._arrays.values())))

    def __getitem__(self, which: slice | np.ndarray) -> Batch:
        """The samples that a slice or a boolean array picks, float32 (N, H, W, C)."""
        rows = which if self._places is None else self._places[which]
        ports = {port.tensor: port for port in self._graph.inputs}

        def picked(name: str, array: np.ndarray) -> np.ndarray:
            with np.errstate(over="ignore"):
                x = array[rows].astype(np.float32)
            q = ports[name].integers
            if q is not None and array.dtype == q.dtype:
                x = np.float32(q.scale) * (x - q.zero_point)
            tensor = self._graph.tensors[name]
            return np.ascontiguousarray(to_channels_last(x, ports[name], tensor))

        return Batch({name: picked(name, array) for name, array in self._arrays.items()})

    def those(self, mask: np.ndarray) -> StoredBatch:
        """The samples that a boolean array picks, which stay where they are."""
        part = StoredBatch(self._graph, self._arrays)
        part._places = np.flatnonzero(mask) if self._places is None else self._places[mask]
        return part


SampleSource = Batch | StoredBatch | np.ndarray
"""What gives samples by slices; of an only input the array (N, H, W, C) will do."""


def parts(x: SampleSource, graph: Graph) -> Iterator[Batch]:
    """All samples, so many at a time that their inputs and outputs take little memory."""
    ports = (*graph.inputs, *graph.outputs)
    size = max(1, _PART_ELEMENTS // sum(graph.tensors[port.tensor].size for port in ports))
    for start in range(0, len(x), size):
        yield as_batch(graph, x[start : start + size])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples in the network's own domain.

    Parameters
    ----------
    x
        The samples.
    y
        Labels; None if there are none.
    labels
        What `y` is: classes of the first output, int64 (N,); targets that it should be, float32 of
        its shape in ONNX; or (N, ...) of a meaning that only metrics know.
    held_out
        Whether calibration has used none of these samples.
    one_hot
        Whether the classes came as rows of one 1 among zeros.
    """

    x: SampleSource
    y: np.ndarray | None = None
    labels: Literal["classes", "targets", "other"] = "classes"
    held_out: bool = False
    one_hot: bool = False

    def __len__(self) -> int:
        return len(self.x)

    def split(self, seed: int, calibration_samples: int) -> tuple[Dataset, Dataset]:
        """Samples to calibrate with, in memory, and samples to evaluate on.

        At most half of the samples, drawn at random by `seed`, are for calibration; the rest is
        held out for evaluation. Fewer than 20 samples are too few to share out: both parts are
        then the whole dataset, and `held_out` of the second is False. Both parts keep the order.

        Raises
        ------
        DataError
            If `calibration_samples` is not positive.
        """
        if calibration_samples < 1:
            raise DataError(
                f"Option calibration_samples must be at least 1, not {calibration_samples}"
            )
        if len(self) < _SMALLEST_SPLIT:
            return replace(self, x=self.x[:]), replace(self, held_out=False)
        chosen = np.zeros(len(self), bool)
        count = min(calibration_samples, len(self) // 2)
        chosen[np.random.default_rng(seed).permutation(len(self))[:count]] = True
        rest = self.x.those(~chosen) if isinstance(self.x, StoredBatch) else self.x[~chosen]
        return (
            replace(self, x=self.x[chosen], y=self._labels(chosen)),
            replace(self, x=rest, y=self._labels(~chosen), held_out=True),
        )

    def _labels(self, mask: np.ndarray) -> np.ndarray | None:
        return None if self.y is None else self.y[mask]

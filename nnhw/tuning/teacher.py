"""Who is imitated: the float network with all of its channels."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

from ..data import Dataset
from ..ir import Batch, Graph
from ..quantize import run_float

_AT_ONCE = 128

_KEPT = 1 << 28
"""Bytes of answers to a data set that are kept, at most: data may be larger than memory, and so may
answers, as those of an autoencoder."""


class Teacher:
    """A float network, which is asked once for what is asked for again, if memory has room for it.

    Parameters
    ----------
    graph
        The network.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self._known: dict[int, dict[str, torch.Tensor]] = {}

    def answers(self, x: Batch) -> dict[str, torch.Tensor]:
        """Real values (N, C, H, W) by output, for real inputs."""
        return {
            name: torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))
            for name, array in run_float(self.graph, x).items()
        }

    def known(self, data: Dataset, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """The same for some samples of a data set, all of which it answers the first time, unless
        there are too many answers to keep."""
        if len(data) * self._bytes_of_a_sample > _KEPT:
            return self.answers(data.x[rows])
        if id(data) not in self._known:
            answers = [self.answers(data.x[some]) for some in parts(len(data))]
            self._known[id(data)] = {
                name: torch.cat([part[name] for part in answers]) for name in answers[0]
            }
        return {name: values[rows] for name, values in self._known[id(data)].items()}

    @property
    def _bytes_of_a_sample(self) -> int:
        """Of its answers, in float32."""
        return 4 * sum(math.prod(self.graph.tensors[p.tensor].shape) for p in self.graph.outputs)


def parts(count: int) -> Iterator[np.ndarray]:
    """Numbers of samples, as many as are computed at a time."""
    for start in range(0, count, _AT_ONCE):
        yield np.arange(start, min(start + _AT_ONCE, count))

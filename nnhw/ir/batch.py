"""Samples for all inputs of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .graph import Graph


@dataclass(frozen=True, eq=False)
class Batch:
    """N samples for every input of a network.

    Parameters
    ----------
    arrays
        (N, H, W, C) by name of the input's tensor, at least one.

    Raises
    ------
    ValueError
        If there are no arrays, or not all of them hold the same number of samples.
    """

    arrays: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.arrays.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"Arrays must hold the same number of samples, not {lengths}")

    def __len__(self) -> int:
        """Number of samples."""
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, index: slice | np.ndarray) -> Batch:
        """The samples that a slice or a boolean array picks."""
        return self.map(lambda _, array: array[index])

    def map(self, function: Callable[[str, np.ndarray], np.ndarray]) -> Batch:
        """The batch of `function(name, array)` for each array."""
        return Batch({name: function(name, array) for name, array in self.arrays.items()})


def as_batch(graph: Graph, x: Batch | np.ndarray) -> Batch:
    """Samples for a graph, checked, in the order of its inputs.

    One array stands for the samples of an only input.

    Raises
    ------
    ValueError
        If `x` has not one array for each input, in the shape that the input takes.
    """
    names = [port.tensor for port in graph.inputs]
    if isinstance(x, np.ndarray):
        if len(names) != 1:
            raise ValueError(f"Graph '{graph.name}' takes a batch of inputs {names}, not one array")
        x = Batch({names[0]: x})
    if set(x.arrays) != set(names):
        raise ValueError(f"Graph '{graph.name}' has inputs {names}, not {list(x.arrays)}")
    for name in names:
        shape, array = graph.tensors[name].shape, x.arrays[name]
        if array.ndim != 4 or array.shape[1:] != shape:
            raise ValueError(f"Input '{name}' takes a batch of {shape}, not {array.shape}")
    return Batch({name: x.arrays[name] for name in names})

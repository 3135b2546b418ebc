"""What a TFLite file holds, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ModelError


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantization:
    """What the integers of a tensor stand for: scale * (q - zero point).

    Parameters
    ----------
    scales
        float32 (1,) of the tensor, or (n,) of the indices of an axis.
    zero_points
        int64, as many.
    axis
        The axis, where there are several.
    """

    scales: np.ndarray
    zero_points: np.ndarray
    axis: int

    def same_as(self, other: Quantization) -> bool:
        """Whether both give the same real values to the same integers."""
        return (
            np.array_equal(self.scales, other.scales)
            and np.array_equal(self.zero_points, other.zero_points)
            and (len(self.scales) == 1 or self.axis == other.axis)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """A tensor.

    Parameters
    ----------
    name
        As in the file; no other tensor has it.
    dtype
        Name of its type in the schema, such as "INT8".
    shape
        Sizes; those of `signature` that are open are 1 here.
    signature
        Sizes, -1 where they are open.
    quantization
        None if it is not quantized.
    data
        Of a constant: its elements, of `shape`; None if the network computes it.
    refusal
        Why it cannot be built with, such as "is sparse"; mostly empty.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    quantization: Quantization | None
    data: np.ndarray | None
    refusal: str = ""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator.

    Parameters
    ----------
    kind
        Name in the schema, such as "CONV_2D"; of a custom operator, "CUSTOM" and its own name.
    name
        Of its first result, up to the first semicolon where no other operator has that: there the
        converter lists all that it has fused.
    inputs, outputs
        Indices of tensors; of an input that is absent -1.
    options
        By the schema's names: numbers, tuples of numbers, and names of enumerated values.
    """

    kind: str
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"{self.kind} '{self.name}'"

    def option(self, name: str) -> Any:
        """An option that every operator of its kind has.

        Raises
        ------
        ModelError
            If it has not.
        """
        if name not in self.options:
            raise ModelError(
                f"{self.title} has no option {name}, which the schema asks for: convert the model "
                "again"
            )
        return self.options[name]


@dataclass(frozen=True, kw_only=True)
class Network:
    """The main subgraph of a file.

    Parameters
    ----------
    tensors
        All tensors.
    operators
        In the order in which they are executed.
    inputs, outputs
        Indices of tensors.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

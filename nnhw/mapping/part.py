"""One layer's worth of an operator, before addresses are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from ..ir import Graph, Node, Requantize
from .geometry import Geometry, OutputArea

#: Stands for a shift that makes a power of two of its multiplier a factor of one.
UNIT = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One layer's worth of an operator.

    Parameters
    ----------
    node
        The operator.
    inputs
        Tensors that are read: one, or two for a pair.
    geometry
        Loop nest.
    parameters
        int64 (n, 3): bias, multiplier, shift as the drain sees them, in the order that the
        geometry's parameter mode asks for: round((acc + bias) * multiplier / 2**shift), where acc
        is a sum over raw values and padding is the zero point. A shift of `UNIT` stands for a
        factor of one. With skipped rows, those of the first output row come before all others',
        those of the last one behind (see `Geometry.parameter_sets`).
    zero_point, lo, hi
        What becomes of the rounded value.
    macs
        Multiply-accumulates that it takes: without those with padding that are left out.
    weight, stored
        Weights, and the loop nest in whose order they are stored, which is that of the whole
        kernel: see `weight_words`.
    stores_weight
        Whether they are stored for this part; if not, they have been for the part before.
    multiplies
        Whether a pair is multiplied, not added.
    area
        The pixels that it computes, if not all.
    offset
        Where in the memory of the output tensor results begin, in bytes.
    pixel_gap, row_gap
        See `WriteBackInstruction`.
    table
        int8; results are looked up in it.
    addition
        The part of an addition that takes place when results are written; the layer's results are
        one of its two operands.
    """

    node: Node
    inputs: tuple[str, ...]
    geometry: Geometry
    parameters: np.ndarray
    zero_point: int
    lo: int
    hi: int
    macs: int = 0
    weight: np.ndarray | None = None
    stored: Geometry | None = None
    stores_weight: bool = True
    multiplies: bool = False
    area: OutputArea | None = None
    offset: int = 0
    pixel_gap: int = 0
    row_gap: int = 0
    table: np.ndarray | None = None
    addition: Part | None = None

    @property
    def output(self) -> str:
        """Tensor that is written."""
        return self.node.output if self.addition is None else self.addition.node.output

    @property
    def residual(self) -> str | None:
        """Tensor that is added when results are written: the addition's other operand."""
        if self.addition is None:
            return None
        a, b = self.addition.inputs
        return b if a == self.node.output else a

    @property
    def writes_in_rows(self) -> bool:
        """Whether results are written in the order of the tensor's elements: strips of tiles are
        not."""
        return self.geometry.finishing_rolls == 1

    @property
    def in_order(self) -> bool:
        """Whether its pixels are written where they belong, without gaps, in strips at most."""
        by_parity = self.area is not None and self.area.columns.step > 1
        return not (by_parity or self.pixel_gap or self.row_gap)

    @property
    def is_whole(self) -> bool:
        """Whether it writes all of the tensor, and without gaps."""
        return self.in_order and self.area is None and not self.offset


def zero_point(graph: Graph, tensor: str) -> int:
    """Zero point of a tensor."""
    return graph.tensors[tensor].q.zero_point


class Target(TypedDict):
    """What becomes of rounded values."""

    zero_point: int
    lo: int
    hi: int


def target(node: Node, graph: Graph, requantize: Requantize) -> Target:
    """The fields of a `Part` that say what becomes of rounded values."""
    return {
        "zero_point": zero_point(graph, node.output),
        "lo": requantize.lo,
        "hi": requantize.hi,
    }


def parameter_table(bias: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Parameters as one int64 (n, 3) array."""
    columns = np.broadcast_arrays(bias, multiplier.ravel(), shift.ravel())
    return np.stack(columns, axis=-1).astype(np.int64)

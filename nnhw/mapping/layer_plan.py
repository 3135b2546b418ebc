"""All that is decided about a layer before it has addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from ..ir import Graph, Node, QConv, Requantize
from ..isa import Operation, ParameterMode
from ..machine import EngineConfig
from .loop_nest import LoopNest
from .output_area import OutputArea
from .weights import ONES, Weights

#: Stands for a shift that makes a power of two of its multiplier a factor of one.
UNIT = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerPlan:
    """One layer: an operator of the integer graph, or a part of one, as the engine is to run it.

    Strategies make plans; everything else about a layer is derived from its plan: instructions
    (`encode`), contents of memories, waits, rows of reports.

    Parameters
    ----------
    node, shape
        The operator, and (height, width, channels) of its result.
    inputs
        Tensors that are read: one, or two for a pair.
    operation
        What the array does.
    nest
        Loop nest. Of a pair, the second kernel row is in the second tensor.
    parameters
        int64 (n, 3): bias, multiplier, shift as the drain sees them, in the order that the
        parameter mode asks for: round((acc + bias) * multiplier / 2**shift), where acc
        is a sum over raw values and padding is the zero point. A shift of `UNIT` stands for a
        factor of one.
    parameter_mode
        How the drain walks through them.
    parameter_sets
        How many sets of them there are, each 1 or 0, in this order: for the first output row, for
        all others, and for the last one. The first and last differ where they do without kernel
        rows that lie in padding.
    zero_point, lo, hi
        What becomes of the rounded value.
    products
        Multiply-accumulates that it takes: without those with padding that are left out.
    weights
        What its activations are multiplied by; layers of one operator share them.
    first_word
        Of the weights: the word of the first fetch, not 0 where kernels are clipped to the image.
    combination
        What becomes of the two terms of a pair: "sum", "product", or another one that the
        hardware has a component for (see `nnhw.hdl.combines`).
    area
        The pixels that it computes, if not all. If these are every other column, then they are
        written side by side from `offset` on, as a tensor of their own.
    offset
        Where in the memory of the output tensor results begin, in bytes.
    pixel_gap, row_gap
        See `WriteBackInstruction`.
    table
        int8; results are looked up in it.
    fused
        An addition that takes place when results are written; the layer's results are one of its
        two operands.
    """

    node: Node
    shape: tuple[int, int, int]
    inputs: tuple[str, ...]
    operation: Operation
    nest: LoopNest
    parameters: np.ndarray
    parameter_mode: ParameterMode = ParameterMode.LAYER
    parameter_sets: tuple[int, int, int] = (0, 1, 0)
    zero_point: int
    lo: int
    hi: int
    products: int = 0
    weights: Weights = ONES
    first_word: int = 0
    combination: str = "sum"
    area: OutputArea | None = None
    offset: int = 0
    pixel_gap: int = 0
    row_gap: int = 0
    table: np.ndarray | None = None
    fused: LayerPlan | None = None

    @property
    def name(self) -> str:
        """Node name."""
        return self.node.name

    @property
    def operator(self) -> str:
        """Kind of node."""
        return type(self.node).__name__

    @property
    def tensor(self) -> str:
        """Tensor that is written."""
        return self.node.output if self.fused is None else self.fused.node.output

    @property
    def size(self) -> int:
        """Elements of that tensor."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def row_pitch(self) -> int:
        """Elements of a row of it."""
        return self.shape[1] * self.shape[2]

    @property
    def addition(self) -> str:
        """Name of the node whose addition takes place when results are written; "" if none does."""
        return "" if self.fused is None else self.fused.name

    @property
    def addend(self) -> str | None:
        """Tensor that is added when results are written: the addition's other operand."""
        if self.fused is None:
            return None
        a, b = self.fused.inputs
        return b if a == self.node.output else a

    @property
    def macs(self) -> int:
        """Multiply-accumulates by definition: those with padding count, too; 0 if it is no
        convolution."""
        rows, cols, _ = self.shape
        if self.area is not None:
            rows, cols = self.area.rows, self.area.columns.count
        return rows * cols * _macs_per_pixel(self.node)

    @property
    def is_dense(self) -> bool:
        """Whether its tiles hold dot products."""
        return self.operation is Operation.DOT

    @property
    def is_paired(self) -> bool:
        """Whether it reads two tensors, each of whose results takes a drain cycle."""
        return self.operation is Operation.LANE_PAIR

    @property
    def multiplies(self) -> bool:
        """Whether a pair is multiplied."""
        return self.combination == "product"

    @property
    def reads_in_order(self) -> bool:
        """Whether each tile reads its tensor from the first byte to the last in one run."""
        trips = self.nest.trips
        return (
            self.is_dense
            and not self.nest.moves_y
            and self.nest.pixels == trips["taps_y"] == trips["taps_x"] == 1
        )

    @property
    def writes_in_rows(self) -> bool:
        """Whether results are written in the order of the tensor's elements: strips of tiles are
        not."""
        return self.nest.finishing_rolls == 1

    @property
    def in_order(self) -> bool:
        """Whether its pixels are written where they belong, without gaps, in strips at most."""
        by_parity = self.area is not None and self.area.columns.step > 1
        return not (by_parity or self.pixel_gap or self.row_gap)

    @property
    def is_whole(self) -> bool:
        """Whether it writes all of the tensor, and without gaps."""
        return self.in_order and self.area is None and not self.offset

    def fetched_bytes(self, config: EngineConfig) -> int:
        """Bytes of a fetch that it makes use of, at most."""
        return config.rows if self.is_dense else config.fetch_width


class Target(TypedDict):
    """An operator, and what becomes of rounded values."""

    node: Node
    shape: tuple[int, int, int]
    zero_point: int
    lo: int
    hi: int


def target(
    node: Node,
    graph: Graph,
    bounds: Requantize | None = None,
    *,
    like: str | None = None,
) -> Target:
    """The fields of a `LayerPlan` that say what is written.

    Parameters
    ----------
    bounds
        Least and largest integer; all of the tensor's if not given.
    like
        Tensor whose integers they are, before any table: the result if not given.
    """
    q = graph.tensors[like or node.output].q
    lo, hi = (q.lo, q.hi) if bounds is None else (bounds.lo, bounds.hi)
    return {
        "node": node,
        "shape": graph.tensors[node.output].shape,
        "zero_point": q.zero_point,
        "lo": lo,
        "hi": hi,
    }


def zero_point(graph: Graph, tensor: str) -> int:
    """Zero point of a tensor."""
    return graph.tensors[tensor].q.zero_point


def parameter_table(bias: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Parameters as one int64 (n, 3) array."""
    columns = np.broadcast_arrays(bias, multiplier.ravel(), shift.ravel())
    return np.stack(columns, axis=-1).astype(np.int64)


def unit_table(graph: Graph, tensor: str) -> np.ndarray:
    """Parameters that only take a tensor's zero point away."""
    return np.array([[-zero_point(graph, tensor), 1, UNIT]], np.int64)


def node_macs(node: Node, graph: Graph) -> int:
    """Multiply-accumulates of a convolution by definition: those with padding count, too. 0 for any
    other operator."""
    rows, cols, _ = graph.tensors[node.output].shape
    return rows * cols * _macs_per_pixel(node)


def _macs_per_pixel(node: Node) -> int:
    return node.weight.size if isinstance(node, QConv) else 0

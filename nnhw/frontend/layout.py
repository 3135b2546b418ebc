"""How an ONNX tensor's axes lie over the elements of a channels-last tensor.

ONNX keeps images channels-first and moves between layouts with Transpose, Reshape and Flatten. The
graph's tensors are channels-last and those operators move no data in hardware, so the frontend
does not translate them: it tracks how the ONNX axes run over the elements in memory and translates
the operator that finally reads them.

The elements in memory (channels-last order) are split into *factors*, the sizes of a mixed-radix
index. Every ONNX axis runs over some of the factors, in its own order: an image of 5 x 7 pixels of
3 channels has factors (5, 7, 3), and its ONNX axes are

    (1, 3, 5, 7)  NCHW              ((), (2,), (0,), (1,))
    (1, 5, 7, 3)  transposed        ((), (0,), (1,), (2,))
    (1, 105)      NCHW, flattened   ((), (2, 0, 1))

Axes of size 1 run over no factor, so moving them around is free.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """ONNX axes over the elements of a tensor in memory.

    Parameters
    ----------
    factors
        Sizes, outermost first; each at least 2.
    axes
        For each ONNX axis the indices of the factors that it runs over, outermost first. Every
        factor belongs to exactly one axis.
    """

    factors: tuple[int, ...]
    axes: tuple[tuple[int, ...], ...]

    @classmethod
    def of_memory(cls, sizes: Sequence[int], axes: Sequence[Sequence[int]]) -> Layout:
        """As the constructor, but `sizes` may hold ones."""
        kept = [i for i, size in enumerate(sizes) if size > 1]
        return cls(
            tuple(sizes[i] for i in kept),
            tuple(tuple(kept.index(i) for i in axis if i in kept) for axis in axes),
        )

    @classmethod
    def contiguous(cls, shape: Sequence[int]) -> Layout:
        """Axes of `shape` whose elements lie in memory in the order of the axes."""
        return cls.of_memory(shape, [[axis] for axis in range(len(shape))])

    @property
    def shape(self) -> tuple[int, ...]:
        """The ONNX shape."""
        return tuple(math.prod(self.factors[i] for i in axis) for axis in self.axes)

    @property
    def order(self) -> tuple[int, ...]:
        """The factors in the order in which ONNX counts them, outermost first."""
        return tuple(i for axis in self.axes for i in axis)

    def transpose(self, perm: Sequence[int]) -> Layout:
        """The layout after ONNX Transpose."""
        return Layout(self.factors, tuple(self.axes[axis] for axis in perm))

    def reshape(self, shape: Sequence[int]) -> Layout | None:
        """The layout after ONNX Reshape to `shape`, of as many elements.

        None if an axis of the result would have to run over memory in steps that are not of one
        size, so that only a copy could provide it.
        """
        axes: list[tuple[int, ...]] = []
        # Walk from the innermost axis outwards: `rest` holds what is not yet given to an axis as
        # (position in memory, size), innermost last.
        rest = self._runs()
        pieces: list[tuple[tuple[int, int], int]] = []
        for size in reversed(shape):
            axis: list[int] = []
            while size > 1:
                position, run = rest.pop()
                step = math.gcd(size, run)
                if step not in (size, run):
                    return None
                # The innermost `step` elements of the run; the piece's place in memory is told by
                # the run and by how much of the run remains outside of it.
                pieces.append(((position, run // step), step))
                axis.insert(0, len(pieces) - 1)
                if run > step:
                    rest.append((position, run // step))
                size //= step
            axes.insert(0, tuple(axis))
        memory = sorted(range(len(pieces)), key=lambda i: pieces[i][0])
        sizes = [pieces[i][1] for i in memory]
        return Layout(tuple(sizes), tuple(tuple(memory.index(i) for i in axis) for axis in axes))

    def without(self, axes: Collection[int], *, keep: bool) -> Layout:
        """The layout after a reduction to one element along `axes`, which go unless kept."""
        left = sorted(i for axis, run in enumerate(self.axes) if axis not in axes for i in run)
        return Layout(
            tuple(self.factors[i] for i in left),
            tuple(
                () if axis in axes else tuple(left.index(i) for i in run)
                for axis, run in enumerate(self.axes)
                if keep or axis not in axes
            ),
        )

    def _runs(self) -> list[tuple[int, int]]:
        """Maximal runs of memory in ONNX order, as (first factor, size), outermost first."""
        runs: list[tuple[int, int]] = []
        previous = None
        for i in self.order:
            if previous is not None and i == previous + 1:
                first, size = runs[-1]
                runs[-1] = (first, size * self.factors[i])
            else:
                runs.append((i, self.factors[i]))
            previous = i
        return runs

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Sizes of the largest blocks of factors that ONNX keeps together, in memory order."""
        return tuple(size for _, size in sorted(self._runs()))

    def to_memory(self, array: np.ndarray) -> np.ndarray:
        """Elements of an array of the ONNX shape in memory order, one-dimensional."""
        order = self.order
        return array.reshape([self.factors[i] for i in order]).transpose(np.argsort(order)).ravel()

    def same_order(self, other: Layout) -> bool:
        """Whether both hold an array of the same ONNX shape in the same order in memory."""
        return self.shape == other.shape and self._signature() == other._signature()

    def _signature(self) -> list[tuple[int, int]]:
        """(rank in memory, size) of the maximal runs in ONNX order: the order, in one way only."""
        runs = self._runs()
        ranks = sorted(position for position, _ in runs)
        return [(ranks.index(position), size) for position, size in runs]

    def groups(self, *groups: Sequence[int]) -> tuple[int, ...] | None:
        """Sizes of groups of axes that follow each other in memory in this order.

        Parameters
        ----------
        groups
            ONNX axes, each named once; axes of size 1 may be left out.

        Returns
        -------
        tuple
            One size for each group, or None if memory is not in that order.
        """
        order = [i for group in groups for axis in group for i in self.axes[axis]]
        if order != list(range(len(self.factors))):
            return None
        return tuple(math.prod(self.shape[axis] for axis in group) for group in groups)

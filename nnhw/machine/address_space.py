"""Addresses of bytes, common to the memories that activations are read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AddressSpace:
    """Addresses of activations: the bank is in the lowest bits, then the row, and on top the half.

    There are two halves of equal size, the activation memory from 0 and the frame buffer from
    `frame_base`, or just the frame buffer if no tensor is stored.

    Parameters
    ----------
    depth, frame_depth
        Rows of the activation memory, 0 if there is none, and of an input frame.
    banks
        Bytes a row.
    """

    depth: int
    frame_depth: int
    banks: int

    @property
    def row_bits(self) -> int:
        """Bits of a row number in either memory."""
        return max(1, (max(self.depth, self.frame_depth) - 1).bit_length())

    @property
    def frame_base(self) -> int:
        """Address of the input frame."""
        return self._half if self.depth else 0

    @property
    def size(self) -> int:
        """Number of addresses, a power of two."""
        return 2 * self._half if self.depth else self._half

    @property
    def bits(self) -> int:
        """Bits of an address."""
        return (self.size - 1).bit_length()

    @property
    def _half(self) -> int:
        return self.banks << self.row_bits

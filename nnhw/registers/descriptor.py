"""What a frame in memory is described by: words of 32 bits, little-endian.

A head, and an entry for each tensor: inputs, then outputs, as in the table of tensors. Software
relies on it as on registers: nothing of it ever moves.
"""

from __future__ import annotations

from enum import IntEnum

from .description import WORD_BYTES

HEAD_WORDS = 8
ENTRY_WORDS = 4
DESCRIPTOR_ALIGNMENT = WORD_BYTES * HEAD_WORDS
"""Bytes; a descriptor stands at a multiple of it."""

STATE = 0
"""Word of the head: who owns the descriptor, and how its frame has ended."""
COUNTS = 1
"""Its inputs, and from bit 8 on its outputs."""
BYTES = 2
"""Of all outputs, written by hardware: zero unless all are there."""
CYCLES = 3
"""From the descriptor's fetch to its last output byte in memory, written by hardware."""
NEXT = 4
"""Address of the next descriptor; the high word follows."""

ENTRY_ADDRESS = 0
"""Word of an entry: where the tensor begins; the high word follows."""
ENTRY_BYTES = 2
"""Its bytes."""

OWNED_BIT = 31
"""Of the state: the descriptor is the accelerator's, which clears it."""
DONE_BIT = 30
"""The accelerator has written the rest of the state."""


class Result(IntEnum):
    """How a frame has ended: the low byte of the state."""

    OK = 0
    ABORTED = 1
    READ_ERROR = 2
    """Memory has answered a read of an input with an error."""
    WRITE_ERROR = 3
    """Likewise a write of an output."""
    ADDRESS = 4
    """A tensor's address is no multiple of the bus's width, or has more bits than the bus."""
    SIZE = 5
    """Tensors are not as many or not as long as the network's."""


def descriptor_bytes(entries: int) -> int:
    """Bytes of a descriptor with room for so many tensors."""
    return WORD_BYTES * (HEAD_WORDS + ENTRY_WORDS * entries)

"""Descriptors of frames as software writes them, and what hardware has written."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from nnhw.registers.descriptor import BYTES, DONE_BIT, OWNED_BIT, descriptor_bytes

Tensors = Sequence[tuple[int, int]]


def descriptor(inputs: Tensors, outputs: Tensors, following: int, *, owned: bool = True) -> bytes:
    """Of tensors: addresses and bytes."""
    head = (owned << OWNED_BIT, len(inputs) | len(outputs) << 8, 0xBAD, 0xBAD)
    entries = b"".join(struct.pack("<QII", *tensor, 0xBAD) for tensor in (*inputs, *outputs))
    return struct.pack("<4IQQ", *head, following, 0xBADBAD) + entries


def outcome(head: bytes) -> tuple[bool, int, int, int]:
    """Whether it was given back, the result, bytes and cycles."""
    state, _, size, cycles = struct.unpack_from("<4I", head)
    assert BYTES == 2
    assert not state & ~(1 << OWNED_BIT | 1 << DONE_BIT | 0xFF)
    assert bool(state >> OWNED_BIT) != bool(state >> DONE_BIT & 1)
    return not state >> OWNED_BIT, state & 0xFF, size, cycles


def room(entries: int) -> int:
    """Bytes from descriptor to descriptor."""
    return -(-descriptor_bytes(entries) // 64) * 64

"""What the block RAMs of Lattice's families have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def block_contents(words: Sequence[int], width: int, *, piece: int) -> Iterator[tuple[str, int]]:
    """Parameters of 320 bits for the contents of a block, as far as they are not zero.

    A block has 18432 bits, bytes with a parity bit each that words of less than 9 bits leave out. A
    parameter has 288 of them in pieces, behind each of which a ninth as many bits mean nothing.

    Parameters
    ----------
    words
        At most as many as fit.
    width
        Bits of a word.
    piece
        Bits that stand together: 18 on ECP5, 9 on Nexus.
    """
    contents = 0
    for row, word in enumerate(words):
        place = row * width if width >= 9 else row * width // 8 * 9 + row * width % 8
        contents |= word << place
    for index in range(64):
        part = contents >> (index * 288)
        value = 0
        for number in range(288 // piece):
            bits = part >> (number * piece) & (1 << piece) - 1
            value |= bits << (number * (piece + piece // 9))
        if value:
            yield f"INITVAL_{index:02X}", value

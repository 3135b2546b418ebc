"""Vectors of bits: constants and slices of wires, joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Const:
    """Constant bits, the highest one first: a string of 0, 1 and x."""

    bits: str

    @property
    def width(self) -> int:
        """Number of bits."""
        return len(self.bits)


@dataclass(frozen=True, slots=True)
class Slice:
    """`width` bits of a wire from bit `start` on."""

    wire: str
    start: int
    width: int


Sig = tuple[Const | Slice, ...]
"""A vector of bits in as few pieces as possible, the lowest one first."""

Bit = tuple[str, int] | str
"""A bit of a wire, or "0", "1" or "x"."""


def width_of(sig: Sig) -> int:
    """Number of bits."""
    return sum(piece.width for piece in sig)


def bits_of(sig: Sig) -> Iterator[Bit]:
    """The single bits, the lowest one first."""
    for piece in sig:
        if isinstance(piece, Const):
            yield from reversed(piece.bits)
        else:
            for bit in range(piece.start, piece.start + piece.width):
                yield piece.wire, bit


def sig_of(bits: Iterable[Bit]) -> Sig:
    """The inverse of `bits_of`."""
    pieces: list[Const | Slice] = []
    for bit in bits:
        last = pieces[-1] if pieces else None
        if isinstance(bit, str):
            if isinstance(last, Const):
                pieces[-1] = Const(bit + last.bits)
            else:
                pieces.append(Const(bit))
        elif isinstance(last, Slice) and bit == (last.wire, last.start + last.width):
            pieces[-1] = Slice(last.wire, last.start, last.width + 1)
        else:
            pieces.append(Slice(*bit, 1))
    return tuple(pieces)


def extended(sig: Sig, width: int, *, signed: bool) -> Sig:
    """`sig` cut off or extended to `width` bits."""
    bits: list[Bit] = list(bits_of(sig))
    fill = bits[-1] if signed and bits else "0"
    return sig_of([*bits, *[fill] * (width - len(bits))][:width])


def is_constant(sig: Sig) -> bool:
    """Whether all bits are constants."""
    return all(isinstance(piece, Const) for piece in sig)


def bits_text(sig: Sig) -> str:
    """The bits of a constant, the highest one first."""
    return "".join(piece.bits for piece in reversed(sig) if isinstance(piece, Const))


def part_of(sig: Sig, start: int, width: int) -> Sig:
    """`width` bits from bit `start` on."""
    if len(sig) == 1 and isinstance(sig[0], Slice):
        return (Slice(sig[0].wire, sig[0].start + start, width),) if width else ()
    return sig_of(list(bits_of(sig))[start : start + width])

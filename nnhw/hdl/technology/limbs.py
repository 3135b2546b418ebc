"""Products of wide numbers from narrow multipliers."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Module, Signal, Value

from ..arithmetic import adder_tree

NarrowProduct = Callable[[Value, Value, int, str], Value]
"""Multiplies two limbs; takes them, the number of registers, and a name."""


def limbs(value: Value, width: int) -> list[Value]:
    """A number as limbs of `width` bits, the lowest one first; all but the last are unsigned."""
    if len(value) <= width:
        return [value]
    rest = value[width:]
    return [value[:width], *limbs(rest.as_signed() if value.shape().signed else rest, width)]


def limb_product(
    m: Module,
    a: Value,
    b: Value,
    multiply: NarrowProduct,
    *,
    limb_width: int,
    stages: int,
    name: str,
) -> Value | None:
    """The product of two numbers, `stages` cycles later; None if the stages do not suffice.

    This is long multiplication: products of limbs are added up by a tree with a register after each
    level, and what remains of the stages, at least one, are the registers of the multipliers.

    Parameters
    ----------
    multiply
        For factors of at most `limb_width` bits, signed or unsigned.
    """
    pairs = [
        (x, y, (i + j) * limb_width)
        for i, x in enumerate(limbs(a, limb_width))
        for j, y in enumerate(limbs(b, limb_width))
    ]
    registers = stages - (len(pairs) - 1).bit_length()
    if registers < 1:
        return None
    if len(pairs) == 1:
        return multiply(a, b, registers, name)
    terms = [
        multiply(x, y, registers, f"{name}_{index}") << shift
        for index, (x, y, shift) in enumerate(pairs)
    ]
    total, _ = adder_tree(m, terms, levels_per_stage=1, name=f"{name}_sum")
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total)
    return product

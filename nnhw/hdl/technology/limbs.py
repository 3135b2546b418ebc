"""Products of wide numbers from narrow multipliers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from amaranth.hdl import Module, Mux, Signal, Value

from ..arithmetic import Add, adder_tree, delay

NarrowProduct = Callable[[Module, Value, Value, int, str], Value]
"""Multiplies two limbs; takes them, the number of registers, and a name."""

SHORT_LIMB = 6
"""Bits of a limb up to which a few adders take the place of a multiplier."""


def limbs(value: Value, width: int) -> list[Value]:
    """A number as limbs of `width` bits, the lowest one first; all but the last are unsigned."""
    if len(value) <= width:
        return [value]
    rest = value[width:]
    return [value[:width], *limbs(rest.as_signed() if value.shape().signed else rest, width)]


def short_product(m: Module, a: Value, b: Value, stages: int, name: str, *, add: Add) -> Value:
    """The product of two numbers, one of them short, `stages` cycles later: by adding up."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    terms: list[Value] = []
    for index, bit in enumerate(short):
        term = Mux(bit, long << index, 0)
        is_sign = short.shape().signed and index == len(short) - 1
        terms.append(-term if is_sign else term)
    levels = max(1, (len(terms) - 1).bit_length())
    total, latency = adder_tree(
        m, terms, add=add, levels_per_stage=-(-levels // stages), name=f"{name}_sum"
    )
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total)
    return delay(m, product, stages - latency, name=name)


def limb_product(
    m: Module,
    a: Value,
    b: Value,
    multiply: NarrowProduct,
    *,
    add: Add,
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
    if len(pairs) == 1:
        return multiply(m, a, b, stages, name)
    registers = stages - (len(pairs) - 1).bit_length()
    if registers < 1:
        return None
    terms = []
    for index, (x, y, shift) in enumerate(pairs):
        is_short = min(len(x), len(y)) <= SHORT_LIMB
        product = partial(short_product, add=add) if is_short else multiply
        terms.append(product(m, x, y, registers, f"{name}_{index}") << shift)
    total, _ = adder_tree(m, terms, add=add, levels_per_stage=1, name=f"{name}_sum")
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total)
    return product

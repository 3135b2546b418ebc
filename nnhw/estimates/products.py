"""What becomes of products that are left to the synthesizer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .fabric import Fabric


@dataclass(frozen=True, slots=True)
class ProductUse:
    """What a product takes.

    Parameters
    ----------
    multipliers
        Of the device's.
    sums
        Additions of the parts that it is divided into, one after the other.
    bits
        Those of the products of single bits that are left to logic.
    luts
        Look-up tables of a product that the family has cells for in place of multipliers.
    """

    multipliers: Fraction = Fraction(0)
    sums: int = 0
    bits: int = 0
    luts: int = 0


def place_product(a: int, b: int, fabric: Fabric) -> ProductUse:
    """How Yosys builds a product of two factors of so many bits (`mul2dsp`): factors that are wider
    than those of a multiplier are divided, and what is left of one may be too narrow for another.
    """
    if not fabric.least_product or a + b < fabric.least_product or min(a, b) <= 1:
        return (
            ProductUse(luts=fabric.product_luts) if fabric.product_luts else ProductUse(bits=a * b)
        )
    if max(a, b) <= fabric.half_factor:
        return ProductUse(multipliers=Fraction(1, 2))
    multipliers, rows, covered = 1, 0, 1
    for width, most in zip(sorted((a, b), reverse=True), fabric.factors, strict=True):
        whole, rest = divmod(width, most - fabric.signed_multipliers) if width > most else (1, 0)
        is_left = 0 < rest < fabric.least_part
        multipliers *= whole + (rest > 0 and not is_left)
        covered *= width - rest if is_left else width
        rows += rest if is_left else 0
    return ProductUse(
        multipliers=Fraction(multipliers), sums=multipliers - 1 + rows, bits=a * b - covered
    )

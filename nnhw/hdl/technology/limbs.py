"""Products of wide numbers from narrow multipliers."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from ..arithmetic import Add, AddGated, adder_tree, delay

NarrowProduct = Callable[[Module, Value, Value, int, str], Value]
"""Multiplies two limbs; takes them, the number of registers, and a name."""

SHORT_LIMB = 6
"""Bits by which a factor may be too long for a multiplier before it takes a further one: a row of
adders is made for each."""


def limbs(value: Value, width: int) -> list[Value]:
    """A number as limbs of `width` bits, the lowest one first; all but the last are unsigned."""
    if len(value) <= width:
        return [value]
    rest = value[width:]
    return [value[:width], *limbs(rest.as_signed() if value.shape().signed else rest, width)]


def rows_of_product(
    m: Module, long: Value, short: Value, *, add_gated: AddGated, registered: bool, name: str
) -> list[Value]:
    """Numbers that add up to a product: one for every two bits of its short factor."""
    rows: list[Value] = []
    for low in range(0, len(short), 2):
        has_sign = short.shape().signed and low + 2 >= len(short)
        if low + 1 == len(short) or len(long) == 1:
            for bit in range(low, min(low + 2, len(short))):
                row = Mux(short[bit], long, 0)
                negative = has_sign and bit == len(short) - 1
                row = delay(m, -row if negative else row, int(registered), name=f"{name}_{bit}")
                rows.append(row << bit)
            continue
        lowest = delay(m, long[0] & short[low], int(registered), name=f"{name}_{low}_lowest")
        above = add_gated(
            m,
            long >> 1,
            short[low],
            long,
            short[low + 1],
            subtract=has_sign,
            registered=registered,
            name=f"{name}_{low}",
        )
        row = Cat(lowest, above)
        rows.append((row.as_signed() if above.shape().signed else row) << low)
    return rows


def _sum_rows(
    m: Module,
    products: list[tuple[Value, Value, int]],
    *,
    add: Add,
    add_gated: AddGated,
    stages: int,
    name: str,
) -> Value:
    """The sum, `stages` cycles later, of products with a short factor each, shifted to the left.

    Parameters
    ----------
    products
        Long factor, short factor, and bits of the shift.
    """
    count = sum(-(-len(short) // 2) for _, short, _ in products)
    levels = 1 + (count - 1).bit_length()
    registered = levels <= stages or count == 1
    rows = [
        row << shift
        for index, (long, short, shift) in enumerate(products)
        for row in rows_of_product(
            m,
            long,
            short,
            add_gated=add_gated,
            registered=registered,
            name=f"{name}_row_{index}",
        )
    ]
    # what is left over at the end of a level waits with the fewest bits
    rows.sort(key=len, reverse=True)
    left = stages - registered
    total, latency = adder_tree(
        m,
        rows,
        add=add,
        levels_per_stage=-(-(levels - registered) // max(1, left)),
        name=f"{name}_sum",
    )
    return delay(m, total, left - latency, name=name)


def short_product(
    m: Module,
    a: Value,
    b: Value,
    stages: int,
    name: str,
    *,
    add: Add,
    add_gated: AddGated,
) -> Value:
    """The product of two numbers, one of them short, `stages` cycles later: by adding up."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    total = _sum_rows(m, [(long, short, 0)], add=add, add_gated=add_gated, stages=stages, name=name)
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total)
    return product


def _split(value: Value, limb_width: int) -> tuple[Value | None, Value]:
    """The lowest bits of a factor, if just a few are too many for its limbs, and the others."""
    excess = len(value) % limb_width
    if len(value) < limb_width or not 0 < excess <= SHORT_LIMB:
        return None, value
    upper = value[excess:]
    return value[:excess], upper.as_signed() if value.shape().signed else upper


def limb_product(
    m: Module,
    a: Value,
    b: Value,
    multiply: NarrowProduct,
    *,
    add: Add,
    add_gated: AddGated,
    limb_width: int,
    stages: int,
    name: str,
) -> Value | None:
    """The product of two numbers, `stages` cycles later; None if the stages do not suffice.

    This is long multiplication: products of limbs are added up by a tree with a register after each
    level, and what remains of the stages, at least one, are the registers of the multipliers. A few
    bits too many of a factor, the lowest ones, are multiplied by adding rows meanwhile, whose sum
    comes last.

    Parameters
    ----------
    multiply
        For factors of at most `limb_width` bits, signed or unsigned.
    """
    (a_short, a_long), (b_short, b_long) = _split(a, limb_width), _split(b, limb_width)
    a_bits, b_bits = len(a) - len(a_long), len(b) - len(b_long)
    rows = []
    if a_short is not None:
        rows.append((b, a_short, 0))
    if b_short is not None:
        rows.append((a_long, b_short, a_bits))
    pairs = [
        (x, y, (i + j) * limb_width + a_bits + b_bits)
        for i, x in enumerate(limbs(a_long, limb_width))
        for j, y in enumerate(limbs(b_long, limb_width))
    ]
    registers = stages - (len(pairs) - 1).bit_length() - bool(rows)
    if registers < 1:
        return None
    if not rows and len(pairs) == 1:
        return multiply(m, a, b, stages, name)
    terms = [
        multiply(m, x, y, registers, f"{name}_{index}") << shift
        for index, (x, y, shift) in enumerate(pairs)
    ]
    total, _ = adder_tree(m, terms, add=add, levels_per_stage=1, name=f"{name}_sum")
    if rows:
        rest = _sum_rows(
            m, rows, add=add, add_gated=add_gated, stages=stages - 1, name=f"{name}_rest"
        )
        total = add(m, total, rest, registered=True, name=f"{name}_total")
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total)
    return product

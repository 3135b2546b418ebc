"""Products of wide numbers from narrow multipliers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ..arithmetic import Add, AddGated, delay

NarrowProduct = Callable[[Module, Value, Value, int, str], Value]
"""Multiplies two limbs; takes them, the number of registers, and a name."""

SHORT_LIMB = 6
"""Bits by which a factor may be too long for a multiplier before it takes a further one in any
case: a row of adders is made for each, unless a multiplier is spare."""


@dataclass(frozen=True)
class _Term:
    """A number to be added, of which the lowest `shift` bits are zeros that need no adder.

    With a `gate` it counts only if that bit is set. `subtract` is for the last one of a sum.
    """

    value: Value
    shift: int
    gate: Value | None = None
    subtract: bool = False

    @property
    def gated(self) -> Value:
        """The number without its shift, or zero."""
        return self.value if self.gate is None else Mux(self.gate, self.value, 0)

    def later(self, m: Module, cycles: int, name: str) -> _Term:
        """The same term some cycles later."""
        value = delay(m, self.value, cycles, name=name)
        gate = None if self.gate is None else delay(m, self.gate, cycles, name=f"{name}_gate")
        return replace(self, value=value, gate=gate)


@dataclass(frozen=True)
class _Adders:
    """What sums are made of: see `Technology`."""

    add: Add
    add_gated: AddGated

    def plus(self, m: Module, x: _Term, y: _Term, *, registered: bool, name: str) -> _Term:
        """The sum of two terms, of which the first one is shifted no further than the second.

        What reaches below the second one is not added to anything.
        """
        offset = y.shift - x.shift
        upper = x.value.shift_right(offset)
        if x.gate is None and y.gate is None and not y.subtract:
            total = self.add(m, upper, y.value, registered=registered, name=name)
        else:
            total = self.add_gated(
                m,
                upper,
                Const(1) if x.gate is None else x.gate,
                y.value,
                Const(1) if y.gate is None else y.gate,
                subtract=y.subtract,
                registered=registered,
                name=name,
            )
        if not offset:
            return _Term(total, x.shift)
        lowest = _extended(x.gated, offset)[:offset]
        both = Cat(delay(m, lowest, int(registered), name=f"{name}_lowest"), total)
        return _Term(both.as_signed() if total.shape().signed else both, x.shift)

    def sum(self, m: Module, terms: Sequence[_Term], *, stages: int, name: str) -> _Term:
        """The sum of terms, `stages` cycles later: a balanced tree.

        Parameters
        ----------
        terms
            By their shifts.
        """
        level, levels = 0, (len(terms) - 1).bit_length()
        used = min(stages, levels)
        while len(terms) > 1:
            level += 1
            # as many levels without a register behind them as there have to be, evenly
            registered = level * used // levels > (level - 1) * used // levels
            pairs = [terms[index : index + 2] for index in range(0, len(terms), 2)]
            terms = [
                self.plus(m, *pair, registered=registered, name=f"{name}_{level}_{index}")
                if len(pair) == 2
                else pair[0].later(m, int(registered), f"{name}_{level}_{index}")
                for index, pair in enumerate(pairs)
            ]
        (total,) = terms
        if total.gate is not None:
            total = _Term(-total.gated if total.subtract else total.gated, total.shift)
        return total.later(m, stages - used, name)


def _extended(value: Value, width: int) -> Value:
    """A number of at least `width` bits that is the same."""
    sign = value[-1] if value.shape().signed else Const(0)
    return Cat(value, *[sign] * (width - len(value)))


def limbs(value: Value, width: int) -> list[Value]:
    """A number as limbs of `width` bits, the lowest one first; all but the last are unsigned."""
    if len(value) <= width:
        return [value]
    rest = value[width:]
    return [value[:width], *limbs(rest.as_signed() if value.shape().signed else rest, width)]


def _rows(long: Value, short: Value, shift: int) -> list[_Term]:
    """Terms that add up to a shifted product: one for each bit of its short factor."""
    signed, last = short.shape().signed, len(short) - 1
    return [
        _Term(long, shift + bit, gate=short[bit], subtract=signed and bit == last)
        for bit in range(len(short))
    ]


def _side_by_side(terms: Iterable[_Term]) -> list[_Term]:
    """The same sum, with terms that do not overlap in one number."""
    joined: list[_Term] = []
    for term in sorted(terms, key=lambda term: term.shift):
        for index, below in enumerate(joined):
            gap = term.shift - below.shift - len(below.value)
            if gap >= 0 and not below.value.shape().signed:
                both = Cat(below.value, Const(0, gap), term.value)
                both = both.as_signed() if term.value.shape().signed else both
                joined[index] = replace(below, value=both)
                break
        else:
            joined.append(term)
    return joined


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
    total = _Adders(add, add_gated).sum(m, _rows(long, short, 0), stages=stages, name=name)
    return _product(m, a, b, total, name)


def _product(m: Module, a: Value, b: Value, total: _Term, name: str) -> Value:
    product = Signal((a * b).shape(), name=name)
    m.d.comb += product.eq(total.value << total.shift)
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
    take_spare: Callable[[], bool],
    limb_width: int,
    stages: int,
    name: str,
) -> Value | None:
    """The product of two numbers, `stages` cycles later; None if the stages do not suffice.

    This is long multiplication: products of limbs are added up by a tree with a register after each
    level, and what remains of the stages, at least one, are the registers of the multipliers. A few
    bits too many of a factor, the lowest ones, are multiplied by adding rows meanwhile, or by a
    multiplier that is spare, and come last.

    Parameters
    ----------
    multiply
        For factors of at most `limb_width` bits, signed or unsigned.
    take_spare
        Whether there is one multiplier more than the design has to have; it is taken then.
    """
    adders = _Adders(add, add_gated)
    (a_short, a_long), (b_short, b_long) = _split(a, limb_width), _split(b, limb_width)
    a_bits, b_bits = len(a) - len(a_long), len(b) - len(b_long)
    shorts: list[tuple[Value, Value, int]] = []
    if a_short is not None:
        shorts.append((b, a_short, 0))
    if b_short is not None:
        shorts.append((a_long, b_short, a_bits))
    pairs = [
        (x, y, (i + j) * limb_width + a_bits + b_bits)
        for i, x in enumerate(limbs(a_long, limb_width))
        for j, y in enumerate(limbs(b_long, limb_width))
    ]
    levels = (len(pairs) - 1).bit_length()
    before_rest = stages - bool(shorts)
    registers = before_rest - levels
    if registers < 1:
        return None
    if not shorts and len(pairs) == 1:
        return multiply(m, a, b, stages, name)
    products = [
        _Term(multiply(m, x, y, registers, f"{name}_{index}"), shift)
        for index, (x, y, shift) in enumerate(pairs)
    ]
    total = adders.sum(m, _side_by_side(products), stages=levels, name=f"{name}_sum")
    if shorts:
        rest = _rest(
            m, shorts, multiply, adders, take_spare, limb_width, before_rest, f"{name}_rest"
        )
        total = adders.plus(m, rest, total, registered=True, name=f"{name}_total")
    return _product(m, a, b, total, name)


def _rest(
    m: Module,
    products: Sequence[tuple[Value, Value, int]],
    multiply: NarrowProduct,
    adders: _Adders,
    take_spare: Callable[[], bool],
    limb_width: int,
    stages: int,
    name: str,
) -> _Term:
    """The sum, `stages` cycles later, of products of a long factor, a short one, and a shift."""
    rows: list[_Term] = []
    cells: list[tuple[Value, Value, int]] = []
    for long, short, shift in products:
        fits = len(long) <= limb_width and stages > len(products) - 1
        if fits and take_spare():
            cells.append((long, short, shift))
        else:
            rows += _rows(long, short, shift)
    terms = []
    own = stages - (len(cells) + bool(rows) - 1)
    if rows:
        rows_sum = adders.sum(m, rows, stages=own, name=f"{name}_rows")
        terms.append(rows_sum)
    terms += [
        _Term(multiply(m, long, short, own, f"{name}_{index}"), shift)
        for index, (long, short, shift) in enumerate(cells)
    ]
    terms.sort(key=lambda term: term.shift)
    return adders.sum(m, terms, stages=stages - own, name=name)
